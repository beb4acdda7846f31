"""What one Parquet file holds, but for its images: columns, labels, splits."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import UInt8

from ganray.data.formats.columnar.cells import holds_pictures, opened, rows_at_once
from ganray.data.formats.columnar.columns import (
    Chosen,
    chosen_columns,
    is_bytes,
    is_text,
    tells_classes,
    tells_things,
)
from ganray.data.formats.columnar.fields import Field, field_called, is_list, picked
from ganray.data.formats.columnar.labels import Labelled
from ganray.data.formats.columnar.pages import Held, held_by
from ganray.data.formats.columnar.shards import Shard
from ganray.data.formats.columnar.split_column import may_tell_splits, splits_of
from ganray.data.pictures.kinds import format_by_signature
from ganray.data.spec import Columns
from ganray.errors import RefusedInput

MOST_HELD = 768 << 20
"""Bytes of pages: with what is made of them, less than 2 GB."""
_LONGEST = 1 << 16  # bytes of a value that may be a label or the word for a split
_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class FileTable:
    """What one file holds, but for its images.

    Attributes:
        image: the column of images, or the field in one.
        encoded: whether these are picture files.
        held: what reading them takes.
        at_once: so many rows of them are read at a time.
    """

    chosen: Chosen
    image: Field
    encoded: bool
    held: Held
    at_once: int
    labelled: Labelled
    splits: UInt8[np.ndarray, "n"]
    unread: tuple[str, ...] = ()


def read_table(shard: Shard, asked: Columns) -> FileTable:
    """Reads labels and splits, and looks at how images are kept.

    Raises:
        RefusedInput: the file is unreadable, or columns are missing, or what they hold is no split.
    """
    where = repr(shard.location.shown)
    with opened(shard.location) as parquet:
        schema, count = parquet.schema_arrow, parquet.metadata.num_rows
        told = {name: value for name, value in shard.partitions.items() if name not in schema.names}
        others = [f"{name}={value}" for name, value in told.items() if tells_things(name, value)]
        told = {name: value for name, value in told.items() if tells_classes(name, asked.label)}
        chosen = chosen_columns(schema, asked, list(told), where)
        unread = () if chosen.label or asked.label is False else tuple(others)
        table = _small_columns(parquet, chosen, where)
        sizes = _sizes(parquet.metadata)
        image = field_called(schema, chosen.image)
        assert image  # which is chosen among those that there are
        held = held_by(shard.location, image.read, list(sizes[2::2]))
        encoded = held.pages <= MOST_HELD and bool(count) and holds_pictures(parquet, image)
        at_once = rows_at_once(parquet, image, held.value)
    labels = table[chosen.label] if chosen.label in table.column_names else None
    if chosen.label in told:
        labels = _repeated(told[chosen.label], count)
    metadata = dict(schema.metadata or {})
    return FileTable(
        chosen,
        image,
        encoded,
        held,
        at_once,
        Labelled(where, count, chosen.label, labels, metadata, sizes),
        splits_of(table, chosen, count, shard),
        unread,
    )


def _small_columns(parquet: pq.ParquetFile, chosen: Chosen, where: str) -> pa.Table:
    """The columns of labels and splits, and those that may be of splits, by their names."""
    schema, count = parquet.schema_arrow, parquet.metadata.num_rows
    named = [name for name in (chosen.label, chosen.split) if name]
    fields = [field for name in named if (field := field_called(schema, name))]
    for field in fields:
        if chosen.label == field.name and (said := _no_labels(parquet, field)):
            raise RefusedInput(
                f"{where}: column {field.name} (={field.kind}) holds {said}, no classes; name "
                "another by data.columns.label, or say that there are none by "
                "data.columns.label=false"
            )
    wanted = [field.read for field in fields]
    if not chosen.splits_are_told:
        beside = [name for name in schema.names if name != chosen.image and may_tell_splits(name)]
        wanted += [name for name in beside if _values_are_short(parquet, name)]
    table = parquet.read(columns=list(dict.fromkeys(wanted)))
    table.validate(full=True)  # text that is no UTF-8
    if table.num_columns and len(table) != count:
        raise RefusedInput(
            f"{where} is no readable Parquet: it announces {count} rows and holds {len(table)}; "
            "write it again"
        )
    for field in fields:
        if field.inner:
            column = table[field.read.partition(".")[0]]
            chunks = [picked(chunk, field) for chunk in column.chunks]
            table = table.append_column(field.name, pa.chunked_array(chunks, field.kind))
    return table


def _no_labels(parquet: pq.ParquetFile, field: Field) -> str:
    """What a column of labels holds that is not to be read whole: masks, in sets for segmentation.

    Empty where it may be labels.
    """
    inner = field.kind
    while is_list(inner):
        inner = inner.value_type
    if pa.types.is_struct(inner) and inner.get_field_index("bytes") >= 0:
        return "pictures"
    if not (is_list(field.kind) or is_bytes(inner)):
        return ""
    first = next(parquet.iter_batches(1, columns=[field.read]), None)
    if first is None:
        return ""
    value = picked(first.column(0), field)
    if is_bytes(inner) and value.type == inner and value.is_valid()[0].as_py():
        return "pictures" if format_by_signature(value[0].as_py()) else ""
    return f"values of {value.nbytes:,} bytes" if value.nbytes > _LONGEST else ""


def _values_are_short(parquet: pq.ParquetFile, name: str) -> bool:
    """Whether a column may hold words or truth values, by its type and first value: one of masks
    may be as large as that of images."""
    kinds = [field.type for field in parquet.schema_arrow if field.name == name]
    if all(map(pa.types.is_boolean, kinds)):
        return True
    if not all(is_text(kind) or is_bytes(kind) for kind in kinds):
        return False
    first = next(parquet.iter_batches(1, columns=[name]), None)
    return first is None or first.nbytes <= _LONGEST


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
