"""CSV with a column for each pixel, as Kaggle's digits are published: `label,pixel0,…,pixel783`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.csv
from jaxtyping import Int64, UInt8

from ganray.data.formats.containers.csv_columns import (
    BLOCK,
    PixelTable,
    looks_like_pixels,
    table_of,
)
from ganray.data.formats.containers.unpacking import opened
from ganray.data.formats.format import Format, Found
from ganray.data.location import Location
from ganray.data.rows import (
    TRAIN,
    Rows,
    joined_notes,
    natural_order,
    numbered,
    split_words,
)
from ganray.data.spec import UNLABELLED
from ganray.errors import RefusedInput, brief
from ganray.spec import canonical_json
from ganray.text.wording import short_list

_SUFFIXES = (".csv", ".csv.gz")
_MOST_FILES = 100
_BAD_VALUE = re.compile(r"In CSV column #(\d+): Row #(\d+): .*invalid value '(.*)'")
_BAD_ROW = re.compile(r"CSV parse error: Row #(\d+): (Expected \d+ columns, got \d+)")


def read_csv(location: Location) -> Rows:
    """A file, or the files of a folder, whose names say the split (`train.csv`, `mnist_test.csv`).

    A file without labels is left out where others have them. Labels name the classes.

    Raises:
        RefusedInput: naming the line; and where images are not square and grey.
    """
    tables, others = _tables(location)
    labelled = [table for table in tables if table.label]
    used = labelled or tables
    sides = {table.side for table in used}
    if len(sides) > 1:
        raise RefusedInput(
            f"{location.shown!r}: images of sides {short_list(sorted(sides))}; they must be "
            "equal, or name one file"
        )
    counts = {table: _count(table) for table in tables if table not in labelled}
    values = [
        _labels(table) if table.label else np.zeros(counts[table], np.int64) for table in used
    ]
    labels, names = numbered(np.concatenate(values), [], location.shown)
    side = used[0].side
    return Rows(
        name=re.sub(r"\.csv(\.gz)?$", "", location.name),
        shape=(1, side, side),
        class_names=names if labelled else [UNLABELLED],
        labels=labels,
        splits=np.repeat([table.split for table in used], [len(one) for one in values]).astype(
            np.uint8
        ),
        stream=lambda: (images for table in used for images in _images(table)),
        fingerprint=lambda: _fingerprint(used),
        by_class=len(used) == 1,  # a file of its own may be sorted by class
        notes=joined_notes(
            *(
                f"{count:,} images of {table.location.name} have no labels and are left out."
                for table, count in counts.items()
                if labelled
            ),
            f"Left out: {short_list(others, 3)}." if others else "",
        ),
        told="classes" if labelled else "none",
    )


def _tables(location: Location) -> tuple[list[PixelTable], list[str]]:
    """The tables of pixels, training first, and the names of other files."""
    if location.name.lower().endswith(_SUFFIXES):
        return [replace(table_of(location), split=TRAIN)], []  # what is named alone is all there is
    names = [name for name in location.children() if not name.startswith(".")]
    files = [name for name in names if name.lower().endswith(_SUFFIXES)]
    if len(files) > _MOST_FILES:
        raise RefusedInput(
            f"{location.shown!r} holds {len(files)} CSV files, more than {_MOST_FILES}; join them, "
            "or name some"
        )
    found = {name: _table_or_none(location.child(name)) for name in natural_order(files)}
    tables = sorted((one for one in found.values() if one), key=lambda table: table.split)
    if not tables:
        raise RefusedInput(f"{location.shown!r} holds no CSV with a column for each pixel")
    _refuse_twice(tables)
    return tables, [name for name in names if not found.get(name)]


def _refuse_twice(tables: list[PixelTable]) -> None:
    """Files of one split are parts of one set only where they say so: train_1.csv, train_2.csv."""
    first: dict[tuple[int, str], PixelTable] = {}
    for table in tables:
        stem = re.sub(r"[\d_.-]+|(csv|gz)$", "", table.location.name.lower())
        for (split, other), one in first.items():
            if split == table.split and stem != other and bool(table.label) == bool(one.label):
                raise RefusedInput(
                    f"{one.location.shown!r} and {table.location.shown!r} are of one split, and by "
                    "their names of two sets; name one file"
                )
        first[table.split, stem] = table


def _table_or_none(location: Location) -> PixelTable | None:
    try:
        return table_of(location) if looks_like_pixels(location) else None
    except RefusedInput:
        if split_words(location.name):
            raise
        return None


@contextmanager
def _parsed(
    table: PixelTable, wanted: dict[str, pa.DataType]
) -> Iterator[pyarrow.csv.CSVStreamingReader]:
    where = table.location.shown
    try:
        with opened(table.location, "a CSV file") as file:
            yield pyarrow.csv.open_csv(
                pa.PythonFile(file, mode="r"),
                pyarrow.csv.ReadOptions(
                    use_threads=False,
                    block_size=BLOCK,
                    column_names=list(table.columns),
                    skip_rows=int(table.has_header),
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=wanted, include_columns=list(wanted), null_values=[]
                ),
            )
    except pa.ArrowException as error:
        raise RefusedInput(f"{where!r}{_told(brief(error), table)}") from None


def _told(error: str, table: PixelTable) -> str:
    """What pyarrow says of a file, with the number of the line."""
    if bad := _BAD_VALUE.search(error):
        column, line, value = int(bad[1]), int(bad[2]), bad[3]
        name = table.columns[column] if column < len(table.columns) else str(column)
        valid = "a whole number" if name == table.label else "a whole number of 0 … 255"
        return f", line {line}: {name} (={value[:40]!r}) must be {valid}"
    if bad := _BAD_ROW.search(error):
        return f", line {bad[1]}: {bad[2].lower()}"
    return f" is no readable CSV ({error[:200]})"


def _labels(table: PixelTable) -> Int64[np.ndarray, "n"]:
    assert table.label
    with _parsed(table, {table.label: pa.int64()}) as reader:
        return np.concatenate(
            [np.empty(0, np.int64), *(batch.column(0).to_numpy() for batch in reader)]
        )


def _count(table: PixelTable) -> int:
    with _parsed(table, {table.pixels[0]: pa.uint8()}) as reader:
        return sum(batch.num_rows for batch in reader)


def _images(table: PixelTable) -> Iterator[UInt8[np.ndarray, "_ 1 s s"]]:
    with _parsed(table, dict.fromkeys(table.pixels, pa.uint8())) as reader:
        for batch in reader:
            pixels = np.stack([column.to_numpy() for column in batch.columns], axis=1)
            if len(pixels):
                yield np.ascontiguousarray(pixels).reshape(-1, 1, table.side, table.side)


def _fingerprint(tables: list[PixelTable]) -> str:
    layout = [[table.split, table.location.sha256()] for table in tables]
    return hashlib.sha256(canonical_json({"format": "csv", "files": layout})).hexdigest()


def _fits(found: Found) -> bool:
    files = [path for path in found.listing.files if "/" not in path]
    tables = [path for path in files if path.lower().endswith(_SUFFIXES)][:_MOST_FILES]
    return any(_is_one(found.location.child(path)) for path in tables)


def _is_one(location: Location) -> bool:
    try:
        return looks_like_pixels(location)
    except RefusedInput:
        return False


FORMAT = Format(
    valid="a .csv file with a column for each pixel, or a folder with some",
    fits=_fits,
    read=lambda location, _: read_csv(location),
    suffixes=_SUFFIXES,
)
