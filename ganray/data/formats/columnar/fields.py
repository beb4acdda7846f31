"""Columns of a table, and fields within them by their paths: `image.bytes`, `objects.category`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Field:
    """A column, or what lies in one.

    Attributes:
        name: the column's, or the path.
        read: by what Parquet is asked for it: fields within lists are read with their neighbours.
        inner: the names from the column's value on.
        kind: of what is had by `picked`.
    """

    name: str
    read: str
    inner: tuple[str, ...]
    kind: pa.DataType


def field_called(schema: pa.Schema, name: str) -> Field | None:
    """The column of that name, or else the field of that path; none where there is no such one."""
    if name in schema.names:
        column = schema.field(schema.names.index(name))
        return Field(name, name, (), column.type)
    top, *inner = name.split(".")
    if not inner or schema.names.count(top) != 1:
        return None
    read, kinds, within = top, [schema.field(top).type], False
    for part in inner:
        kind = kinds[-1]
        while is_list(kind):
            kind, within = kind.value_type, True
        if not pa.types.is_struct(kind) or kind.get_field_index(part) < 0:
            return None
        kinds.append(kind.field(part).type)
        read = read if within else f"{read}.{part}"
    return Field(name, read, tuple(inner), _listed(kinds))


def _listed(kinds: list[pa.DataType]) -> pa.DataType:
    """Of what is picked: lists on the way stay lists."""
    found = kinds[-1]
    for kind in reversed(kinds[:-1]):
        while is_list(kind):
            kind, found = kind.value_type, pa.list_(found)
    return found


def picked(column: pa.Array, field: Field) -> pa.Array:
    """What a field is in the rows of the column that was read for it."""
    for name in field.inner:
        column = _child(column, name)
    return column


def _child(column: pa.Array, name: str) -> pa.Array:
    if not is_list(column.type):
        return pc.struct_field(column, [name])
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    inner = _child(column.flatten(), name)
    return pa.ListArray.from_arrays(pa.array(ends), inner, mask=column.is_null())


def is_list(kind: pa.DataType) -> bool:
    """Whether values of this type are lists, in any of Arrow's layouts."""
    return (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def names_within(schema: pa.Schema) -> list[str]:
    """The names of columns, and for those that hold named fields the paths of these.

    Pictures' own (`bytes` and `path`) are one thing, called as their column.
    """
    return [name for field in schema for name in _paths(field.name, field.type)]


def _paths(name: str, kind: pa.DataType) -> list[str]:
    while is_list(kind):
        kind = kind.value_type
    if not pa.types.is_struct(kind) or kind.get_field_index("bytes") >= 0:
        return [name]
    return [path for field in kind for path in _paths(f"{name}.{field.name}", field.type)] or [name]
