"""Variants of one arrangement: other networks, training or search, told by what differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import Field

from ganray.errors import RefusedInput
from ganray.models import MODELS, DefenseGan, ModelSpec
from ganray.models.laws import Normal, free_part, refuse_projection
from ganray.spec import Spec, parse
from ganray.specs import RestartedSearch
from ganray.studies.overlaid import without_unused
from ganray.studies.parts.probes import AuditSearch
from ganray.studies.reading import as_written
from ganray.train.algorithms import ALGORITHMS
from ganray.train.spec import TrainSpec

_BOUNDS = {"radius", "bound"}


class Variant(Spec):
    """What differs from the study's own settings."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$", description="what it is called")
    model: dict[str, Any] = Field(
        {}, description="fields of `model` that differ, or another family"
    )
    train: dict[str, Any] = Field({}, description="fields of `train` that differ, or another one")
    search: dict[str, Any] = Field(
        {}, description="fields of `search` that differ: of the descent, and restarts"
    )


@dataclass(frozen=True)
class Arrangement:
    """A variant, whole."""

    name: str
    model: ModelSpec
    train: TrainSpec
    search: RestartedSearch

    def refuse_unfit(self) -> None:
        """Refuse latent vectors that cannot be searched so.

        Raises:
            RefusedInput: there are none; or a projection that they do not take.
        """
        if not self.model.latents.free:
            raise RefusedInput(f"model.name (={self.model.name!r}) has no latent vectors to search")
        refuse_projection(self.model.latents, self.search.projection)


def arranged(
    variant: Variant, model: ModelSpec, train: TrainSpec, search: AuditSearch
) -> Arrangement:
    """The variant of a study's settings.

    Raises:
        RefusedInput: by the variant's name, as for the settings themselves.
    """
    where = f"variants ({variant.name})"
    told = {name: getattr(search, name) for name in RestartedSearch.model_fields}
    if "projection" in variant.search:  # its bounds are of the study's own projection
        told = {name: value for name, value in told.items() if name not in _BOUNDS}
    return Arrangement(
        variant.name,
        _read(
            MODELS.parse, _changed(model, variant.model, "name"), variant.model, f"{where}: model"
        ),
        _read(
            ALGORITHMS.parse,
            _changed(train, variant.train, "algorithm"),
            variant.train,
            f"{where}: train",
        ),
        _read(
            partial(parse, RestartedSearch),
            told | variant.search,
            variant.search,
            f"{where}: search",
        ),
    )


def _read(
    read: Callable[..., Any], values: Mapping[str, Any], own: Mapping[str, Any], where: str
) -> Any:
    """The settings, but for those of the study that mean nothing beside the variant's own."""
    under = {(name,) for name in values if name not in own}
    return without_unused(values, partial(read, where=where), under)


def _changed(base: Spec, changes: Mapping[str, Any], tag: str) -> Any:
    """The base's settings with some of them changed; of another family its own alone."""
    word = getattr(base, tag)
    if changes.get(tag, word) != word:
        return dict(changes)
    return _merged(as_written(base), changes)


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(base)
    for name, value in changes.items():
        inner = found.get(name)
        both = isinstance(inner, Mapping) and isinstance(value, Mapping)
        found[name] = _merged(inner, value) if both else value  # type: ignore[arg-type]
    return found


def usual_variants(model: ModelSpec, search: AuditSearch) -> list[Variant]:
    """The study's own settings and what the document proposes, as far as the family has it.

    A smaller latent variance; bounded tails, as a truncated prior (the search bounded alike) and as
    a projection onto the shell where nearly all latent vectors lie; fewer parameters; a longer
    search.
    """
    found = [Variant(name="baseline")]
    if isinstance(free_part(model.latents), Normal):
        smaller = _deep(model, "prior", {"variance": 0.25})
        bounded = _deep(model, "prior", {"bound": 2.0})
        if _takes(model, smaller) and _takes(model, bounded):
            box = {"projection": "box", "bound": 2.0}
            found.append(Variant(name="smaller_variance", model=smaller))
            found.append(Variant(name="truncated_prior", model=bounded, search=box))
    if model.latents.isotropic:
        found.append(Variant(name="shell", search={"projection": "shell"}))
    if fewer := _fewer(model):
        found.append(Variant(name="fewer_parameters", model=fewer))
    return [*found, Variant(name="longer_search", search={"steps": 4 * search.steps})]


def _takes(model: ModelSpec, change: Mapping[str, Any]) -> bool:
    """Whether a change of the prior is one of the latent vectors: a VAE's are its own."""
    changed = MODELS.parse(_changed(model, change, "name"), "model")
    return bool(change) and changed.latents != model.latents


def _fewer(model: ModelSpec) -> dict[str, Any]:
    """Two smaller layers as the document has them, of other networks half the feature maps."""
    if isinstance(model, DefenseGan) and not model.narrowed and model.width > 1:
        return {"narrowed": True}
    width = _found(model, "width")
    return _deep(model, "width", width // 2) if isinstance(width, int) and width > 1 else {}


def _found(model: Spec, name: str) -> Any:
    if name in type(model).model_fields:
        return getattr(model, name)
    inner = getattr(model, "of", None)
    return _found(inner, name) if isinstance(inner, Spec) else None


def _deep(model: Spec, name: str, value: Any) -> dict[str, Any]:
    """A change of that field, of the networks within where the family is made of others."""
    if name in type(model).model_fields:
        return {name: value}
    inner = getattr(model, "of", None)
    change = _deep(inner, name, value) if isinstance(inner, Spec) else {}
    return {"of": change} if change else {}
