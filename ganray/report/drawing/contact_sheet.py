"""Contact sheets: a row of images for each class, scaled so that a person can see them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw

from ganray.data.rows import Rows
from ganray.data.showing.specimens import specimens
from ganray.data.spec import SPLITS, Split
from ganray.report.drawing.lettering import Lettering, Line

LARGEST, TILE = 96, 56
"""Pixels: what is longer is scaled down to so much; what is smaller is enlarged to about so much,
by a whole factor."""
_ACROSS = 800
_MOST = 12
_GAP, _BETWEEN, _MARGIN, _TEXT, _LINE = 1, 12, 16, 13, 22
_NAMES = 220
_INK, _SOFT = "#1d2126", "#5b626a"

Shown = dict[tuple[int, Split], UInt8[np.ndarray, "_ c h w"]]


def shown(rows: Rows, classes: Sequence[int]) -> Shown:
    """Some images of classes and splits, at most `LARGEST` pixels long; of training images most.

    Raises:
        RefusedInput: one cannot be read.
    """
    _, height, width = rows.shape
    scale = min(1.0, LARGEST / max(height, width))
    across = round(width * scale) * factor(round(width * scale))
    there = [split for code, split in enumerate(SPLITS) if (rows.splits == code).any()]
    found = specimens(rows, classes, _numbers(there, across))
    return {key: np.stack([_reduced(one, scale) for one in images])
            for key, images in found.items()}  # fmt: skip


def factor(width: int) -> int:
    """By how much images of so many pixels are enlarged."""
    return max(1, round(TILE / width))


def _numbers(splits: Sequence[Split], across: int) -> dict[Split, int]:
    """How many images of each split stand in a row: of the first as many as of all others."""
    total = min(_MOST, max(len(splits), _ACROSS // (across + _GAP)))
    others = max(1, total // 2 // max(1, len(splits) - 1))
    numbers = dict.fromkeys(splits, others)
    numbers[splits[0]] = max(1, total - others * (len(splits) - 1))
    return numbers


def _reduced(image: UInt8[np.ndarray, "c h w"], scale: float) -> UInt8[np.ndarray, "c _ _"]:
    if scale == 1:
        return image
    picture = _picture(image)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    pixels = np.asarray(picture.resize(size, Image.Resampling.LANCZOS))
    return pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1)


def _picture(image: UInt8[np.ndarray, "c h w"]) -> Image.Image:
    return Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))


def contact_sheet(images: Shown, names: Mapping[int, str], name: str, below: str) -> bytes:
    """A PNG with a row for each class: its name, and its images split by split.

    A name in letters that no font here has stands as the class's number, as `numbered` says.

    Args:
        names: of the classes, in the order of the rows.
        name: of the set.
        below: what stands behind that at the foot.
    """
    letters = Lettering([*names.values(), name, below], _TEXT)
    splits = [split for split in SPLITS if any(key[1] == split for key in images)]
    _, height, width = next(iter(images.values())).shape[1:]
    enlarged = factor(width)
    width, height = width * enlarged, height * enlarged
    most = {split: max(len(own) for (_, of), own in images.items() if of == split)
            for split in splits}  # fmt: skip
    called = {label: letters.fitting(said, _NAMES) or _plain(f"class {label}", letters)
              for label, said in names.items()}  # fmt: skip
    foot = letters.line(f"{name}: {below}") or _plain(below, letters)
    lefts, left = {}, _MARGIN + round(max(line.length for line in called.values())) + _BETWEEN
    for split in splits:
        lefts[split] = left
        title = round(letters.plain.getlength(split))
        left += max(most[split] * (width + _GAP), title) + _BETWEEN
    step = max(height, _TEXT + 4) + 2 * _GAP + 1
    bottom = _MARGIN + _LINE + step * len(called)
    across = max(left, 2 * _MARGIN + round(foot.length))
    sheet = Image.new("RGB", (across, bottom + _LINE + _MARGIN), "white")
    pen = ImageDraw.Draw(sheet)
    for split in splits:
        _plain(split, letters).draw(pen, lefts[split], _MARGIN + _TEXT, _SOFT)
    for row, (label, line) in enumerate(called.items()):
        top = _MARGIN + _LINE + row * step
        line.draw(pen, _MARGIN, top + height // 2 + _TEXT // 3, _INK)
        for split in splits:
            for place, image in enumerate(images.get((label, split), ())):
                picture = _picture(image).resize((width, height), Image.Resampling.NEAREST)
                sheet.paste(picture, (lefts[split] + place * (width + _GAP), top))
    foot.draw(pen, _MARGIN, bottom + _LINE // 3 + _TEXT, _SOFT)
    sink = io.BytesIO()
    sheet.save(sink, "PNG", optimize=True)
    return sink.getvalue()


def numbered(names: Mapping[int, str]) -> set[int]:
    """The classes that stand in a contact sheet by their numbers."""
    letters = Lettering(names.values(), _TEXT)
    return {label for label, name in names.items() if letters.line(name) is None}


def _plain(text: str, letters: Lettering) -> Line:
    return Line([(text, letters.plain)])
