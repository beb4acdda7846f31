"""What a source holds, told before anything is computed; nothing of it is refused that can be told.

Where a study would refuse it, what it says stands beside the settings that make it fit, and the
rest is told of the set as it is with these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ganray.data.duplicates import Repeats, digests, repeats
from ganray.data.encoded import Encoded, as_rows
from ganray.data.fitting import Shape
from ganray.data.formats import FORMATS
from ganray.data.formats.format import format_called
from ganray.data.rows import Rows
from ganray.data.source import Source, read_table
from ganray.data.spec import SPLITS, DatasetSpec, Labels, Split
from ganray.data.splits import ClassTooSmall
from ganray.data.survey import Stored, proposed, surveyed
from ganray.errors import RefusedInput

MOST_IMAGES = 100_000
MOST_VALUES = 4_000_000_000
"""Of larger sets, in images or in pixels times channels, not every image is decoded unasked."""


@dataclass(frozen=True)
class Look:
    """What is known of a source.

    Attributes:
        shapes: of the images as they are stored, the most frequent first, and how many have it.
        unread: what lies there and cannot be read, a line each.
        transparent: names of the pictures that are so somewhere.
        lossy: how many pictures are compressed with loss.
        decoded: whether every image was read to its end.
        refusal: what a study says of the source with the settings asked for; empty where it fits.
        settings: of `data`, that would have to be added; then it fits, if `fits`.
        shape: of the images with these settings; none where there are none.
        counts: images by split and class, with these settings.
        own: the splits that are the source's own; the others are set apart.
        by_class: whether what is set apart are the last images of each class, not of all.
        repeats: images that are there more than once; none where they were not looked for, and then
            `why_no_repeats` says why.
    """

    source: str
    name: str
    format: str
    shapes: dict[Shape, int]
    unread: tuple[str, ...]
    transparent: tuple[str, ...]
    lossy: int
    decoded: bool
    refusal: str
    settings: dict[str, Any]
    fits: bool
    shape: Shape | None
    labels: Labels
    class_names: list[str]
    counts: dict[Split, list[int]]
    own: tuple[Split, ...]
    by_class: bool
    repeats: Repeats | None
    why_no_repeats: str
    notes: str

    @property
    def images(self) -> int:
        """In all splits, with the settings."""
        return sum(sum(numbers) for numbers in self.counts.values())


@dataclass
class _Opened:
    """A source as a study has it, or as near to that as it can be had."""

    spec: DatasetSpec
    refusal: str = ""
    settings: Mapping[str, Any] | None = None
    source: Source | None = None
    fits: bool = True


def looked(spec: DatasetSpec, duplicates: bool | None = None) -> tuple[Look, Rows | None]:
    """What a source holds; and its images as a study has them, if it can have any.

    Args:
        duplicates: whether images that are there more than once are looked for, for which all are
            decoded; none: up to `MOST_IMAGES` of `MOST_VALUES` together.

    Raises:
        RefusedInput: there is no such source, its format, labels or classes cannot be made out, or
            a setting contradicts them.
    """
    known, table = read_table(spec)
    format_ = next(name for name in FORMATS if format_called(name) is known)
    stored = _stored(table, spec)
    reads_all = duplicates or (duplicates is None and not _is_large(stored.shapes))
    if isinstance(table, Encoded) and reads_all and stored.unread and not stored.decoded:
        stored = surveyed(table, spec.reading.background, decode=True)
    opened = _opened(table, stored, spec)
    found, why = _repeats(opened, reads_all)
    if isinstance(why, RefusedInput) and isinstance(table, Encoded) and not stored.decoded:
        # Of some pictures the headers were sound, and the rest is not.
        stored = surveyed(table, spec.reading.background, decode=True)
        opened = _opened(table, stored, spec)
        found, why = _repeats(opened, reads_all)
    if isinstance(why, RefusedInput):
        opened.refusal, opened.fits = opened.refusal or str(why), False
        why = "an image cannot be read"
    return _told(table, format_, stored, opened, found, str(why))


def _stored(table: Rows | Encoded, spec: DatasetSpec) -> Stored:
    if isinstance(table, Encoded):
        # Where the settings ask for it, a study decodes all of them, too.
        decode = spec.skip_unreadable or spec.duplicates != "keep"
        return surveyed(table, spec.reading.background, decode)
    return Stored(shapes=Counter({table.shape: len(table.labels)}))


def _is_large(shapes: Counter[Shape]) -> bool:
    values = sum(int(np.prod(shape)) * count for shape, count in shapes.items())
    return shapes.total() > MOST_IMAGES or values > MOST_VALUES


def _opened(table: Rows | Encoded, stored: Stored, asked: DatasetSpec) -> _Opened:
    """With the settings asked for; else with those that make it fit; else without splits."""
    opened = _Opened(asked, settings={})
    try:
        opened.source = _source(table, stored, asked)
        return opened
    except RefusedInput as error:
        opened.refusal = str(error)
    strangers = table.strangers if isinstance(table, Encoded) else ()
    settings = proposed(stored, strangers, asked.reading)
    last: RefusedInput | None = None
    for _ in range(3):  # with smaller classes left out, others may be too small for what is asked
        opened.settings, opened.spec = settings, asked.model_copy(update=settings)
        try:
            opened.source = _source(table, stored, opened.spec)
            return opened
        except RefusedInput as error:
            last = error
        if not isinstance(last, ClassTooSmall) or last.least is None:
            break
        settings = settings | {"least": last.least}
    opened.fits, opened.refusal = False, opened.refusal if not settings else f"{last}"
    try:
        opened.source = _source(table, stored, opened.spec, whole=True)
    except RefusedInput:
        opened.source = None
    return opened


def _source(
    table: Rows | Encoded, stored: Stored, spec: DatasetSpec, whole: bool = False
) -> Source:
    if isinstance(table, Encoded):
        # No fingerprint is asked for, which would need every picture's SHA-256.
        reading = spec.reading
        table = as_rows(replace(table, layout=None), reading, stored.under(reading))
    return Source(table, spec, whole=whole)


def _repeats(opened: _Opened, reads_all: bool) -> tuple[Repeats | None, str | RefusedInput]:
    if opened.source is None:
        return None, "none can be read"
    if not opened.source.may_repeat:
        return None, "the images are made of others"
    if not reads_all:
        return None, "that reads every image; --duplicates does"
    try:
        found = [digests(batch) for batch in opened.source.rows.stream()]
    except RefusedInput as error:
        return None, error
    return repeats(np.concatenate(found), opened.source.rows.splits), ""


def _told(
    table: Rows | Encoded,
    format_: str,
    stored: Stored,
    opened: _Opened,
    found: Repeats | None,
    why: str,
) -> tuple[Look, Rows | None]:
    rows = opened.source.rows if opened.source else None
    seen = rows if rows is not None else table
    is_encoded = isinstance(table, Encoded)
    strangers = table.strangers if isinstance(table, Encoded) else ()
    look = Look(
        source=opened.spec.source,
        name=seen.name,
        format=format_,
        shapes=dict((stored.shapes + stored.clear).most_common()),
        unread=(*strangers, *stored.unread.values()),
        transparent=tuple(
            table.items.said(int(table.chosen[place])) for place in stored.why_clear
        ) if isinstance(table, Encoded) else (),
        lossy=stored.lossy,
        decoded=stored.decoded or not is_encoded or found is not None,
        refusal=opened.refusal,
        settings=dict(opened.settings or {}),
        fits=opened.fits,
        shape=rows.shape if rows is not None else None,
        labels=seen.told,
        class_names=seen.class_names,
        counts=_counts(seen),
        own=tuple(split for code, split in enumerate(SPLITS) if (table.splits == code).any()),
        by_class=table.by_class,
        repeats=found,
        why_no_repeats=why,
        notes=seen.notes,
    )  # fmt: skip
    return look, rows


def _counts(seen: Rows | Encoded) -> dict[Split, list[int]]:
    classes = len(seen.class_names)
    return {
        split: np.bincount(seen.labels[seen.splits == code], minlength=classes).tolist()
        for code, split in enumerate(SPLITS)
    }
