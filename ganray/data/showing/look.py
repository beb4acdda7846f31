"""What a source holds, told before anything is computed; nothing of it is refused that can be told.

Where a study would refuse it, what it says stands beside the settings that make it fit, and the
rest is told of the set as it is with these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganray.data.choosing.duplicates import Repeats, digests, repeats
from ganray.data.formats import FORMATS
from ganray.data.formats.format import Format, format_called
from ganray.data.pictures.decoding import LOSSY_NOTE
from ganray.data.pictures.encoded import Encoded, Told, note_of_unread
from ganray.data.pictures.fitting import Shape
from ganray.data.rows import Rows
from ganray.data.showing.opening import Opened, opened
from ganray.data.showing.survey import Stored, surveyed
from ganray.data.source import read_table
from ganray.data.spec import SPLITS, DatasetSpec, Labels, Split
from ganray.errors import RefusedInput

Showing = Callable[[str], AbstractContextManager[Told | None]]
"""A context in which what is told shows, in the unit that is given."""
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
        notes: what else is known, in sentences.
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


def looked(
    spec: DatasetSpec, duplicates: bool | None = None, showing: Showing = lambda _: nullcontext()
) -> tuple[Look, Rows | None]:
    """What a source holds; and its images as a study has them, if it can have any.

    Args:
        duplicates: whether images that are there more than once are looked for, for which all are
            decoded; none: up to `MOST_IMAGES` of `MOST_VALUES` together.
        showing: shows how far a pass over all images is.

    Raises:
        RefusedInput: there is no such source, its format, labels or classes cannot be made out, or
            a setting contradicts them.
    """
    known, table = read_table(spec)
    stored = _stored(table, spec, showing)
    reads_all = duplicates or (duplicates is None and not _is_large(stored.shapes + stored.clear))
    has_damage = isinstance(table, Encoded) and reads_all and bool(stored.unread)
    while True:
        if isinstance(table, Encoded) and has_damage and not stored.decoded:
            with showing("pictures decoded") as told:
                stored = surveyed(table, spec.reading.background, True, told)
        found = opened(table, stored, spec)
        counted, why = _repeats(found, reads_all, showing)
        # Headers may be sound where the rest of a picture is not.
        has_damage = isinstance(why, RefusedInput)
        if not has_damage or stored.decoded or not isinstance(table, Encoded):
            break
    if has_damage:
        found.refusal, found.fits = found.refusal or str(why), False
        why = "an image cannot be read"
    return _told(spec, known, table, stored, found, counted, str(why))


def _stored(table: Rows | Encoded, spec: DatasetSpec, showing: Showing) -> Stored:
    if isinstance(table, Encoded):
        # Where the settings ask for it, a study decodes all of them, too.
        decode = spec.skip_unreadable or spec.duplicates != "keep"
        with showing("pictures looked at") as told:
            return surveyed(table, spec.reading.background, decode, told)
    return Stored(shapes=Counter({table.shape: len(table.labels)}))


def _is_large(shapes: Counter[Shape]) -> bool:
    values = sum(int(np.prod(shape)) * count for shape, count in shapes.items())
    return shapes.total() > MOST_IMAGES or values > MOST_VALUES


def _repeats(
    found: Opened, reads_all: bool, showing: Showing
) -> tuple[Repeats | None, str | RefusedInput]:
    """How many images are there more than once; or why that is not known."""
    if found.source is None:
        return None, "none can be read"
    if not found.source.may_repeat:
        return None, "the images are made of others"
    if not reads_all:
        return None, "that reads every image; --duplicates does"
    rows, seen, done = found.source.rows, list[Any](), 0
    try:
        with showing("images compared") as told:
            for batch in rows.stream():
                seen.append(digests(batch))
                done += len(batch)
                if told is not None:
                    told(done, len(rows.labels))
    except RefusedInput as error:
        return None, error
    return repeats(np.concatenate(seen), rows.splits), ""


def _told(
    spec: DatasetSpec,
    known: Format,
    table: Rows | Encoded,
    stored: Stored,
    found: Opened,
    counted: Repeats | None,
    why: str,
) -> tuple[Look, Rows | None]:
    rows = found.source.rows if found.source else None
    seen = rows if rows is not None else table
    unread, transparent = _faults(table, stored)
    look = Look(
        source=spec.named,
        name=seen.name,
        format=next(name for name in FORMATS if format_called(name) is known),
        shapes=dict((stored.shapes + stored.clear).most_common()),
        unread=unread,
        transparent=transparent,
        lossy=stored.lossy,
        decoded=stored.decoded or not isinstance(table, Encoded) or counted is not None,
        refusal=found.refusal,
        settings=found.settings,
        fits=found.fits,
        shape=rows.shape if rows is not None else None,
        labels=seen.told,
        class_names=seen.class_names,
        counts=_counts(seen),
        own=tuple(split for code, split in enumerate(SPLITS) if (table.splits == code).any()),
        by_class=table.by_class,
        repeats=counted,
        why_no_repeats=why,
        notes=_other_notes(seen.notes, unread, stored),
    )
    return look, rows


def _faults(table: Rows | Encoded, stored: Stored) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What cannot be read, and what is transparent, by names below the source."""
    if not isinstance(table, Encoded):
        return (), ()
    unread = [*table.strangers, *stored.unread.values()]
    clear = [table.items.said(int(table.chosen[place])) for place in stored.why_clear]
    told = [tuple(one.replace(table.root, "") for one in said) for said in (unread, clear)]
    return told[0], told[1]


def _other_notes(notes: str, unread: tuple[str, ...], stored: Stored) -> str:
    """Notes without what is told apart."""
    known = note_of_unread(unread, (stored.shapes + stored.clear).total() + len(unread))
    for one in (LOSSY_NOTE, known):
        notes = notes.replace(one, "") if one else notes
    return " ".join(notes.split())


def _counts(seen: Rows | Encoded) -> dict[Split, list[int]]:
    classes = len(seen.class_names)
    return {
        split: np.bincount(seen.labels[seen.splits == code], minlength=classes).tolist()
        for code, split in enumerate(SPLITS)
    }
