"""Pictures as they are stored: looked at before anything is computed, and decoded as they stream.

All that is wrong with a set is said at once: how many pictures cannot be read, and why the first
ones cannot; how many are of which shape, and what would bring them to one.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from ganray.data.decoding import LOSSY_NOTE, Header, decode_image, header_of
from ganray.data.fitting import Reading
from ganray.data.rows import Rows, Table, joined_notes, rows_per_chunk, shape_text
from ganray.errors import RefusedInput
from ganray.wording import listed

_NAMED = 3  # of those that cannot be read
_SHAPES = 4  # that are named
_NAME_OR_NUMBER = re.compile(r"'[^']*'|\"[^\"]*\"|^\S+, row|[0-9]+")


@runtime_checkable
class Items(Protocol):
    """Encoded pictures, wherever they lie, by their numbers."""

    def said(self, item: int) -> str:
        """By which messages name one: its file, or its file and row."""

    def bytes_of(self, chosen: Int64[np.ndarray, "n"]) -> Iterator[bytes | RefusedInput]:
        """The content of some, ascending; a refusal in place of one that cannot be had."""


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
    layout: Callable[[Sequence[str], Table], str] | None = None
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

    shapes: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    firsts: dict[tuple[int, int, int], int] = field(default_factory=dict)
    unread: dict[int, str] = field(default_factory=dict)
    digests: list[str] = field(default_factory=list)
    lossy: bool = False


def looked_at(pictures: Encoded, reading: Reading) -> Rows:
    """A set of pictures as rows that can be streamed, made to fit.

    Every header is read, and every picture decoded where those that cannot be are to be left out.

    Raises:
        RefusedInput: counting what cannot be read or differs, and naming the settings that help.
    """
    return as_rows(pictures, reading, _survey(pictures, reading))


def as_rows(pictures: Encoded, reading: Reading, survey: Survey) -> Rows:
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
    rows = Rows(
        **table | {"notes": joined_notes(*notes, pictures.notes), "left_out": tuple(reasons)},
        shape=shape,
        stream=_Decoding(pictures.items, pictures.chosen[kept], shape, reading),
    )
    layout = pictures.layout
    if layout is None:
        return rows
    digest = layout([one for one, stays in zip(survey.digests, kept, strict=True) if stays], rows)
    return replace(rows, fingerprint=lambda: digest)


def _survey(pictures: Encoded, reading: Reading) -> Survey:
    found = Survey()
    for place, data in enumerate(pictures.items.bytes_of(pictures.chosen)):
        where = pictures.items.said(int(pictures.chosen[place]))
        try:
            if isinstance(data, RefusedInput):
                found.digests.append("")
                raise data
            found.digests.append(hashlib.sha256(data).hexdigest() if pictures.layout else "")
            header = header_of(data, where, reading.background)
            if reading.skip:
                pixels = decode_image(data, where, reading.background)
                header = Header((pixels.shape[0], *pixels.shape[1:]), header.lossy)
        except RefusedInput as error:
            found.unread[place] = str(error)
            continue
        shape = reading.shape(header.shape)
        found.shapes[shape] += 1
        found.firsts.setdefault(shape, place)
        found.lossy = found.lossy or header.lossy
    return found


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


def _one_shape(pictures: Encoded, survey: Survey) -> tuple[int, int, int]:
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


@dataclass(frozen=True)
class _Decoding:
    """The pixels of some pictures, as `SelectiveStream`: of fewer, fewer are decoded."""

    items: Items
    chosen: Int64[np.ndarray, "n"]
    shape: tuple[int, int, int]
    reading: Reading

    def __call__(self) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
        return _decoded(self.items, self.chosen, self.shape, self.reading)

    def only(self, rows: Bool[np.ndarray, "n"]) -> _Decoding:
        return replace(self, chosen=self.chosen[rows])


def _decoded(
    items: Items, chosen: Int64[np.ndarray, "n"], shape: tuple[int, int, int], reading: Reading
) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
    """All pixels, a chunk at a time.

    Raises:
        RefusedInput: pictures that no header told of cannot be read; the last ones of the set are
            looked at, too, so that all are counted.
    """
    images: list[np.ndarray] = []
    reasons: list[str] = []
    size = rows_per_chunk(shape)
    for item, data in zip(chosen, items.bytes_of(chosen), strict=True):
        where = items.said(int(item))
        try:
            if isinstance(data, RefusedInput):
                raise data
            pixels = reading(decode_image(data, where, reading.background))
            if pixels.shape != shape:
                raise RefusedInput(
                    f"{where}: image of {shape_text(pixels.shape)}, where it was of "
                    f"{shape_text(shape)}; the source changed meanwhile, start again"
                )
        except RefusedInput as error:
            reasons.append(str(error))
            continue
        if reasons:
            continue
        images.append(pixels)
        if len(images) == size:
            yield np.stack(images)
            images = []
    if reasons:
        raise RefusedInput(refusal_of_unread(reasons, len(chosen)))
    if images:
        yield np.stack(images)
