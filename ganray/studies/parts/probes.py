"""The targets of a range-space audit: so many of each kind, shared out over the classes."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field, model_validator

from ganray.data.probe import SHAPES
from ganray.data.spec import DatasetSpec, SourceInfo
from ganray.errors import RefusedInput
from ganray.plan import Task
from ganray.plan.parameters import TargetsParameters
from ganray.specs import RestartedSearch
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.data import Data
from ganray.studies.parts.settings import Distinct, Drawing

_MOST = 10**5
_DRAWINGS = [name for name in SHAPES if name != "noise"]


class AuditSearch(RestartedSearch):
    """The range-space search of an audit: how, and how many targets of each kind."""

    own_samples: int = Field(
        40, ge=0, le=_MOST, description="the GAN's own images, searched as the null"
    )
    in_class: int = Field(30, ge=1, le=_MOST, description="test images of the GAN's own classes")
    off_class: int = Field(36, ge=0, le=_MOST, description="test images of all other classes")
    noisy: int = Field(6, ge=0, le=_MOST, description="of the former, how many again with noise")
    noise: int = Field(6, ge=0, le=_MOST, description="images of nothing but noise")
    others: int = Field(20, ge=0, le=_MOST, description="images of the other data set, in all")
    shapes: Distinct[Drawing] = Field(_DRAWINGS, description="drawings")
    other: DatasetSpec | None = Field(None, description="another data set")

    @model_validator(mode="after")
    def _noisy_of_those(self) -> AuditSearch:
        if self.noisy > self.in_class:
            raise ValueError(
                f"{self.told('noisy')} must be at most {self.told('in_class')}, of which they are"
            )
        return self


def add_targets(blocks: Blocks, search: AuditSearch, group: list[int], other: Data | None) -> Task:
    """The targets of a GAN of some classes, and its nearest training images.

    Raises:
        RefusedInput: a class has fewer test images than are asked for, or the other data set
            images of another shape or too few.
    """
    info = blocks.data.info
    if other and other.info.shape != info.shape:
        raise RefusedInput(
            f"search.other ({other.info.name}) has images of shape {other.info.shape}; they must "
            f"be as the study's, {info.shape} (channels, height, width)"
        )
    rest = [index for index in range(len(info.class_names)) if index not in group]
    own = _shared(info, group, search.in_class, "in_class")
    pairs = [("real", *one) for one in own]
    pairs += [("real", *one) for one in _shared(info, rest, search.off_class, "off_class")]
    pairs += [("noisy", *one) for one in own[: search.noisy]]
    named = [(f"{kind} {info.class_names[index]}", number) for kind, index, number in pairs]
    named += [("noise", number) for number in range(search.noise)]
    named += [(name, 0) for name in search.shapes]
    named += _others(other, search.others) if other else []
    parameters = TargetsParameters(
        targets=[name for name, _ in named],
        other=other.fingerprint if other else None,
        other_data=search.other,
        numbers=[number for _, number in named],
        classes=group,
    )
    called = blocks.data.label(group)
    return blocks.builder.add(
        f"targets/{called}", "targets", f"targets {called}", parameters, {"data": blocks.source}
    )


def _shared(
    info: SourceInfo, classes: Sequence[int], count: int, setting: str
) -> list[tuple[int, int]]:
    """So many images, class after class, and then again the next of each: (class, its number)."""
    if not classes:
        return []
    found = [(classes[place % len(classes)], place // len(classes)) for place in range(count)]
    for index, number in found:
        if number >= (there := info.counts["test"][index]):
            raise RefusedInput(
                f"search.{setting} (={count}) asks for {number + 1} test images of class "
                f"{info.class_names[index]}, which has {there}"
            )
    return found


def _others(other: Data, count: int) -> list[tuple[str, int]]:
    """As `_shared`, of the classes of another data set that have any images, whatever the split."""
    sizes = [sum(of) for of in zip(*other.info.counts.values(), strict=True)]
    there = [index for index, size in enumerate(sizes) if size]
    found = [(there[place % len(there)], place // len(there)) for place in range(count)]
    for index, number in found:
        if number >= sizes[index]:
            raise RefusedInput(
                f"search.others (={count}) asks for {number + 1} images of class "
                f"{other.info.class_names[index]} of {other.info.name}, which has {sizes[index]}"
            )
    return [(f"other {index}", number) for index, number in found]
