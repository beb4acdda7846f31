"""Pictures as they are stored: looked at before anything is computed, and decoded as they stream.

All that is wrong with a set is said at once: how many pictures cannot be read, and why the first
ones cannot; how many are of which shape, and what would bring them to one.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64

from ganray.data.pictures.decoding import LOSSY_NOTE
from ganray.data.pictures.fitting import Reading
from ganray.data.pictures.parcels import Items, Looking, Shape, Unpacked, looks
from ganray.data.rows import Rows, Table, joined_notes, shape_text
from ganray.errors import RefusedInput
from ganray.text.wording import listed

Told = Callable[[int, int], None]
"""Is told how much of how much is done."""
AT_ONCE = 64  # pictures between two times that it is told

_NAMED = 3  # of those that cannot be read
_SHAPES = 4  # that are named
_NAME_OR_NUMBER = re.compile(r"'[^']*'|\"[^\"]*\"|^\S+, row|[0-9]+")


@dataclass(frozen=True, kw_only=True)
class Encoded(Table):
    """A set whose images are encoded pictures.

    Attributes:
        items: all that the source has.
        chosen: which of them are the rows, ascending.
        layout: fingerprint of the set by the SHA-256 of each row's picture, where that is cheaper
            than another reading of the source.
        strangers: what lies among the pictures and is none, a line each.
        root: what messages begin the items' names with, and notes do not.
    """

    items: Items
    chosen: Int64[np.ndarray, "n"]
    layout: Callable[[Sequence[bytes], Table], str] | None = None
    strangers: tuple[str, ...] = ()
    root: str = ""

    def content(self, rows: Bool[np.ndarray, "n"]) -> dict[str, Any]:
        """As of every table."""
        return {"chosen": self.chosen[rows]}


@dataclass
class Survey:
    """What was found of a set's pictures.

    Attributes:
        shapes: of each that can be read, and how many have it; and the first one of it.
        unread: places of those that cannot be read, and why.
    """

    shapes: Counter[Shape] = field(default_factory=Counter)
    firsts: dict[Shape, int] = field(default_factory=dict)
    unread: dict[int, str] = field(default_factory=dict)
    digests: list[bytes] = field(default_factory=list)
    lossy: bool = False

    @classmethod
    def of(
        cls, pictures: Encoded, reading: Reading, workers: int, told: Told | None = None
    ) -> Survey:
        """Of all pictures of a set."""
        found = cls()
        looking = Looking(reading, hashed=pictures.layout is not None)
        seen = looks(pictures.items, pictures.chosen, looking, workers)
        for place, one in enumerate(seen):
            if told is not None and place % AT_ONCE == 0:
                told(place, len(pictures.chosen))
            found.digests.append(one.digest)
            if one.shape is None:
                found.unread[place] = one.why
                continue
            found.shapes[one.shape] += 1
            found.firsts.setdefault(one.shape, place)
            found.lossy = found.lossy or one.lossy
        return found


def looked_at(
    pictures: Encoded, reading: Reading, workers: int = 1, told: Told | None = None
) -> Rows:
    """A set of pictures as rows that can be streamed, made to fit.

    Every header is read, and every picture decoded where those that cannot be are to be left out.

    Args:
        workers: processes that look and decode.
        told: is told how many of how many are looked at.

    Raises:
        RefusedInput: counting what cannot be read or differs, and naming the settings that help.
    """
    return as_rows(pictures, reading, Survey.of(pictures, reading, workers, told), workers)


def as_rows(pictures: Encoded, reading: Reading, survey: Survey, workers: int = 1) -> Rows:
    """As `looked_at`, of what was found before."""
    count, strangers = len(pictures.chosen), pictures.strangers
    reasons = [*strangers, *survey.unread.values()]
    if reasons and (not reading.skip or len(survey.unread) == count):
        raise RefusedInput(refusal_of_unread(reasons, count + len(strangers), reading.skip))
    shape = _one_shape(pictures, survey)
    kept = np.ones(count, dtype=bool)
    kept[list(survey.unread)] = False
    table = {one.name: getattr(pictures, one.name) for one in fields(Table)}
    table |= {"labels": pictures.labels[kept], "splits": pictures.splits[kept]}
    reasons = [reason.replace(pictures.root, "") for reason in reasons]
    notes = LOSSY_NOTE if survey.lossy else "", note_of_unread(reasons, count + len(strangers))
    chosen = pictures.chosen[kept]
    rows = Rows(
        **table | {"notes": joined_notes(*notes, pictures.notes), "left_out": tuple(reasons)},
        shape=shape,
        stream=Unpacked(pictures.items, chosen, shape, reading, workers, refusal_of_unread),
    )
    layout = pictures.layout
    if layout is None:
        return rows
    digests = [one for one, stays in zip(survey.digests, kept, strict=True) if stays]
    fingerprint = layout(digests, rows)
    return replace(rows, fingerprint=lambda: fingerprint)


def refusal_of_unread(reasons: Sequence[str], count: int, skipping: bool = False) -> str:
    """One line on what cannot be read of so many; whether the rest would be read without it."""
    if skipping:
        return f"none of {count:,} images can be read: {_some(reasons)}"
    if len(reasons) == 1:
        return f"{reasons[0]} (1 of {count:,}; data.skip_unreadable leaves it out)"
    return (
        f"{len(reasons):,} of {count:,} images cannot be read: {_some(reasons)} "
        "(data.skip_unreadable leaves them out)"
    )


def note_of_unread(reasons: Sequence[str], count: int) -> str:
    """What is said of pictures that are left out, of so many."""
    if not reasons:
        return ""
    return (
        f"{len(reasons):,} of {count:,} images cannot be read and are left out: {_some(reasons)}."
    )


def _some(reasons: Sequence[str]) -> str:
    """The first of each kind and how many there are."""
    told = [one[0] + (f" (and {len(one) - 1:,} more)" if len(one) > 1 else "")
            for one in by_kind(reasons)]  # fmt: skip
    return "; ".join(told[:_NAMED]) + ("; …" if len(told) > _NAMED else "")


def by_kind(reasons: Sequence[str]) -> list[list[str]]:
    """Reasons of one kind together; kinds differ in more than names and numbers."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for reason in reasons:
        kinds[_NAME_OR_NUMBER.sub("", reason)].append(reason)
    return list(kinds.values())


def _one_shape(pictures: Encoded, survey: Survey) -> Shape:
    """The shape that all have.

    Raises:
        RefusedInput: they have several.
    """
    (usual, most), *others = survey.shapes.most_common()
    if not others:
        return usual
    count = survey.shapes.total()
    told = [f"{number:,} of {shape_text(shape)}" for shape, number in others[:_SHAPES]]
    told += ["…"] if len(others) > _SHAPES else []
    first = pictures.items.said(int(pictures.chosen[survey.firsts[others[0][0]]]))
    named = ["data.size"] if len({shape[1:] for shape in survey.shapes}) > 1 else []
    named += ["data.channels"] if len({shape[0] for shape in survey.shapes}) > 1 else []
    raise RefusedInput(
        f"{count - most:,} of {count:,} images differ from {shape_text(usual)} "
        f"(channels×height×width), as the others are: {', '.join(told)}, such as {first}; set "
        f"{listed(named)}, or make them equal"
    )
