"""A set's pictures as they are stored: their shapes, what cannot be read, what is transparent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ganray.data.pictures.decoding import Colour, decode_image, header_of
from ganray.data.pictures.encoded import AT_ONCE, Encoded, Survey, Told
from ganray.data.pictures.fitting import Reading, Shape
from ganray.data.pictures.opening import bombs_refused
from ganray.errors import RefusedInput

_WHITE = (255, 255, 255)
SMALLEST, _LARGEST, _USUAL = 8, 128, 256
"""Pixels of a side: the least that networks take; the most that is proposed where shapes differ;
and the most of a size that is proposed because most pictures have it."""


@dataclass
class Stored:
    """What is known of pictures before they are made to fit.

    Attributes:
        shapes: of those that are read as they are, and how many have it; and the first one of it.
        clear: of those that are transparent somewhere; their shape is that on a background.
        unread: places of those that cannot be read, and why.
        why_clear: places of the transparent ones, and what is said of each without a background.
        lossy: how many are compressed with loss.
        decoded: whether all were decoded; else damage that no header shows is not known of.
    """

    shapes: Counter[Shape] = field(default_factory=Counter)
    clear: Counter[Shape] = field(default_factory=Counter)
    firsts: dict[Shape, int] = field(default_factory=dict)
    unread: dict[int, str] = field(default_factory=dict)
    why_clear: dict[int, str] = field(default_factory=dict)
    lossy: int = 0
    decoded: bool = False

    def under(self, reading: Reading) -> Survey:
        """What `encoded.looked_at` would find of them."""
        unread = dict(self.unread)
        counted = Counter(self.shapes)
        if reading.background is None:
            unread |= self.why_clear
        else:
            counted += self.clear
        shapes: Counter[Shape] = Counter()
        firsts: dict[Shape, int] = {}
        for shape, count in counted.items():
            made = reading.shape(shape)
            shapes[made] += count
            first = self.firsts[shape]
            firsts[made] = min(firsts.get(made, first), first)
        ordered = dict(sorted(unread.items()))
        return Survey(shapes=shapes, firsts=firsts, unread=ordered, lossy=self.lossy > 0)


def surveyed(
    pictures: Encoded, background: Colour | None, decode: bool, told: Told | None = None
) -> Stored:
    """Looks at every picture of a set; none of them is refused.

    Args:
        background: behind transparent ones; none: white, which decides their colours alone.
        decode: all of each, not its header alone.
        told: is told how many of how many are looked at.
    """
    found, total = Stored(decoded=decode), len(pictures.chosen)
    with bombs_refused():
        for place, data in enumerate(pictures.items.bytes_of(pictures.chosen)):
            if told is not None and place % AT_ONCE == 0:
                told(place, total)
            where = pictures.items.said(int(pictures.chosen[place]))
            try:
                if isinstance(data, RefusedInput):
                    raise data
                _look(found, place, data, where, background or _WHITE)
            except RefusedInput as error:
                found.unread[place] = str(error)
    return found


def _look(found: Stored, place: int, data: bytes, where: str, background: Colour) -> None:
    counted = found.shapes
    try:
        header = header_of(data, where)
    except RefusedInput as error:
        header = header_of(data, where, background)  # fails again, unless that was all
        counted, found.why_clear[place] = found.clear, str(error)
    if found.decoded:
        try:
            decode_image(data, where, background)
        except RefusedInput:
            found.why_clear.pop(place, None)
            raise
    counted[header.shape] += 1
    found.firsts.setdefault(header.shape, place)
    found.lossy += header.lossy


def proposed(stored: Stored, strangers: Sequence[str], asked: Reading) -> dict[str, Any]:
    """Settings of `data` that make pictures fit which do not yet; none where they do."""
    settings: dict[str, Any] = {}
    if stored.clear and asked.background is None:
        settings["background"] = "white"
    if (stored.unread or strangers) and not asked.skip:
        settings["skip_unreadable"] = True
    shapes = stored.shapes + stored.clear
    sides = {asked.shape(shape)[1:] for shape in shapes}
    if len(sides) > 1 or any(min(side) < SMALLEST for side in sides):
        settings["size"] = _size(shapes)
        if _changes_aspect(shapes, settings["size"]) and asked.fit == "crop":
            settings["fit"] = "crop"
    if len({asked.shape(shape)[0] for shape in shapes}) > 1:
        settings["channels"] = 3  # grey as colour loses nothing, colour as grey does
    return settings


def _changes_aspect(shapes: Counter[Shape], size: int | tuple[int, int]) -> bool:
    """Whether what is beside the middle would be lost of some."""
    height, width = (size, size) if isinstance(size, int) else size
    return {round(shape[1] / shape[2], 2) for shape in shapes} != {round(height / width, 2)}


def _size(shapes: Counter[Shape]) -> int | tuple[int, int]:
    """What half of the pictures have; else a power of 2 that all but a tenth need not be enlarged
    to, since what is enlarged is blurred."""
    sides: Counter[tuple[int, int]] = Counter()
    for (_, height, width), count in shapes.items():
        sides[height, width] += count
    (usual, most) = sides.most_common(1)[0]
    if 2 * most >= sides.total() and max(usual) <= _USUAL and min(usual) >= SMALLEST:
        return usual[0] if usual[0] == usual[1] else usual
    shorter = np.repeat([min(side) for side in sides], list(sides.values()))
    small = int(np.quantile(shorter, 0.1, method="lower"))
    return min(_LARGEST, max(SMALLEST, 1 << (small.bit_length() - 1)))
