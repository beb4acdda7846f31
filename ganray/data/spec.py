"""What names a data set, and what is known of one: plain values, without any reading."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from ganray.data.formats import FORMATS
from ganray.data.pictures.fitting import Fit, Reading
from ganray.registry import OneOf
from ganray.spec import Spec
from ganray.text.names import composed

Labels = Literal["classes", "domains", "none"]
"""What a set's classes are: kinds of things; domains, such as photographs and paintings, between
which images are to be translated; or nothing: all images are in one class, called `UNLABELLED`."""
UNLABELLED = "unlabelled"
EMBEDDED = "embedded"
"""The source that travels with the package."""
Split = Literal["train", "held_out", "test"]
MOST = 8192
"""Pixels of a side; what is larger is not unpacked."""
SPLITS: tuple[Split, ...] = ("train", "held_out", "test")


Size = (
    Annotated[int, Field(ge=1, le=MOST)]
    | tuple[Annotated[int, Field(ge=1, le=MOST)], Annotated[int, Field(ge=1, le=MOST)]]
)
"""Of images: height and width, or one number for both."""


Name = Annotated[str, BeforeValidator(lambda name: str(name) if type(name) is int else name)]
"""Of a class; YAML takes those of digits for numbers."""
Names = Annotated[tuple[Name, ...], Field(min_length=1)]
Classes = Names | Annotated[dict[Name, Name | Names], Field(min_length=1)]


Place = Annotated[str, Field(min_length=1)]


class Columns(Spec):
    """Which columns of a table are meant."""

    image: str | None = Field(
        None, min_length=1, description="of images; none: image, or the only one that may be"
    )
    label: str | Literal[False] | None = Field(
        None,
        description="of classes; none: label, or the only one that may be; false: there are none",
    )
    split: str | Literal[False] | None = Field(
        None,
        description="that says train, test or held_out; none: split, if there is one; false: none",
    )


class Pictures(Spec):
    """What is done with images while they are read."""

    size: Size | None = Field(
        None,
        description="height and width that images are brought to, or one number for both, by "
        "Pillow's bicubic filter, which is antialiased; none: as they are, and all alike",
    )
    fit: Fit = Field(
        "crop",
        description="by `size` images of another aspect ratio lose what is beside their middle "
        "(crop), get black edges (pad), or are distorted (stretch)",
    )
    channels: Literal[1, 3] | None = Field(
        None,
        description="images are made grey (1) or colour (3); none: as they are, and all alike",
    )
    background: str | None = Field(
        None,
        description="colour behind what is transparent, as white, black or #rrggbb; none: pictures "
        "with transparency are refused",
    )
    skip_unreadable: bool = Field(
        False, description="leave out images that cannot be read, counted and named in the notes"
    )

    @field_validator("size", mode="before")
    @classmethod
    def _one_or_two_numbers(cls, value: Any) -> Any:
        sides = value if isinstance(value, list | tuple) else [value, value]
        whole = all(isinstance(side, int) and 1 <= side <= MOST for side in sides)
        if value is not None and not (whole and len(sides) == 2):
            raise ValueError(f"must be from 1 to {MOST}, or [height, width] of such")
        return value

    @field_validator("background")
    @classmethod
    def _a_colour(cls, value: str | None) -> str | None:
        if value is not None:
            _red_green_blue(value)
        return value

    @property
    def reading(self) -> Reading:
        """What is done with pictures while they are read."""
        size = (self.size, self.size) if isinstance(self.size, int) else self.size
        behind = None if self.background is None else _red_green_blue(self.background)
        return Reading(size, self.fit, self.channels, self.skip_unreadable, behind)


def _is_name(value: Any) -> bool:
    return type(value) in (str, int)


def _red_green_blue(colour: str) -> tuple[int, int, int]:
    from PIL import ImageColor  # which whoever reads a study file need not wait for

    try:
        red, green, blue, *alpha = ImageColor.getrgb(colour)
    except ValueError:
        alpha = [0]
    if alpha:
        raise ValueError("must be a colour such as white, black or #rrggbb")
    return red, green, blue


class DatasetSpec(Pictures):
    """Which images a study uses and how they are split."""

    places = ("source",)

    source: Place | Annotated[tuple[Place, ...], Field(min_length=1)] = Field(
        "embedded",
        description="embedded (6,500 MNIST digits that travel with the package), a path or a URL, "
        "also of an archive or as a glob, or a list of such; a path is relative to the file",
    )
    format: Annotated[str, OneOf(FORMATS, "auto")] = Field(
        "auto", description="how to read it; dataset is a set that `ganray data import` made"
    )
    columns: Columns = Field(
        Columns(),
        description="of Parquet and CIFAR-100: which hold images and classes; of Parquet a field "
        "in a column is named by its path, as objects.category",
    )
    classes: Classes | None = Field(
        None,
        description="the classes that count, by their names; or new names, each with the class or "
        "the list of classes that it stands for; none: all",
    )
    least: int = Field(
        1, ge=1, description="classes with fewer images than so many, in all splits, are left out"
    )
    duplicates: Literal["keep", "drop", "refuse"] = Field(
        "keep",
        description="images that are there more than once: kept, and counted in the notes; left "
        "out, of test images the last; or refused",
    )
    held_out: int | None = Field(
        None,
        ge=0,
        description="training images set apart, to measure the floor on; none: one sixth",
    )
    test: int | None = Field(
        None,
        ge=1,
        description="images set apart where the source has no test split; none: one seventh",
    )
    stacked: int | None = Field(
        None,
        ge=1,
        le=10**7,
        description="so many training images, each of three grey ones of the source as its "
        "channels, drawn at random, and as many times those of other splits; their classes are "
        "the triples: StackedMNIST's 1,000 modes",
    )
    views: tuple[str, ...] = Field(
        (),
        description="every image as several, each in classes of its own: two or more of plain, "
        "inverted, edges, grey, coloured, or left and right of pictures side by side",
    )
    apart: bool = Field(
        False, description="of `views` each training image is in one alone, by turns"
    )

    @field_validator("source", mode="before")
    @classmethod
    def _places(cls, value: Any) -> Any:
        places = value if isinstance(value, list | tuple) else [value]
        if not places or not all(isinstance(place, str) and place for place in places):
            raise ValueError("must be a path or a URL, or a list of such")
        return value

    @property
    def named(self) -> str:
        """The source, for people: of a list all."""
        return self.source if isinstance(self.source, str) else ", ".join(self.source)

    @property
    def named_classes(self) -> frozenset[str]:
        """The names that classes have in the source, as far as `classes` says them, composed."""
        told = self.classes.values() if isinstance(self.classes, dict) else self.classes or ()
        names = (name for one in told for name in ([one] if isinstance(one, str) else one))
        return frozenset(map(composed, names))

    @field_validator("classes", mode="before")
    @classmethod
    def _names_or_groups(cls, value: Any) -> Any:
        groups = list(value.values()) if isinstance(value, dict) else [value]
        lists = [[one] if isinstance(value, dict) and _is_name(one) else one for one in groups]
        names = [*value] if isinstance(value, dict) else []
        known = all(isinstance(one, list | tuple) and one for one in lists) and lists
        if value is not None and not (
            known and all(map(_is_name, [*names, *(name for one in lists for name in one)]))
        ):
            raise ValueError(
                "must be a list of at least 1 name, or a mapping from new names to 1 or several; "
                "what YAML takes for anything but text or whole numbers belongs in quotes"
            )
        return value


class SourceInfo(Spec):
    """What a set holds, known without decoding its images.

    Attributes:
        shape: (channels, height, width) of every image.
        class_names: name of class k at position k.
        counts: images of each split and class; `counts[split][k]`.
        notes: licence and caveats that belong beside every figure made from the set.
        labels: what the classes are.
    """

    name: str
    shape: tuple[int, int, int]
    class_names: list[str]
    counts: dict[Split, list[int]]
    notes: str = ""
    labels: Labels = "classes"


class DatasetFile(Spec):
    """One Parquet file of an imported set: the images of one class in one split.

    Attributes:
        path: relative to the folder of `dataset.json`.
        size: bytes of the file.
        sha256: of the file's bytes.
        pixels_sha256: of the raw pixels in order, whatever the encoding.
    """

    path: str
    split: Split
    label: int
    count: int
    size: int
    sha256: str
    pixels_sha256: str


class DatasetInfo(SourceInfo):
    """The content of `dataset.json`: an imported set, its files and its digest.

    Attributes:
        digest: SHA-256 of shape, class names and the pixels of each split and class in order,
            whatever their encoding.
        settings: `held_out` and `test` as asked for at import.
    """

    digest: str
    files: list[DatasetFile]
    settings: dict[str, int | None] = Field(default_factory=dict)
    schema_version: Literal[1] = 1
