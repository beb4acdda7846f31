"""The range-space search of a study: on which of its GANs, and for which images."""

from __future__ import annotations

from collections.abc import Sequence

from ganray.data.spec import SourceInfo
from ganray.errors import RefusedInput, quoted
from ganray.models.laws import refuse_projection
from ganray.plan import Task, task_seed
from ganray.plan.parameters import SearchParameters, TargetsParameters, TrainParameters
from ganray.plan.roles import chosen
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.data import Data
from ganray.studies.parts.settings import RangeSearch, SidesSettings
from ganray.studies.parts.sides import Side
from ganray.text.names import label


def plan_search(
    blocks: Blocks,
    settings: SidesSettings,
    joint: Side,
    marginal: Side,
    other: Data | None,
    rivals: Sequence[Side] = (),
) -> None:
    """The range-space searches on the GANs of the first replicate that `search.on` names.

    Raises:
        RefusedInput: it names a GAN that there is not, or one whose latent vectors cannot be
            projected so; or as `Blocks.encoder`.
    """
    search = settings.search
    groups = [blocks.called(gan) for gan in marginal.gans[0]]
    single = {side.name: side.gans[0][0] for side in (joint, *rivals)}
    known = [*single, *map(label, groups)]

    def named(name: str) -> Task:
        if name in single:  # in any case: a class of that name is '"joint"'
            return single[name]
        said = f"search.on (={quoted(name)})"
        return marginal.gans[0][chosen(name, groups, said, known)]

    gans = {name: named(name) for name in search.on}
    if search.on:
        targets, encoder = _targets(blocks, search, other), blocks.encoder(settings.encoder)
        for name, gan in gans.items():
            _search(blocks, name, gan, targets, encoder, search)


def _targets(blocks: Blocks, search: RangeSearch, other: Data | None) -> Task:
    """The probe images of the range-space search.

    Raises:
        RefusedInput: `other` has images of another shape than the study's data.
    """
    if other and other.info.shape != blocks.data.info.shape:
        raise RefusedInput(
            f"search.other ({other.info.name}) has images of shape {other.info.shape}; they "
            f"must be as the study's, {blocks.data.info.shape} (channels, height, width)"
        )
    names = target_names(search, blocks.data.info, other.info if other else None)
    told = other.fingerprint if other else None
    parameters = TargetsParameters(targets=names, other=told, other_data=search.other)
    return blocks.builder.add("targets", "targets", "targets", parameters, {"data": blocks.source})


def target_names(search: RangeSearch, info: SourceInfo, other: SourceInfo | None) -> list[str]:
    """What the probe images are called, in their order.

    Raises:
        RefusedInput: more real or noisy ones are asked for than there are classes. By default
            there are as many as may be.
    """
    classes = len(info.class_names)
    asked = search.model_fields_set
    if "real" in asked and search.real > classes:
        raise RefusedInput(
            f"search.real (={search.real}) must be at most {classes}, the classes of {info.name}: "
            "one image of each is searched"
        )
    if "noisy" in asked and search.noisy > min(search.real, classes):
        raise RefusedInput(
            f"search.noisy (={search.noisy}) must be at most {min(search.real, classes)}, the real "
            "images that are searched"
        )
    real = [f"real {name}" for name in info.class_names[: search.real]]
    noisy = [f"noisy {name}" for name in info.class_names[: search.noisy]]
    others = [f"other {index}" for index in range(len(other.class_names))] if other else []
    return real + noisy + others + list(search.shapes)


def _search(
    blocks: Blocks, name: str, gan: Task, targets: Task, encoder: Task, spec: RangeSearch
) -> Task:
    """The range-space search on one GAN, its own samples beside the probe images.

    Raises:
        RefusedInput: its latent vectors cannot be projected so, or restarts that are compared make
            no whole groups.
    """
    total = len(TargetsParameters.of(targets).targets) + spec.own_samples
    trained = TrainParameters.of(gan)
    refuse_projection(trained.model.latents, spec.projection)
    return blocks.builder.add(
        f"search/{name}",
        "search",
        f"search {gan.title}",
        SearchParameters(
            model=trained.model,
            search=spec.descent,
            own_samples=spec.own_samples,
            seed=task_seed(trained.seed, "search", [], 0),
        ),
        {"gan": gan, "targets": targets, "embedder": encoder},
        horizon=spec.restarts,
        chunks=spec.descent.chunks(total, spec.restarts),
    )
