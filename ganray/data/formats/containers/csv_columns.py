"""The first line of a CSV of pixels: names of columns, or the first image."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ganray.data.formats.containers.unpacking import opened
from ganray.data.location import Location
from ganray.data.rows import TRAIN, split_code, split_words
from ganray.errors import RefusedInput
from ganray.text.wording import short_list

BLOCK = 4 << 20
"""Bytes of a CSV that are held at a time; no line may be longer."""
_LARGEST_SIDE = 256
_MOST_COLUMNS = 3 * _LARGEST_SIDE**2 + 10
_LABELS = {"label", "labels", "class", "target", "y"}
_IDS = {"id", "imageid", "index", ""}  # of no use; pandas writes an index without a name
_PIXEL = re.compile(r"(pixel|px|p)?[ _]?\d+(x\d+)?")


@dataclass(frozen=True)
class PixelTable:
    """A file whose first line was read.

    Attributes:
        columns: names, numbered where the file has none.
        has_header: whether the first line is names.
        label: name of the labels' column, if there is one.
        pixels: names of the pixels' columns, row by row.
        split: as the file's name says.
    """

    location: Location
    columns: tuple[str, ...]
    has_header: bool
    label: str | None
    pixels: tuple[str, ...]
    split: int

    @property
    def side(self) -> int:
        """Of an image, in pixels."""
        return math.isqrt(len(self.pixels))


def looks_like_pixels(location: Location) -> bool:
    """Whether most columns are called as pixels are, or are numbers.

    Raises:
        RefusedInput: the file cannot be read.
    """
    fields = _first_line(location)
    return len(fields) > 16 and sum(bool(_PIXEL.fullmatch(name)) for name in fields) > 0.9 * len(
        fields
    )


def _first_line(location: Location) -> list[str]:
    line = b""
    with opened(location, "a CSV file") as file:
        while b"\n" not in line and len(line) < BLOCK and (piece := file.read(1 << 16)):
            line += piece
    text = line.partition(b"\n")[0].decode("utf-8-sig", errors="replace").strip()
    return [field.strip().strip('"').strip().lower() for field in text.split(",")]


def table_of(location: Location) -> PixelTable:
    """A file, by its first line.

    Raises:
        RefusedInput: it has other columns, or images that are not square and grey.
    """
    fields = _first_line(location)
    where = repr(location.shown)
    if location.name.lower().startswith("emnist-"):
        raise RefusedInput(
            f"{where}: EMNIST's images are transposed, in CSV too; use its IDX files, which are "
            "turned upright"
        )
    if len(fields) > _MOST_COLUMNS:
        raise RefusedInput(
            f"{where}: {len(fields)} columns, more than {_MOST_COLUMNS}; scale the images down"
        )
    if all(field.removeprefix("-").isdecimal() for field in fields):
        return _without_header(location, len(fields))
    labels = [name for name in fields if name in _LABELS]
    pixels = tuple(name for name in fields if _PIXEL.fullmatch(name))
    strange = sorted(set(fields) - _LABELS - _IDS - set(pixels))
    if len(labels) > 1 or strange or len(set(fields)) < len(fields):
        raise RefusedInput(
            f"{where}: columns ({_shown([*strange, *labels])}) beside {len(pixels)} pixels; "
            "valid: label, pixel0, pixel1, …, each once"
        )
    _refuse_shape(len(pixels), where)
    return PixelTable(
        location, tuple(fields), True, labels[0] if labels else None, pixels, _split(location)
    )


def _shown(names: list[str]) -> str:
    return short_list([name if name.isprintable() else repr(name) for name in names], 5)[:200]


def _without_header(location: Location, count: int) -> PixelTable:
    names = tuple(f"pixel{k}" for k in range(count))
    if count > 1 and math.isqrt(count) ** 2 == count:
        _refuse_shape(count, repr(location.shown))
        return PixelTable(location, names, False, None, names, _split(location))
    _refuse_shape(count - 1, repr(location.shown))
    return PixelTable(location, names, False, names[0], names[1:], _split(location))


def _refuse_shape(count: int, where: str) -> None:
    side = math.isqrt(count)
    if count > 0 and side * side == count and side <= _LARGEST_SIDE:
        return
    third = math.isqrt(count // 3)
    if count > 0 and 3 * third * third == count:
        raise RefusedInput(
            f"{where}: {count} values are {third}×{third} in colour, in an order (h×w×3 or 3×h×w) "
            "that a CSV does not say; save an .npz file or pictures"
        )
    raise RefusedInput(
        f"{where}: {count} values beside the label are no square image; valid: s² columns of "
        f"pixels with s at most {_LARGEST_SIDE}"
    )


def _split(location: Location) -> int:
    words = split_words(location.name)
    return (split_code(words[0]) or TRAIN) if words else TRAIN
