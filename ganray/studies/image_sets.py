"""Sets of images that are only to be measured: where they lie, and what their sources hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from ganray.data.formats import FORMATS
from ganray.data.spec import SPLITS, DatasetSpec, Split
from ganray.errors import RefusedInput
from ganray.registry import OneOf
from ganray.spec import Spec
from ganray.studies.data import Data
from ganray.studies.study import open_data
from ganray.wording import listed

Chosen = Split | Literal["all"]


class Images(Spec):
    """A set of images, by where it lies."""

    places = ("source",)

    source: str = Field(min_length=1, description="a path or a URL, as of `data.source`")
    format: Annotated[str, OneOf(FORMATS, "auto")] = Field("auto", description="how to read it")
    split: Chosen | None = Field(
        None,
        description="which of its images; none: of real ones the test split where the source has "
        "one, of training ones the training split, else all",
    )


class GeneratedImages(Images):
    """Images that a generator made."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$",
        description="what the generator is called; several sources of one name are its replicates",
    )


@dataclass(frozen=True)
class Opened:
    """One set of images, as its source describes it, and which of them are meant."""

    called: str
    spec: Images
    data: Data
    split: Chosen

    @property
    def splits(self) -> tuple[Split, ...]:
        """The splits that its images are in."""
        return SPLITS if self.split == "all" else (self.split,)

    def shares(self, other: Opened, split: Chosen | None = None) -> bool:
        """Whether another set has images of the same source and splits.

        Args:
            split: of this one, in place of that which is meant.
        """
        own = (split,) if split in SPLITS else self.splits
        alike = self.data.fingerprint == other.data.fingerprint
        return alike and any(
            sum(self.data.info.counts[one]) for one in set(own) & set(other.splits)
        )

    @property
    def count(self) -> int:
        """How many images it has."""
        return sum(sum(self.data.info.counts[split]) for split in self.splits)


def opened(called: str, spec: Images, preferred: Sequence[Split]) -> Opened:
    """What the source of a set holds, in the splits that it has.

    Args:
        called: by which messages name it.
        preferred: splits that are meant where the set names none, the first that there is.

    Raises:
        RefusedInput: it cannot be read, or has none of the images that are meant.
    """
    data = open_data(DatasetSpec(source=spec.source, format=spec.format), called, whole=True)
    counts = {split: sum(data.info.counts[split]) for split in SPLITS}
    usual: Chosen = next((one for one in preferred if counts[one]), "all")
    split = spec.split or usual
    found = Opened(called, spec, data, split)
    if not found.count:
        there = [f"{counts[one]:,} of {one}" for one in SPLITS if counts[one]]
        raise RefusedInput(
            f"{called}.split (={split!r}): {spec.source!r} has no such images, but "
            f"{listed(there) or 'none at all'}"
        )
    return found


def refuse_another_shape(one: Opened, real: Opened) -> None:
    """Refuse images of another shape than the real ones.

    Raises:
        RefusedInput: they are.
    """
    if one.data.info.shape != real.data.info.shape:
        sizes = ["×".join(map(str, found.data.info.shape)) for found in (one, real)]
        raise RefusedInput(
            f"{one.called}.source (={one.spec.source!r}): its images are {sizes[0]}, the real ones "
            f"{sizes[1]}; bring all to one size and number of channels before"
        )
