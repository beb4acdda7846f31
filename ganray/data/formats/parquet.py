"""Parquet sources: columns `image`, `label` and, where there is one, `split`.

A set that has no other columns than `image` and `split` is one without labels.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Bool, UInt8

from ganray.data.decoding import JPEG_NOTE, is_jpeg
from ganray.data.fitting import AS_THEY_ARE, Reading, note_of_skipped
from ganray.data.formats.columns import BYTES, images_of_column
from ganray.data.formats.format import Format
from ganray.data.formats.labels import Labelled, is_text, labels_of, notes_of
from ganray.data.formats.shards import SUFFIX, Shard, find_shards, is_parquet
from ganray.data.location import Location, one_line
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
from ganray.errors import RefusedInput
from ganray.spec import canonical_json
from ganray.wording import short_list

_LOOKED_AT = 64  # images at once, where each is looked at alone
# In names of columns that others keep a split in; to be read as one it has to be called `split`.
_SPLIT_COLUMNS = {"split", "splits", "subset", "set", "partition", "fold", "usage"}


def read_parquet(location: Location, reading: Reading = AS_THEY_ARE) -> Rows:
    """One file, or every `*.parquet` below a folder that `find_shards` says is of the set.

    Labels are integers 0 … k-1, or strings that become the class names. Names of integer labels
    come from the schema's metadata (`class_names` as a JSON list, or HuggingFace's features).

    Raises:
        RefusedInput: for unreadable files, missing columns, nulls, labels with gaps, or a file
            that is there twice.
    """
    shards, passed_over = find_shards(location)
    tables = [_read_columns(shard) for shard in shards]
    _refuse_copies(shards, [labelled for labelled, _ in tables])
    kept = [_readable(shard) if reading.skip else None for shard in shards]
    skipped = [f"{s.location.name}, row {row}" for s, one in zip(shards, kept, strict=True)
               if one is not None for row in np.flatnonzero(~one)]  # fmt: skip
    count = sum(labelled.count for labelled, _ in tables)
    if count and len(skipped) == count:
        raise RefusedInput(f"{location.shown!r}: none of {count} images can be read")
    tables = [_of(*table, one) for table, one in zip(tables, kept, strict=True)]
    parts = [labelled for labelled, _ in tables]
    labels, names = labels_of(parts, location.shown)
    bare = any(part.labels is None for part in parts if part.count)
    notes = notes_of(parts)
    filled = next(place for place, part in enumerate(parts) if part.count)
    first, note = _first_image(shards[filled], kept[filled], reading)
    return Rows(
        name=location.name.removesuffix(".parquet"),
        shape=first.shape[1:],
        class_names=names,
        labels=labels,
        splits=np.concatenate([splits for _, splits in tables]),
        stream=lambda: _stream(shards, kept, rows_per_chunk(first.shape), reading),
        fingerprint=lambda: _fingerprint(shards),
        notes=joined_notes(
            note if notes is None else notes,
            note_of_skipped(skipped, count),
            _note_of_empty(shards, parts),
            passed_over,
        ),
        told="none" if bare else "classes",
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
        seen: dict[str, Location] = {}
        for file in group if len(group) > 1 else ():
            first = seen.setdefault(file.sha256(), file)
            if first is not file:
                raise RefusedInput(
                    f"{file.shown!r} and {first.shown!r} hold the same bytes; remove one"
                )


@contextmanager
def _opened(shard: Shard) -> Iterator[pq.ParquetFile]:
    try:
        with shard.location.open() as raw:
            # pre_buffer would hold whole row groups, which published files make as big as the set
            yield pq.ParquetFile(raw, pre_buffer=False, buffer_size=1 << 20)
    except (pa.ArrowException, UnicodeError) as error:
        raise RefusedInput(
            f"{shard.location.shown!r} is no readable Parquet: {one_line(error)}"
        ) from None


def _read_columns(shard: Shard) -> tuple[Labelled, UInt8[np.ndarray, "n"]]:
    where = repr(shard.location.shown)
    with _opened(shard) as parquet:
        schema = parquet.schema_arrow
        # With any other column that one may be the label, by another name.
        unlabelled = set(schema.names) <= {"image", "split"}
        needed = ["image", *([] if unlabelled else ["label"])]
        for name in [*needed, *({"split"} & set(schema.names))]:
            if schema.names.count(name) != 1:
                lacks = "has two columns" if name in schema.names else "lacks the column"
                raise RefusedInput(f"{where} {lacks} {name!r}; it has {', '.join(schema.names)}")
        wanted = [name for name in schema.names if name == "label" or _may_tell_splits(name)]
        table = parquet.read(columns=list(dict.fromkeys(wanted)))
        table.validate(full=True)  # text that is no UTF-8
        sizes = _sizes(parquet.metadata)
    for name in {"label", "split"} & set(wanted):
        _refuse_nulls(table[name], name, where)
    _refuse_other_split_columns(table, where)
    labels = None if unlabelled else table["label"]
    labelled = Labelled(
        where, parquet.metadata.num_rows, labels, dict(schema.metadata or {}), sizes
    )
    return labelled, _splits(table, labelled.count, shard)


def _refuse_nulls(column: pa.ChunkedArray, name: str, where: str) -> None:
    if not column.null_count:
        return
    have = "has" if column.null_count == 1 else "have"
    without = "; or drop the column, and the set is one without labels" if name == "label" else ""
    raise RefusedInput(
        f"{where}: {column.null_count} of {len(column)} rows {have} no {name} (null); fill them "
        f"in, or drop these rows{without}"
    )


def _sizes(footer: pq.FileMetaData) -> tuple[int, ...]:
    groups = [footer.row_group(index) for index in range(footer.num_row_groups)]
    return tuple(
        group.column(index).total_compressed_size
        for group in groups
        for index in range(group.num_columns)
    )


def _may_tell_splits(name: str) -> bool:
    return bool(split_words(name) or _SPLIT_COLUMNS.intersection(words_of(name)))


def _refuse_other_split_columns(table: pa.Table, where: str) -> None:
    for name in table.column_names:
        if name not in ("label", "split") and (values := _told(table[name], name)):
            raise RefusedInput(
                f"{where}: the column {name!r} tells splits ({', '.join(values)}), but is not "
                f"called 'split' with train, held_out and test in it; rename it, or drop it"
            )


def _told(column: pa.ChunkedArray, name: str) -> list[str]:
    """The values of a column that tells the split of each row; none of any other."""
    values = column.unique().drop_null().to_pylist()
    if pa.types.is_boolean(column.type):
        is_split = {split_code(word) for word in split_words(name)} & {TRAIN, TEST}
        return ["true", "false"] if is_split and len(values) == 2 else []
    if any(is_bytes(column.type) for is_bytes in BYTES):
        values = [value.decode(errors="replace") for value in values]
    elif not is_text(column.type):
        return []
    return values if all(split_code(value) is not None for value in values) else []


def _splits(table: pa.Table, count: int, shard: Shard) -> UInt8[np.ndarray, "n"]:
    if "split" not in table.column_names:
        return np.full(count, shard.split or TRAIN, dtype=np.uint8)
    column = table["split"].cast(pa.string()).combine_chunks().dictionary_encode()
    names = column.dictionary.to_pylist()
    codes = [split_code(name) for name in names]
    if None in codes:
        raise RefusedInput(
            f"{shard.location.shown!r}: split (={names[codes.index(None)]!r}) must be train, "
            f"held_out or test"
        )
    if shard.split and set(codes) - {shard.split}:
        raise RefusedInput(
            f"{shard.location.shown!r}: its rows are of the splits {', '.join(names)}, but its "
            f"name or folder says another; rename it"
        )
    return np.asarray(codes, dtype=np.uint8)[column.indices.to_numpy()]


def _readable(shard: Shard) -> Bool[np.ndarray, "n"]:
    """Which rows' images can be decoded."""
    found = []
    for row, column in enumerate(_rows(shard)):
        try:
            images_of_column(column, row, shard.location.shown)
        except RefusedInput:
            found.append(False)
        else:
            found.append(True)
    return np.asarray(found, dtype=bool)


def _rows(shard: Shard) -> Iterator[pa.Array]:
    with _opened(shard) as parquet:
        for column in _columns(parquet, _LOOKED_AT):
            yield from (column.slice(row, 1) for row in range(len(column)))


def _of(
    labelled: Labelled, splits: UInt8[np.ndarray, "n"], kept: Bool[np.ndarray, "n"] | None
) -> tuple[Labelled, UInt8[np.ndarray, "k"]]:
    """What a file says of the rows that are kept."""
    if kept is None:
        return labelled, splits
    labels = labelled.labels.filter(pa.array(kept)) if labelled.labels is not None else None
    return replace(labelled, count=int(kept.sum()), labels=labels), splits[kept]


def _first_image(
    shard: Shard, kept: Bool[np.ndarray, "n"] | None, reading: Reading
) -> tuple[UInt8[np.ndarray, "1 c h w"], str]:
    row = 0 if kept is None else int(np.flatnonzero(kept)[0])
    column = next(islice(_rows(shard), row, None))
    value = column[0].as_py()
    data = value.get("bytes") if isinstance(value, dict) else value
    note = JPEG_NOTE if isinstance(data, bytes) and is_jpeg(data) else ""
    return images_of_column(column, row, shard.location.shown, reading), note


def _columns(parquet: pq.ParquetFile, rows: int) -> Iterator[pa.Array]:
    """The images, `rows` at a time; row groups may be empty."""
    for batch in parquet.iter_batches(rows, columns=["image"]):
        if len(batch):
            yield batch.column(0)


def _stream(
    shards: list[Shard], kept: list[Bool[np.ndarray, "n"] | None], rows: int, reading: Reading
) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
    for shard, chosen in zip(shards, kept, strict=True):
        first_row = 0
        with _opened(shard) as parquet:
            for column in _columns(parquet, rows):
                those = None if chosen is None else chosen[first_row : first_row + len(column)]
                for start, end in [(0, len(column))] if those is None else _runs(those):
                    part = column.slice(start, end - start)
                    yield images_of_column(part, first_row + start, shard.location.shown, reading)
                first_row += len(column)


def _runs(kept: Bool[np.ndarray, "n"]) -> list[tuple[int, int]]:
    """Where rows that are kept follow one another."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _fingerprint(shards: list[Shard]) -> str:
    layout = [[shard.split, shard.location.sha256()] for shard in shards]
    return hashlib.sha256(canonical_json({"format": "parquet", "files": layout})).hexdigest()


FORMAT = Format(
    valid="a folder with *.parquet, or a .parquet file",
    fits=lambda found: any(map(is_parquet, found.listing.files)),
    read=read_parquet,
    suffixes=(SUFFIX,),
)
