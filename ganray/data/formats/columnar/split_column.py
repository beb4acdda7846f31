"""The column that tells the split of each row; and those that seem to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import UInt8

from ganray.data.formats.columnar.columns import Chosen, is_bytes, is_text
from ganray.data.formats.columnar.shards import Shard
from ganray.data.rows import TEST, TRAIN, split_code, split_words, words_of
from ganray.errors import RefusedInput, one_line, quoted
from ganray.text.wording import short_list

# In names of columns that others keep a split in; to be read as one it has to be called `split`.
_SPLIT_COLUMNS = {"split", "splits", "subset", "set", "partition", "fold", "usage"}


def may_tell_splits(name: str) -> bool:
    """Whether a column of this name is to be looked at, whatever it holds."""
    return bool(split_words(name) or _SPLIT_COLUMNS.intersection(words_of(name)))


def splits_of(table: pa.Table, chosen: Chosen, count: int, shard: Shard) -> UInt8[np.ndarray, "n"]:
    """The split of each row, as an index into `SPLITS`.

    Args:
        table: with the columns that may tell it.
        count: of rows.

    Raises:
        RefusedInput: a column tells splits that is not the one; or its values are no words for
            splits, missing, or others than the file's name says.
    """
    where = repr(shard.location.shown)
    if not chosen.splits_are_told:
        _refuse_other_columns(table, chosen, where)
    if chosen.split is None:
        return np.full(count, shard.split or TRAIN, dtype=np.uint8)
    column = _as_text(table[chosen.split], chosen.split, where)
    column = column.combine_chunks().dictionary_encode()
    names = column.dictionary.to_pylist()
    codes = [split_code(name) for name in names]
    if None in codes:
        raise RefusedInput(
            f"{where}: {chosen.split} (={quoted(names[codes.index(None)])}) must be train, "
            f"held_out or test"
        )
    if shard.split and set(codes) - {shard.split}:
        raise RefusedInput(
            f"{where}: its rows are of the splits {', '.join(names)}, but its "
            f"name or folder says another; rename it"
        )
    return np.asarray(codes, dtype=np.uint8)[column.indices.to_numpy()]


def _as_text(column: pa.ChunkedArray, name: str, where: str) -> pa.ChunkedArray:
    """The words for splits; what is true of a row of `is_test` is test, what is not is train."""
    _refuse_nulls(column, where)
    words = split_words(name)
    if pa.types.is_boolean(column.type) and words:
        other = "test" if split_code(words[0]) == TRAIN else "train"
        return pa.chunked_array([pc.if_else(chunk, words[0], other) for chunk in column.chunks])
    _refuse_no_text(column, name, where)
    return column.cast(pa.string())


def _refuse_nulls(column: pa.ChunkedArray, where: str) -> None:
    if column.null_count:
        have = "has" if column.null_count == 1 else "have"
        raise RefusedInput(
            f"{where}: {column.null_count} of {len(column)} rows {have} no split (null); fill them "
            f"in, or drop these rows"
        )


def _refuse_no_text(column: pa.ChunkedArray, name: str, where: str) -> None:
    kind = column.type
    if not (is_text(kind) or is_bytes(kind) or pa.types.is_null(kind)):
        raise RefusedInput(
            f"{where}: column {name} (={kind}) must be of strings: train, held_out or test"
        )
    try:
        column.cast(pa.string())
    except pa.ArrowInvalid:
        raise RefusedInput(
            f"{where}: column {name} holds bytes that are no UTF-8; valid: train, held_out or test"
        ) from None


def _refuse_other_columns(table: pa.Table, chosen: Chosen, where: str) -> None:
    for name, column in zip(table.column_names, table.columns, strict=True):  # names may be equal
        if name not in (chosen.label, chosen.split) and (values := _told(column, name)):
            raise RefusedInput(
                f"{where}: the column {one_line(name)!r} tells splits ({short_list(values)}), but "
                "is not called 'split'; name it by data.columns.split, or say that there are none "
                "by data.columns.split=false"
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
