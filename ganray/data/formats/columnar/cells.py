"""Picture files in the cells of Parquet files, a few rows at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Int64

from ganray.data.formats.columnar.columns import is_encoded
from ganray.data.formats.columnar.contents import begins_as_picture, content_of
from ganray.data.formats.columnar.fields import Field, is_list, picked
from ganray.data.formats.columnar.shards import Shard
from ganray.data.location import Location
from ganray.data.pictures.kinds import format_by_signature
from ganray.errors import RefusedInput, brief

_AT_ONCE = 64  # rows
_BYTES_AT_ONCE = 64 << 20


@contextmanager
def opened(file: Location) -> Iterator[pq.ParquetFile]:
    """A Parquet file; what is wrong with it in one line."""
    try:
        with file.open() as raw:
            # pre_buffer would hold whole row groups, which published files make as big as the set
            yield pq.ParquetFile(raw, pre_buffer=False, buffer_size=1 << 20)
    except (pa.ArrowException, UnicodeError) as error:
        raise RefusedInput(f"{file.shown!r} is no readable Parquet: {brief(error)}") from None


def rows_at_once(parquet: pq.ParquetFile, field: Field, value: int = 0) -> int:
    """So many that they take little memory, by the sizes that the file tells.

    Args:
        value: mean bytes of a value where that is most, as `pages.held_by` tells of large files: a
            value that is stored once may be that of every row.
    """
    groups = [parquet.metadata.row_group(k) for k in range(parquet.num_row_groups)]
    each = max((group.total_byte_size // max(1, group.num_rows) for group in groups), default=1)
    if is_list(field.kind):
        value, each = 0, each * 8  # a byte may be kept as a number of 64 bits
    return min(_AT_ONCE, max(1, _BYTES_AT_ONCE // max(1, each, value)))


def holds_pictures(parquet: pq.ParquetFile, field: Field) -> bool:
    """Whether the images of a column are picture files: by its type, or else by its first value."""
    kind = field.kind
    flat = is_list(kind) and pa.types.is_integer(kind.value_type)
    if is_encoded(kind) or not (flat or pa.types.is_fixed_size_binary(kind)):
        return is_encoded(kind)
    for batch in parquet.iter_batches(1, columns=[field.read]):
        for cell in picked(batch.column(0), field).drop_null():
            return (
                begins_as_picture(cell.values) if flat else bool(format_by_signature(cell.as_py()))
            )
    return False


@dataclass(frozen=True)
class Cells:
    """The pictures of some files, as `Items`: those of each file behind those of the one before.

    Attributes:
        fields: of the images, by file.
        counts: rows of each file.
        at_once: rows of each file that are held at a time.
    """

    shards: Sequence[Shard]
    fields: Sequence[Field]
    counts: Sequence[int]
    at_once: Sequence[int]

    def said(self, item: int) -> str:
        """The file and the row in it."""
        place = bisect_right(self._ends, item)
        row = item - self._ends[place] + self.counts[place]
        return f"{self.shards[place].location.shown}, row {row}"

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(self.counts))

    def bytes_of(self, chosen: Int64[np.ndarray, "n"]) -> Iterator[bytes | RefusedInput]:
        """The contents of some cells; row groups without any are not read."""
        first = 0
        for shard, field, count, at_once in zip(
            self.shards, self.fields, self.counts, self.at_once, strict=True
        ):
            own = chosen[(chosen >= first) & (chosen < first + count)] - first
            first += count
            if len(own):
                yield from _bytes_of_file(shard.location, field, own, at_once)


def _bytes_of_file(
    file: Location, field: Field, rows: Int64[np.ndarray, "n"], at_once: int
) -> Iterator[bytes | RefusedInput]:
    with opened(file) as parquet:
        sizes = [parquet.metadata.row_group(k).num_rows for k in range(parquet.num_row_groups)]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        counted = np.searchsorted(rows, starts)
        wanted = [k for k in range(len(sizes)) if counted[k] < counted[k + 1]]
        place = np.concatenate([np.arange(starts[k], starts[k + 1]) for k in wanted])
        start, told = 0, 0
        for batch in parquet.iter_batches(at_once, row_groups=wanted, columns=[field.read]):
            own = place[start : start + len(batch)]
            start += len(batch)
            column = picked(batch.column(0), field)
            for at in np.flatnonzero(np.isin(own, rows, assume_unique=True)).tolist():
                yield content_of(column[at], file, f"{file.shown}: row {own[at]}")
                told += 1
    if told < len(rows):
        raise RefusedInput(f"{file.shown!r} has fewer rows than before; start again")
