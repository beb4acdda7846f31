"""Settings of `data` that do not fit the set."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ganray.data import DatasetSpec
from ganray.data.showing.look import looked
from ganray.errors import RefusedInput
from tests.data.in_memory import IMAGES, LABELS, Files, class_folders, npz, picture
from tests.data.refusals.row import Row, Section

_DIGITS = class_folders()
_FLAT = {f"{k}.png": picture() for k in range(7)}


def _arrays(count: int = 14, classes: int = 2, images: np.ndarray = IMAGES) -> Files:
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.arange(count) % classes)
    return {"set.npz": npz(images=np.resize(images[:, 0], (count, 8, 8)), labels=labels)}


def _shown(folder: Path) -> None:
    raise RefusedInput(looked(DatasetSpec(source=str(folder), size=7))[0].refusal)


_COLOUR = {f"{k % 2}/{k}.png": picture() for k in range(14)}
_OWN = {"set.npz": npz(train_images=IMAGES[:10, 0], train_labels=LABELS[:10],
                       test_images=IMAGES[10:, 0], test_labels=LABELS[10:])}  # fmt: skip
SECTIONS = (
    Section("Splits and classes", (
        Row("a class too small to be in every split", _arrays(15, 14),
            "the setting that is named, or more images"),
        Row("more test images than there are", _DIGITS, "a smaller number",
            spec={"test": 14}),
        Row("a number of test images, where the source has a split of its own", _OWN,
            "leave `data.test` out", spec={"test": 2}),
        Row("no training images", {f"test/{k % 2}/{k}.png": picture() for k in range(6)},
            "add them, or name the folder below: `SRC/test`"),
        Row("`classes` that the set does not have", _DIGITS, "mind the spelling",
            spec={"classes": ["0", "10"]}),
        Row("`classes` in which one is twice", _DIGITS, "name each once",
            spec={"classes": {"a": ["0", "1"], "b": "1"}}),
        Row("two new `classes` of one name", _DIGITS, "give each another name",
            spec={"classes": ["0", "0"]}),
        Row("`classes` of a set without labels", _FLAT, "leave the setting out",
            spec={"classes": ["0"]}),
        Row("`classes` that are no list", _DIGITS, "quote what YAML takes for something else",
            spec={"classes": [1.5]}),
        Row("`least` above every class", _DIGITS, "a smaller number", spec={"least": 99}),
        Row("duplicates, with `duplicates: refuse`", _COLOUR,
            "`drop`, or `keep`, which counts them in the notes", spec={"duplicates": "refuse"}),
    )),
    Section("Size, channels, background", (
        Row("images too small for networks (`ganray data show`)", _arrays(), "`data: {size: 8}`",
            call=_shown),
        Row("a `size` of 0", _DIGITS, "a number of pixels", spec={"size": 0}),
        Row("a `size` of three numbers", _DIGITS, "[height, width]", spec={"size": [8, 8, 3]}),
        Row("a `background` that is no colour", _DIGITS, "white, black or #rrggbb",
            spec={"background": "transparent"}),
        Row("a `fit` that there is not", _DIGITS, "one of those named", spec={"fit": "cover"}),
        Row("`channels: 4`", _DIGITS, "1 or 3", spec={"channels": 4}),
        Row("a field that there is not", _DIGITS, "`ganray explain data` lists them",
            spec={"sizes": 8}),
    )),
    Section("Stacked images and views", (
        Row("stacked images in colour", _COLOUR, "`data: {channels: 1}`", spec={"stacked": 100}),
        Row("stacked images without labels", _arrays(14, 1), "name a set of classes",
            spec={"stacked": 100}),
        Row("fewer stacked images than modes", _arrays(70, 10), "a larger number",
            spec={"stacked": 100}),
        Row("a view that there is not", _DIGITS, "one of those named",
            spec={"views": ["plain", "edge"]}),
        Row("one view alone", _DIGITS, "name two, or none", spec={"views": ["plain"]}),
        Row("views of two sizes", _DIGITS, "`[left, right]`", spec={"views": ["plain", "left"]}),
        Row("`apart` without views", _DIGITS, "leave it out", spec={"apart": True}),
        Row("`apart` of classes with fewer images than views", _arrays(8, 4), "leave `apart` out",
            spec={"views": ["plain", "edges", "inverted"], "apart": True, "test": 4,
                  "held_out": 0}),
    )),
)  # fmt: skip
