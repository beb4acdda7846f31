"""The label columns of a set's files as numbers 0 … k-1, and the names of the classes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int32

from ganray.data.formats.columnar.columns import features_of, is_bytes, is_text
from ganray.data.formats.columnar.fields import is_list
from ganray.data.rows import NO_LABEL, class_name, natural_order, numbered
from ganray.data.spec import UNLABELLED
from ganray.errors import RefusedInput, brief, quoted
from ganray.text.wording import short_list

_VALID = "valid: whole numbers, strings, or true and false"


@dataclass(frozen=True)
class Labelled:
    """What one file says of classes.

    Attributes:
        where: the file, for messages.
        count: how many rows the file has; Spark and others write files without any.
        column: what the labels' column is called.
        labels: a label for each row; None for a set without.
        metadata: of the file's schema.
        sizes: of the footer, and rows and bytes of every row group; those of equal files are equal.
    """

    where: str
    count: int
    column: str | None
    labels: pa.ChunkedArray | None
    metadata: dict[bytes, bytes]
    sizes: tuple[int, ...]


def labels_of(parts: list[Labelled], where: str) -> tuple[Int32[np.ndarray, "n"], list[str]]:
    """The class of each row of all files, `NO_LABEL` where it has none, and the classes' names.

    Names are strings among the labels, in natural order, or what the files' metadata say of
    numbers, or else the numbers; of those that no row has there is no class.

    Raises:
        RefusedInput: there are no rows; labels are of other types, of differing ones, or beyond the
            names; names contradict each other.
    """
    filled = [part for part in parts if part.count]
    if not filled:
        raise RefusedInput(f"{where} holds no rows")
    bare = [part for part in filled if part.labels is None]
    if len(bare) == len(filled):
        return np.zeros(sum(part.count for part in filled), np.int32), [UNLABELLED]
    if bare:
        raise RefusedInput(
            f"{bare[0].where} has no labels, but other files of {where} have; "
            "write them into all, or say that there are none by "
            "data.columns.label=false"
        )
    columns = [_plain(part) for part in filled]
    kind = _one_kind(filled, columns, where)
    if kind == "integers":
        numbers = [_whole(column, part) for column, part in zip(columns, filled, strict=True)]
        values, missing = (np.concatenate(one) for one in zip(*numbers, strict=True))
        return numbered(values, _names_in(parts, where), where, missing)
    texts = map(_as_text, columns, filled)
    # Of 64 bits, as the labels of all files together may be of more than 2 GB.
    encoded = pa.chunked_array(texts, pa.large_string()).combine_chunks().dictionary_encode()
    found_names = [class_name(name, where) for name in encoded.dictionary.to_pylist()]
    names = natural_order(sorted(set(found_names)))
    rank = {name: k for k, name in enumerate(names)}
    ranks = np.asarray([*(rank[name] for name in found_names), NO_LABEL], np.int32)
    indices = encoded.indices.fill_null(len(found_names)).to_numpy(zero_copy_only=False)
    return ranks[indices.astype(np.int64)], names


def notes_of(parts: list[Labelled]) -> str | None:
    """The notes that the first file with any has in its metadata.

    Raises:
        RefusedInput: they are no UTF-8.
    """
    noted = next((part for part in parts if b"notes" in part.metadata), None)
    return None if noted is None else _text(noted, b"notes")


def _plain(part: Labelled) -> pa.ChunkedArray:
    """Labels without dictionaries and lists of one."""
    column = part.labels
    assert column is not None  # whoever asks has looked
    chunks = []
    for chunk in column.chunks or [pa.array([], column.type)]:
        while pa.types.is_dictionary(chunk.type) or pa.types.is_nested(chunk.type):
            chunk = _inner(chunk, part)
        chunks.append(chunk)
    return pa.chunked_array(chunks)


def _inner(chunk: pa.Array, part: Labelled) -> pa.Array:
    if pa.types.is_dictionary(chunk.type):
        return chunk.dictionary_decode()
    if not is_list(chunk.type):
        fields = [f"{part.column}.{field.name}" for field in chunk.type if field.name]
        said = f"name a field of it by data.columns.label, such as {short_list(fields)}"
        raise RefusedInput(
            f"{part.where}: column {part.column} (={chunk.type}) holds several values; {said}"
        )
    lengths = pc.fill_null(pc.list_value_length(chunk), 0).to_numpy(zero_copy_only=False)
    if (lengths > 1).any():
        raise RefusedInput(
            f"{part.where}: {(lengths > 1).sum():,} of {len(chunk):,} rows have several labels in "
            f"the column {part.column}, up to {lengths.max()}; each image is of one class: name "
            "another column by data.columns.label, or say that there are none by "
            "data.columns.label=false"
        )
    # One row of an empty list is one without a label.
    places = np.where(lengths == 1, np.cumsum(lengths) - 1, -1)
    return chunk.flatten().take(pa.array(places, mask=places < 0))


def _one_kind(parts: list[Labelled], columns: list[pa.ChunkedArray], where: str) -> str:
    """What labels are in all files that have any: integers or strings."""
    told = [(part, _kind(column, part)) for part, column in zip(parts, columns, strict=True)
            if _has_labels(column)]  # fmt: skip
    if not told:
        return "integers"
    first, expected = told[0]
    for part, found in told:
        if found != expected:
            raise RefusedInput(
                f"{where}: labels are {expected} in {first.where}, but {found} in {part.where}; "
                f"they must be of one kind"
            )
    return expected


def _has_labels(column: pa.ChunkedArray) -> bool:
    """Whether any row has one: what is missing throughout is written with any type."""
    if column.null_count == len(column):
        return False
    if pa.types.is_signed_integer(column.type) or pa.types.is_floating(column.type):
        values = column.drop_null().to_numpy()
        return bool(((values != NO_LABEL) & (values == values)).any())  # NaN differs from itself
    return True


def _as_text(column: pa.ChunkedArray, part: Labelled) -> pa.ChunkedArray:
    if not _has_labels(column):
        return pa.chunked_array([pa.nulls(len(column), pa.large_string())])
    try:
        return column.cast(pa.large_string())
    except pa.ArrowInvalid:
        raise RefusedInput(
            f"{part.where}: column {part.column} (={column.type}) holds bytes that are no UTF-8; "
            f"{_VALID}"
        ) from None


def _kind(column: pa.ChunkedArray, part: Labelled) -> str:
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "integers"
    if pa.types.is_boolean(kind) or is_text(kind) or is_bytes(kind):
        return "strings"
    raise RefusedInput(f"{part.where}: column {part.column} (={kind}); {_VALID}")


def _whole(column: pa.ChunkedArray, part: Labelled) -> tuple[np.ndarray, np.ndarray]:
    """Numbers, and which rows have none."""
    where, missing = part.where, column.is_null().to_numpy()
    if missing.all():
        return np.full(len(column), NO_LABEL), missing
    if pa.types.is_decimal(column.type):  # as databases keep keys
        column = _without_fraction(column, where)
    if pa.types.is_floating(column.type):
        values = column.fill_null(float("nan")).to_numpy().astype(np.float64)
        missing = np.isnan(values)
        odd = ~missing & (values != np.rint(values))
        if odd.any():
            raise RefusedInput(f"{where}: label (={values[odd][0]:g}) is no whole number; {_VALID}")
        large = ~missing & (np.abs(values) > 1 << 53)  # neighbours are one
        if large.any():
            raise RefusedInput(f"{where}: label (={values[large][0]:g}) is too large; {_VALID}")
        return np.where(missing, NO_LABEL, values).astype(np.int64), missing
    if column.type == pa.uint64() and (pc.max(column).as_py() or 0) >= 1 << 63:
        raise RefusedInput(f"{where}: label (={pc.max(column).as_py()}) is too large; {_VALID}")
    return column.cast(pa.int64()).fill_null(NO_LABEL).to_numpy(), missing


def _without_fraction(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        odd = next(value for value in column.to_pylist() if not _is_key(value))
        said = "is too large" if odd == odd.to_integral_value() else "is no whole number"
        raise RefusedInput(f"{where}: label (={odd}) {said}; {_VALID}") from None


def _is_key(value: Decimal | None) -> bool:
    """Whether it is a whole number of 64 bits, or none."""
    return value is None or (value == value.to_integral_value() and -(1 << 63) <= value < 1 << 63)


def _names_in(parts: list[Labelled], where: str) -> list[str]:
    """The class names in the files' metadata, which agree; none where no file has any."""
    named = [(part, names) for part in parts if (names := _names_of(part))]
    if not named:
        return []
    first, names = named[0]
    for part, others in named:
        if others != names:
            raise RefusedInput(
                f"{where}: classes are called {short_list(names)} in {first.where}, but "
                f"{short_list(others)} in {part.where}; they must be one list"
            )
    return names


def _names_of(part: Labelled) -> list[str]:
    if b"class_names" in part.metadata:
        names = _json(part, b"class_names")
    else:
        feature = features_of(part.metadata).get(part.column or "", {})
        names = feature.get("names") if isinstance(feature, dict) else None
    said = names if isinstance(names, list) else [None]
    if names is not None and not all(type(name) in (str, int, float) for name in said):
        raise RefusedInput(f"{part.where}: class_names (={quoted(names)}) must be a list of names")
    return [class_name(str(name), part.where) for name in names or []]


def _json(part: Labelled, key: bytes) -> Any:
    try:
        return json.loads(_text(part, key))
    except (ValueError, RecursionError) as error:
        if isinstance(error, RefusedInput):
            raise
        raise RefusedInput(
            f"{part.where}: {key.decode()} in the schema's metadata is no JSON ({brief(error)}); "
            "valid: a list of names"
        ) from None


def _text(part: Labelled, key: bytes) -> str:
    try:
        return part.metadata[key].decode()
    except UnicodeDecodeError as error:
        raise RefusedInput(
            f"{part.where}: {key.decode()} in the schema's metadata is no UTF-8 ({brief(error)}); "
            "write it so"
        ) from None
