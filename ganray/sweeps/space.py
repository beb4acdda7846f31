"""What a sweep varies: the domain of each field, and the values of each trial, drawn by index.

Value i of a field depends on (seed, field, i) alone: a sweep with more trials begins with the same.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from pydantic import Field, field_validator, model_validator

from ganray.errors import RefusedInput, RefusedSettings
from ganray.randomness import uniforms
from ganray.spec import Spec, unknown_name
from ganray.studies.from_spec import GROUPS
from ganray.studies.overlaid import without_unused
from ganray.studies.reading import as_written

_FIXED = ("train.schedule",)
_INNER = 0.3819660112501051  # of an interval: no end of it, and hardly ever a whole number
_FACTORS = (0.8, 1.2)  # of arXiv 1711.09846
_RESAMPLED = 0.25

Values = dict[str, Any]
"""`train.learning_rate` and the like, with the value that a trial has there."""


class Domain(Spec):
    """The values that one field may take; exactly one of these is given."""

    log_uniform: tuple[float, float] | None = Field(None, description="two ends, both above 0")
    uniform: tuple[float, float] | None = Field(None, description="two ends")
    integers: tuple[int, int] | None = Field(None, description="both ends included")
    choice: list[Any] | None = Field(
        None, min_length=1, max_length=1000, description="values, each as likely"
    )
    grid: list[Any] | None = Field(
        None, min_length=1, max_length=1000, description="values, each tried with all others'"
    )

    @field_validator("choice", "grid")
    @classmethod
    def _numbers(cls, values: list[Any] | None) -> list[Any] | None:
        """YAML reads 1e-4, without a point, as a word."""
        return None if values is None else [_number(value) for value in values]

    @model_validator(mode="after")
    def _makes_sense(self) -> Domain:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            names = ", ".join(type(self).model_fields)
            raise ValueError(f"one of {names} must be given, but here are {len(given)}")
        if self.ends is not None:
            low, high = self.ends
            if not low < high:
                raise ValueError(f"{given[0]} (=[{low}, {high}]): the first end must be the lower")
            if self.log_uniform and low <= 0:
                raise ValueError(f"log_uniform (=[{low}, {high}]): both ends must be above 0")
        elif any(value in self.listed[:at] for at, value in enumerate(self.listed)):
            raise ValueError(f"{given[0]} (={self.listed}) must hold no value twice")
        return self

    @property
    def ends(self) -> tuple[float, float] | None:
        """The interval, where it is one."""
        given = self.log_uniform or self.uniform or self.integers
        return None if given is None else (float(given[0]), float(given[1]))

    @property
    def listed(self) -> list[Any]:
        """The values, where they are listed."""
        return self.choice or self.grid or []

    def at(self, share: float) -> Any:
        """The value at `share` (0 … 1) of the domain's probability."""
        if self.ends is None:
            return self.listed[min(int(share * len(self.listed)), len(self.listed) - 1)]
        low, high = self.ends
        if self.integers:
            return min(int(low + share * (high - low + 1)), int(high))
        if self.log_uniform:
            inner = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
            return min(max(inner, low), high)
        return low + share * (high - low)

    def probes(self) -> list[Any]:
        """Values that stand for all: what the spec thinks of them, it thinks of every other."""
        if self.integers:
            return list(self.integers)
        if self.ends is None:
            return self.listed
        low, high = self.ends
        return [low, high, low + _INNER * (high - low)]

    def beside(self, value: Any, up: bool) -> Any:
        """A neighbour of `value`: a fifth more or less, of whole numbers one at least, or the next
        one listed."""
        if self.ends is None:
            place = self.listed.index(value) + (1 if up else -1)
            return self.listed[min(max(place, 0), len(self.listed) - 1)]
        low, high = self.ends
        near = min(max(value * _FACTORS[up], low), high)
        if not self.integers:
            return near
        least, most = self.integers
        near = max(round(near), value + 1) if up else min(round(near), value - 1)
        return min(max(near, least), most)


def check_domains(over: Mapping[str, Domain], base: Mapping[str, Spec]) -> None:
    """Refuse fields that do not exist and values that their spec refuses.

    Args:
        base: `train` and `model` as the file has them, whose other fields hold for every trial.

    Raises:
        ValueError: in one line, with the field and the value.
    """
    known = [f"{group}.{name}" for group in GROUPS for name in type(base[group]).model_fields]
    known = [name for name in known if name not in _FIXED]
    for path in over:
        group, _, name = path.partition(".")
        if group not in GROUPS:
            raise ValueError(f"sweep.over: {unknown_name(path, known)}")
        if path not in known:
            own = [one.partition(".")[2] for one in known if one.startswith(f"{group}.")]
            raise ValueError(f"sweep.over.{group}: {unknown_name(name, own)}")
    for path, domain in over.items():
        group, _, name = path.partition(".")
        for value in domain.probes():
            try:
                _refuse_idle(over, base, path, value)
            except RefusedInput as error:
                said = str(error).removeprefix(f"{group}: ").removeprefix(f"{name} (={value!r}): ")
                raise ValueError(f"sweep.over.{path} (={value!r}): {said}") from None


def _refuse_idle(
    over: Mapping[str, Domain], base: Mapping[str, Spec], path: str, value: Any
) -> None:
    """Refuse a value that its spec refuses, or that means nothing beside any that another field
    may have."""
    try:
        configured(base, {path: value}, path)
    except RefusedSettings as error:
        others = ({one: v} for one in over if one != path for v in over[one].probes())
        if not error.unused or not any(_is_read(base, beside, path, value) for beside in others):
            raise


def _is_read(base: Mapping[str, Spec], beside: Values, path: str, value: Any) -> bool:
    try:
        configured(base, {**beside, path: value}, path)
    except RefusedInput:
        return False
    return True


def configured(base: Mapping[str, Spec], values: Values, meant: str = "") -> dict[str, Any]:
    """The specs of a trial: those of the file with the trial's values in their place.

    What means nothing beside another setting, as the interval of a penalty that this trial has not,
    is left out.

    Args:
        meant: the field that is to mean something.

    Raises:
        RefusedInput: a spec refuses a value; names the field and the value.
    """
    changed: dict[str, Any] = {group: as_written(spec) for group, spec in base.items()}
    for path, value in values.items():
        group, _, name = path.partition(".")
        changed[group][name] = value
    return {
        group: without_unused(
            content,
            partial(GROUPS[group].parse, where=group),
            {(name,) for name in content if f"{group}.{name}" != meant},
        )
        for group, content in changed.items()
    }


def drawn(over: Mapping[str, Domain], seed: int, index: int) -> Values:
    """The values of random trial `index`."""
    return {
        path: domain.at(float(uniforms(seed, f"sweep/{path}", index, 1, 1)[0, 0]))
        for path, domain in over.items()
    }


def combinations(over: Mapping[str, Domain]) -> Iterator[Values]:
    """Every combination of listed values; the last field changes fastest."""
    for chosen in itertools.product(*(domain.listed for domain in over.values())):
        yield dict(zip(over, chosen, strict=True))


def perturbed(over: Mapping[str, Domain], values: Values, seed: int, index: int) -> Values:
    """Population-based training's exploration: each value is a neighbour's, or drawn anew.

    Args:
        index: of the perturbation, so that two of them differ.
    """
    rows = {path: uniforms(seed, f"sweep/perturb/{path}", index, 1, 3)[0] for path in over}
    return {path: _moved(domain, values[path], rows[path]) for path, domain in over.items()}


def _number(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _moved(domain: Domain, value: Any, row: np.ndarray) -> Any:
    if row[0] < _RESAMPLED:
        return domain.at(float(row[1]))
    return domain.beside(value, up=bool(row[2] < 0.5))
