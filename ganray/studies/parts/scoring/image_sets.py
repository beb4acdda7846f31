"""Sets of images that are only to be measured: where they lie, and what their sources hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from ganray.data.formats import FORMATS
from ganray.data.spec import SPLITS, DatasetSpec, Pictures, Split
from ganray.errors import RefusedInput
from ganray.registry import OneOf
from ganray.spec import Spec
from ganray.studies.parts.data import Data
from ganray.studies.study import open_data
from ganray.text.wording import listed

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
    dataset: DatasetSpec

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


def opened(
    called: str, spec: Images, preferred: Sequence[Split], pictures: Pictures | None = None
) -> Opened:
    """What the source of a set holds, in the splits that it has.

    Args:
        called: by which messages name it.
        preferred: splits that are meant where the set names none, the first that there is.
        pictures: what is done with its images; none: nothing.

    Raises:
        RefusedInput: it cannot be read, or has none of the images that are meant.
    """
    told = dict(pictures or Pictures())
    dataset = DatasetSpec(source=spec.source, format=spec.format, **told)
    data = open_data(dataset, called, whole=True)
    counts = {split: sum(data.info.counts[split]) for split in SPLITS}
    usual: Chosen = next((one for one in preferred if counts[one]), "all")
    split = spec.split or usual
    found = Opened(called, spec, data, split, dataset)
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
            f"{sizes[1]}; pictures.size and pictures.channels (--size, --channels) bring all to one"
        )


@dataclass(frozen=True)
class Sets:
    """The sets of one evaluation, which fit each other.

    Raises:
        RefusedInput: one has images of another shape than the real ones, a set stands for two
            replicates, or the real images are the training ones.
    """

    real: Opened
    train: Opened | None
    generated: Sequence[Opened]

    def __post_init__(self) -> None:
        for one in (*self.generated, *([self.train] if self.train else [])):
            refuse_another_shape(one, self.real)
        self._refuse_equal()

    def _refuse_equal(self) -> None:
        """Refuse a set that stands for two replicates, and real images that are training ones."""
        for place, one in enumerate(self.generated):
            for other in self.generated[:place]:
                if one.called == other.called and one.shares(other):
                    raise RefusedInput(
                        f"{one.called}: {other.spec.source!r} and {one.spec.source!r} hold the "
                        "same images: they are no two replicates"
                    )
        if self.train is not None and self.train.shares(self.real):
            raise RefusedInput(
                f"train.source (={self.train.spec.source!r}) and real hold the same images "
                f"({self.train.split}, {self.real.split}); the real ones must be others than those "
                "that generators and classifier have seen"
            )

    def count(self, asked: int | None) -> int:
        """How many images of each set are scored: as many as the smallest has, or as are asked.

        Raises:
            RefusedInput: more are asked than the smallest has.
        """
        least = min(self.generated, key=lambda one: one.count)
        if asked is not None and asked > least.count:
            raise RefusedInput(
                f"evaluate.samples (={asked}) must be at most {least.count}, the images of "
                f"{least.called}"
            )
        return asked or least.count

    @property
    def labelled(self) -> bool:
        """Whether all generated images' classes are known."""
        return all(self.labels(one) is not None for one in self.generated)

    def labels(self, one: Opened) -> list[int] | None:
        """The numbers of a set's classes among the real ones; None: it has no labels."""
        names, own = self.real.data.info.class_names, one.data.info.class_names
        if one.data.info.labels == "none" or not set(own) <= set(names):
            return None
        return [names.index(name) for name in own]

    def unlabelled(self, one: Opened) -> str:
        """Why a set's labels are of no use here."""
        names = self.real.data.info.class_names
        if one.data.info.labels == "none":
            return f"the images of {one.called} ({one.spec.source!r}) have none"
        if self.real.data.info.labels == "none":
            return f"the real images ({self.real.spec.source!r}) have none"
        others = [name for name in one.data.info.class_names if name not in names]
        return (
            f"{one.called} has classes that the real images have not ({listed(others[:5])}; theirs "
            f"are {listed(names[:10])})"
        )

    def teacher(self, encoder: str, batch: int) -> Opened:
        """The set whose training images a classifier learns.

        Raises:
            RefusedInput: there are none with the real ones' classes, apart from these, or fewer
                than a batch.
        """
        info = self.real.data.info
        chosen = self.train or self.real
        apart = not chosen.shares(self.real, "train")
        images = sum(chosen.data.info.counts["train"])
        if self.labels(chosen) is None:
            raise RefusedInput(
                f"evaluate.encoders ({encoder}) learns labelled images, and "
                f"{self.unlabelled(chosen)}; measure on other encoders (pixels needs nothing)"
            )
        if not images or not apart:
            raise RefusedInput(
                f"evaluate.encoders ({encoder}) learns labelled training images of the real "
                "ones' classes, apart from these: name them as `train`, or measure on other "
                "encoders (pixels needs nothing)"
            )
        if chosen.data.info.class_names != info.class_names:
            raise RefusedInput(
                f"{chosen.called}: its classes {chosen.data.info.class_names} must be those of "
                f"the real images, {info.class_names}"
            )
        if images < batch:
            raise RefusedInput(
                f"encoder.batch (={batch}) must be at most the training "
                f"images of {chosen.called}, {images}"
            )
        return chosen
