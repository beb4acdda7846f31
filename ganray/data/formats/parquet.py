"""Parquet sources: columns of images, labels and, where there is one, `split`."""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import UInt8

from ganray.data.formats.columnar.cells import Cells, opened
from ganray.data.formats.columnar.columns import (
    Chosen,
    chosen_columns,
    is_bytes,
    is_encoded,
    is_text,
    tells_classes,
    tells_things,
)
from ganray.data.formats.columnar.labels import Labelled, labels_of, notes_of
from ganray.data.formats.columnar.pixels import pixels_of_column
from ganray.data.formats.columnar.shards import SUFFIX, Shard, find_shards, is_parquet
from ganray.data.formats.format import Format
from ganray.data.location import Location
from ganray.data.pictures.encoded import Encoded
from ganray.data.rows import (
    TEST,
    TRAIN,
    Rows,
    joined_notes,
    rows_per_chunk,
    split_code,
    split_words,
    words_of,
)
from ganray.data.spec import Columns
from ganray.errors import RefusedInput, quoted
from ganray.spec import canonical_json
from ganray.wording import short_list

_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
# In names of columns that others keep a split in; to be read as one it has to be called `split`.
_SPLIT_COLUMNS = {"split", "splits", "subset", "set", "partition", "fold", "usage"}


def read_parquet(location: Location, asked: Columns) -> Rows | Encoded:
    """One file, or every `*.parquet` below a folder that `find_shards` says is of the set.

    Labels are whole numbers, strings that become the class names, or true and false. Names of
    numbers come from the schema's metadata (`class_names` as a JSON list, or Hugging Face's).

    Raises:
        RefusedInput: for unreadable files, missing columns, or a file that is there twice.
    """
    shards, passed_over = find_shards(location)
    tables = [_read_columns(shard, asked) for shard in shards]
    parts = [table.labelled for table in tables]
    _refuse_copies(shards, parts)
    labels, names = labels_of(parts, location.shown)
    bare = any(part.labels is None for part in parts if part.count)
    _refuse_unread(tables, location)
    filled = next(table for table in tables if table.labelled.count)
    known: dict[str, Any] = {
        "name": location.name.removesuffix(SUFFIX),
        "class_names": names,
        "labels": labels,
        "splits": np.concatenate([table.splits for table in tables]),
        "fingerprint": lambda: _fingerprint(shards),
        "notes": joined_notes(
            notes_of(parts) or "", filled.chosen.noted, _note_of_empty(shards, parts), passed_over
        ),
        "told": "none" if bare else "classes",
    }
    columns, counts = [one.chosen.image for one in tables], [part.count for part in parts]
    encoded = {table.encoded for table in tables if table.labelled.count}
    if len(encoded) > 1:
        raise RefusedInput(
            f"{location.shown!r}: some files hold encoded pictures, others pixels; make them alike"
        )
    if encoded.pop():
        cells = Cells(shards, columns, counts)
        above = f"{location.shown.rstrip('/')}/"
        root = above.rstrip("/").rpartition("/")[0] + "/" if is_parquet(location.name) else above
        return Encoded(**known, items=cells, chosen=np.arange(len(labels)), root=root)
    place = tables.index(filled)
    first = next(_pixels(shards[place], columns[place], 1), None)
    if first is None:
        raise RefusedInput(
            f"{shards[place].location.shown!r} is no readable Parquet: it announces "
            f"{counts[place]} rows and holds none; write it again"
        )
    size = rows_per_chunk(first.shape)
    return Rows(
        **known,
        shape=first.shape[1:],
        stream=lambda: chain.from_iterable(map(_pixels, shards, columns, repeat(size))),
    )


def _refuse_unread(tables: list[_File], location: Location) -> None:
    """Folders such as `species=cat/` beside each other would be classes that are not read."""
    found = dict.fromkeys(told for table in tables for told in table.unread)
    names = {told.partition("=")[0] for told in found}
    if len(found) > len(names):
        raise RefusedInput(
            f"{location.shown!r} lacks the column 'label', but its folders are called "
            f"{short_list(list(found))}; name the one of classes by data.columns.label, or say "
            "that there are none by data.columns.label=false"
        )


def _note_of_empty(shards: list[Shard], parts: list[Labelled]) -> str:
    """What is said of a split whose files hold no rows, so that one is set apart instead."""
    filled = {shard.split for shard, part in zip(shards, parts, strict=True) if part.count}
    bare = [shard.location.name for shard in shards if shard.split not in filled]
    return f"Without rows: {short_list(bare)}." if bare else ""


def _refuse_copies(shards: list[Shard], parts: list[Labelled]) -> None:
    """A file that was downloaded twice would be read twice; empty ones may well be equal."""
    alike: dict[tuple[int, ...], list[Location]] = defaultdict(list)
    for shard, part in zip(shards, parts, strict=True):
        if part.count:
            alike[part.sizes].append(shard.location)
    for group in alike.values():
        lengths = [_length(file) for file in group] if len(group) > 1 else []
        seen: dict[str, Location] = {}
        for file, length in zip(group, lengths, strict=False):
            if lengths.count(length) == 1:
                continue
            first = seen.setdefault(file.sha256(), file)
            if first is not file:
                raise RefusedInput(
                    f"{file.shown!r} and {first.shown!r} hold the same bytes; remove one"
                )


def _length(file: Location) -> int:
    with file.open() as raw:
        return raw.seek(0, os.SEEK_END)


@dataclass(frozen=True)
class _File:
    """What one file holds, but for its images."""

    chosen: Chosen
    encoded: bool
    labelled: Labelled
    splits: UInt8[np.ndarray, "n"]
    unread: tuple[str, ...] = ()


def _read_columns(shard: Shard, asked: Columns) -> _File:
    where = repr(shard.location.shown)
    with opened(shard.location) as parquet:
        schema, count = parquet.schema_arrow, parquet.metadata.num_rows
        told = {name: value for name, value in shard.partitions.items() if name not in schema.names}
        others = [f"{name}={value}" for name, value in told.items() if tells_things(name, value)]
        told = {name: value for name, value in told.items() if tells_classes(name, asked.label)}
        chosen = chosen_columns(schema, asked, list(told), where)
        unread = () if chosen.label or asked.label is False else tuple(others)
        own = [chosen.label] if chosen.label in schema.names else []
        wanted = [name for name in schema.names if name in own or _may_tell_splits(name)]
        table = parquet.read(columns=list(dict.fromkeys(wanted)))
        table.validate(full=True)  # text that is no UTF-8
        if table.num_columns and len(table) != count:
            raise RefusedInput(
                f"{where} is no readable Parquet: it announces {count} rows and holds "
                f"{len(table)}; write it again"
            )
        sizes = _sizes(parquet.metadata)
    if chosen.split:
        _refuse_no_text(table["split"], where)
        _refuse_nulls(table["split"], where)
    _refuse_other_split_columns(table, chosen, where)
    labels = table[chosen.label] if own else None
    if chosen.label in told:
        labels = _repeated(told[chosen.label], count)
    metadata = dict(schema.metadata or {})
    return _File(
        chosen,
        is_encoded(schema.field(chosen.image).type),
        Labelled(where, count, chosen.label, labels, metadata, sizes),
        _splits(table, count, shard),
        unread,
    )


def _refuse_nulls(column: pa.ChunkedArray, where: str) -> None:
    if column.null_count:
        have = "has" if column.null_count == 1 else "have"
        raise RefusedInput(
            f"{where}: {column.null_count} of {len(column)} rows {have} no split (null); fill them "
            f"in, or drop these rows"
        )


def _refuse_no_text(column: pa.ChunkedArray, where: str) -> None:
    kind = column.type
    if not (is_text(kind) or is_bytes(kind) or pa.types.is_null(kind)):
        raise RefusedInput(
            f"{where}: column split (={kind}) must be of strings: train, held_out or test"
        )
    try:
        column.cast(pa.string())
    except pa.ArrowInvalid:
        raise RefusedInput(
            f"{where}: column split holds bytes that are no UTF-8; valid: train, held_out or test"
        ) from None


def _repeated(value: str, count: int) -> pa.ChunkedArray:
    """What a folder says of each row, as Hive writes and Spark reads it: numbers where it can."""
    if value == _HIVE_NULL:
        return pa.chunked_array([pa.nulls(count)])
    kind = pa.int64() if re.fullmatch("-?[0-9]{1,18}", value) else pa.string()
    return pa.chunked_array([pa.repeat(pa.scalar(value).cast(kind), count)])


def _sizes(footer: pq.FileMetaData) -> tuple[int, ...]:
    # Nothing of single columns: at some that are damaged, pyarrow ends the process.
    groups = [footer.row_group(index) for index in range(footer.num_row_groups)]
    each = (number for group in groups for number in (group.num_rows, group.total_byte_size))
    return (footer.serialized_size, *each)


def _may_tell_splits(name: str) -> bool:
    return bool(split_words(name) or _SPLIT_COLUMNS.intersection(words_of(name)))


def _refuse_other_split_columns(table: pa.Table, chosen: Chosen, where: str) -> None:
    for name, column in zip(table.column_names, table.columns, strict=True):  # names may be equal
        if name not in (chosen.label, "split") and (values := _told(column, name)):
            raise RefusedInput(
                f"{where}: the column {name!r} tells splits ({', '.join(values)}), but is not "
                f"called 'split' with train, held_out and test in it; rename it, or drop it"
            )


def _told(column: pa.ChunkedArray, name: str) -> list[str]:
    """The values of a column that tells the split of each row; none of any other."""
    if not (pa.types.is_boolean(column.type) or is_text(column.type) or is_bytes(column.type)):
        return []
    values = column.unique().drop_null().to_pylist()
    if pa.types.is_boolean(column.type):
        is_split = {split_code(word) for word in split_words(name)} & {TRAIN, TEST}
        return ["true", "false"] if is_split and len(values) == 2 else []
    if is_bytes(column.type):
        values = [value.decode(errors="replace") for value in values]
    return values if all(split_code(value) is not None for value in values) else []


def _splits(table: pa.Table, count: int, shard: Shard) -> UInt8[np.ndarray, "n"]:
    if "split" not in table.column_names:
        return np.full(count, shard.split or TRAIN, dtype=np.uint8)
    column = table["split"].cast(pa.string()).combine_chunks().dictionary_encode()
    names = column.dictionary.to_pylist()
    codes = [split_code(name) for name in names]
    if None in codes:
        raise RefusedInput(
            f"{shard.location.shown!r}: split (={quoted(names[codes.index(None)])}) must be train, "
            f"held_out or test"
        )
    if shard.split and set(codes) - {shard.split}:
        raise RefusedInput(
            f"{shard.location.shown!r}: its rows are of the splits {', '.join(names)}, but its "
            f"name or folder says another; rename it"
        )
    return np.asarray(codes, dtype=np.uint8)[column.indices.to_numpy()]


def _pixels(shard: Shard, column: str, rows: int) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
    """The images of a file, `rows` at a time; row groups may be empty."""
    first = 0
    with opened(shard.location) as parquet:
        for batch in parquet.iter_batches(rows, columns=[column]):
            if len(batch):
                yield pixels_of_column(batch.column(0), first, shard.location.shown)
            first += len(batch)


def _fingerprint(shards: list[Shard]) -> str:
    layout = [[shard.split, shard.location.sha256()] for shard in shards]
    return hashlib.sha256(canonical_json({"format": "parquet", "files": layout})).hexdigest()


FORMAT = Format(
    valid="a folder with *.parquet, or a .parquet file",
    fits=lambda found: any(map(is_parquet, found.listing.files)),
    read=lambda location, spec: read_parquet(location, spec.columns),
    suffixes=(SUFFIX,),
)
