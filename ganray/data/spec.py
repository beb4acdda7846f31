"""What names a data set, and what is known of one: plain values, without any reading."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganray.spec import Spec

Split = Literal["train", "held_out", "test"]
SPLITS: tuple[Split, ...] = ("train", "held_out", "test")


class DatasetSpec(Spec):
    """Which images a study uses and how they are split.

    Attributes:
        source: "embedded" (6,500 MNIST digits that travel with the package), a path or a URL.
        format: how to read it; "dataset" is a set that `ganray` imported (`dataset.json`).
        held_out: images of the training split set apart as the floor; None: one sixth.
        test: images set apart where the source has no test split; None: one seventh.
        channels: what the study expects; None: as the source has.
        size: expected height and width in pixels; None: as the source has.
    """

    source: str = Field(default="embedded", min_length=1)
    format: Literal["auto", "idx", "parquet", "folder", "dataset"] = "auto"
    held_out: int | None = Field(default=None, ge=0)
    test: int | None = Field(default=None, ge=1)
    channels: Literal[1, 3] | None = None
    size: int | None = Field(default=None, ge=1)


class SourceInfo(Spec):
    """What a set holds, known without decoding its images.

    Attributes:
        shape: (channels, height, width) of every image.
        class_names: name of class k at position k.
        counts: images of each split and class; `counts[split][k]`.
        notes: licence and caveats that belong beside every figure made from the set.
    """

    name: str
    shape: tuple[int, int, int]
    class_names: list[str]
    counts: dict[Split, list[int]]
    notes: str = ""


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
