"""Any source of images, opened, checked, split and streamed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from importlib.resources import files

import numpy as np
from jaxtyping import Int64, UInt8

from ganray.data.choosing.choice import chosen, labelled, large_enough
from ganray.data.choosing.duplicates import apart
from ganray.data.choosing.splits import assign_splits
from ganray.data.choosing.stacking import stacked
from ganray.data.choosing.views import viewed
from ganray.data.formats.format import Format, format_called, recognised
from ganray.data.joining import Part, joined
from ganray.data.location import Location
from ganray.data.packed.entering import entered
from ganray.data.packed.globs import named
from ganray.data.pictures.encoded import Encoded, Survey, Told, as_rows, looked_at
from ganray.data.pictures.fitting import fitted
from ganray.data.pictures.parcels import Unpacked
from ganray.data.rows import (
    AnyTable,
    Rows,
    Stream,
    after,
    joined_notes,
    refuse_equal_names,
    shape_text,
)
from ganray.data.spec import EMBEDDED, SPLITS, DatasetSpec, SourceInfo, Split
from ganray.errors import RefusedInput
from ganray.spec import canonical_json

_DIGITS = "mnist_small.parquet"


@dataclass(frozen=True)
class Batch:
    """Some images of one split.

    Attributes:
        images: pixels in 0 … 255.
        labels: class of each image.
        index: position of each image in the source, ascending.
    """

    images: UInt8[np.ndarray, "n c h w"]
    labels: Int64[np.ndarray, "n"]
    index: Int64[np.ndarray, "n"]
    split: Split


class Source:
    """A set as published, with every row assigned to a split; images are streamed."""

    def __init__(
        self, rows: Rows, spec: DatasetSpec, imported: bool = False, whole: bool = False
    ) -> None:
        """Assigns the splits and checks what the study expects.

        Args:
            imported: `spec.source` is a set in ganray's own format, to be read in place.
            whole: nothing is set apart, as of images that are only to be measured.

        Raises:
            RefusedInput: for impossible splits, or classes of one name.
        """
        self._reading = spec.reading
        if rows.shape != self._reading.shape(rows.shape):
            rows = fitted(rows, self._reading)
        if said := self._reading.said:
            rows = replace(rows, notes=joined_notes(rows.notes, f"Images are {said}."))
        refuse_equal_names(rows.class_names, repr(spec.named))
        if spec.duplicates != "keep":
            rows = apart(rows, spec.duplicates)
        if rows.told == "classes":  # of one nothing may be left by now
            rows = large_enough(rows, spec.least)
        # Splits first: an image and what is seen of it are in one.
        splits = assign_splits(rows, spec, whole)
        if spec.apart and not spec.views:
            raise RefusedInput("apart (=True) is of views, and there are none; set data.views")
        if spec.stacked:
            rows = stacked(rows, splits, spec.stacked)
            splits = rows.splits
        if spec.views:
            rows = viewed(rows, splits, spec.views, spec.apart)
            splits = rows.splits
        self._rows, self._splits = rows, splits
        self.may_repeat = not (spec.stacked or spec.views)
        self._alone = spec.skip_unreadable or spec.duplicates != "keep"
        self.imported = imported and not (spec.stacked or spec.views or self._reading.changes)

    def describe(self) -> SourceInfo:
        """Shape, classes and counts, without decoding the images."""
        rows = self._rows
        classes = len(rows.class_names)
        counts = {
            split: np.bincount(rows.labels[self._splits == code], minlength=classes).tolist()
            for code, split in enumerate(SPLITS)
        }
        return SourceInfo(
            name=rows.name,
            shape=rows.shape,
            class_names=rows.class_names,
            counts=counts,
            notes=rows.notes,
            labels=rows.told,
        )

    @property
    def rows(self) -> Rows:
        """All of them, each in the split that it was assigned."""
        return replace(self._rows, splits=self._splits)

    @property
    def left_out(self) -> tuple[str, ...]:
        """What of the source cannot be read and is no row, a line each."""
        return self._rows.left_out

    def fingerprint(self) -> str:
        """SHA-256 of the source's bytes and layout, whatever its path and times."""
        found, reading = self._rows.fingerprint(), self._reading.identity
        if not reading:
            return found
        return hashlib.sha256(canonical_json([found, reading])).hexdigest()

    def telling(self, notes: str) -> Source:
        """The same with other notes."""
        return self._with(replace(self._rows, notes=notes))

    def streaming(self, stream: Stream) -> Source:
        """The same whose images come from elsewhere, in the same order."""
        return self._with(replace(self._rows, stream=stream))

    def _with(self, rows: Rows) -> Source:
        other = copy(self)
        other._rows = rows
        return other

    @property
    def apart(self) -> bool:
        """Whether any of its pictures can be decoded without a look at the others."""
        return isinstance(self._rows.stream, Unpacked) and not self._alone

    @property
    def splits(self) -> UInt8[np.ndarray, "n"]:
        """The split of each row, as an index into `SPLITS`."""
        return self._splits

    @property
    def count(self) -> int:
        """How many images it has."""
        return len(self._splits)

    def counts_before(self, row: int) -> dict[tuple[Split, int], int]:
        """How many images each split and class has among the first ones."""
        classes = len(self._rows.class_names)
        kinds = self._splits[:row].astype(np.int64) * classes + self._rows.labels[:row]
        found = np.unique(kinds, return_counts=True)
        return {
            (SPLITS[kind // classes], kind % classes): count
            for kind, count in zip(*(part.tolist() for part in found), strict=True)
        }

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """All images from some row on, in the order of the source, a few MiB at a time.

        Raises:
            RefusedInput: at an image that cannot be read or has another shape than the first,
                and where the source changed since it was opened.
        """
        for chunk in self.chunks(start):
            yield from chunk

    def chunks(self, start: int = 0) -> Iterator[list[Batch]]:
        """As `batches`, each chunk's of the source together."""
        total = len(self._splits)
        for images in after(self._rows.stream, start):
            if images.shape[1:] != self._rows.shape:
                raise RefusedInput(
                    f"{self._rows.name}: images of {shape_text(images.shape[1:])} from row "
                    f"{start} on, but the first is {shape_text(self._rows.shape)}; they must be "
                    "equal"
                )
            index = np.arange(start, start + len(images))
            start += len(images)
            if start <= total:
                yield list(self._by_split(images, index))
        if start != total:
            raise RefusedInput(
                f"{self._rows.name}: {start} images read where {total} labels were; the source "
                f"changed meanwhile, start again"
            )

    def _by_split(
        self, images: UInt8[np.ndarray, "n c h w"], index: Int64[np.ndarray, "n"]
    ) -> Iterator[Batch]:
        splits = self._splits[index]
        for code in np.unique(splits):
            places = np.flatnonzero(splits == code)
            first, end = int(places[0]), int(places[-1]) + 1
            # As mostly: nothing is copied then.
            rows = slice(first, end) if end - first == len(places) else places
            labels = self._rows.labels[index[rows]].astype(np.int64)
            yield Batch(images[rows], labels, index[rows], SPLITS[code])


def _choose(table: AnyTable, spec: DatasetSpec) -> AnyTable:
    """The rows that count, before a picture is looked at; the others may be broken."""
    table = labelled(table)
    if spec.classes is not None:
        table = chosen(table, spec.classes)
    return large_enough(table, spec.least) if table.told == "classes" else table


def read_table(spec: DatasetSpec) -> tuple[Format, Rows | Encoded]:
    """What the source that `spec` names holds of chosen classes, and its format.

    Raises:
        RefusedInput: as `open_source`, but for what the pictures are.
    """
    known, table, _ = _read(spec)
    return known, table


def _places(spec: DatasetSpec) -> list[Location]:
    """Where the source lies; several places are sets of their own, joined to one."""
    if spec.source == EMBEDDED:
        return [Location.of(str(files("ganray.data") / _DIGITS))]
    sources = [spec.source] if isinstance(spec.source, str) else spec.source
    return named([Location.of(one, "source") for one in sources])


def _read(spec: DatasetSpec) -> tuple[Format, Rows | Encoded, bool]:
    """As `read_table`; and whether a set of ganray's own lies at the place that is named."""
    places = _places(spec)
    inside = [entered(place) or place for place in places]
    formats = [_format(location, spec) for location in inside]
    tables = [one.read(location, spec) for one, location in zip(formats, inside, strict=True)]
    table = tables[0] if len(tables) == 1 else joined(list(map(Part, places, tables)))
    # What lies in an archive, or was found by a glob, is not at that place.
    in_place = formats[0].in_place and inside == places and places[0].shown == spec.source
    return formats[0], _choose(table, spec), in_place


def _format(location: Location, spec: DatasetSpec) -> Format:
    return recognised(location) if spec.format == "auto" else format_called(spec.format)


def open_source(
    spec: DatasetSpec, whole: bool = False, workers: int = 1, told: Told | None = None
) -> Source:
    """The source that `spec` names; labels are read and checked, and headers of pictures.

    Args:
        whole: as of `Source`.
        workers: processes that look at pictures and decode them.
        told: is told how many pictures of how many are looked at.

    Raises:
        RefusedInput: naming the file or setting, its value and what would be valid.
    """
    _, table, imported = _read(spec)
    if isinstance(table, Encoded):
        table = looked_at(table, spec.reading, workers, told)
    return Source(table, spec, imported=imported, whole=whole)


def unseen_source(
    spec: DatasetSpec, shape: tuple[int, int, int], notes: str, whole: bool = False
) -> Source:
    """A source of pictures of which somebody else has seen that they are alike: none is looked at.

    Args:
        shape: of what is made of them.
        notes: on them.
        whole: as of `Source`.

    Raises:
        RefusedInput: the source cannot be read.
    """
    _, table = read_table(spec)
    assert isinstance(table, Encoded)  # others are never apart
    count = len(table.chosen)
    survey = Survey(shapes=Counter({shape: count}), firsts={shape: 0})
    rows = as_rows(replace(table, layout=None), spec.reading, survey)
    source = Source(rows, spec, whole=whole)
    return source.telling(notes)
