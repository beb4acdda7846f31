"""Picture files in the cells of Parquet files: bytes, Hugging Face's `{bytes, path}`, or paths."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Int64

from ganray.data.formats.columnar.shards import Shard
from ganray.data.location import Location
from ganray.data.pictures.decoding import MAX_BYTES
from ganray.errors import RefusedInput, brief, quoted

_AT_ONCE = 64  # rows
_BYTES_AT_ONCE = 64 << 20
_NO_BYTES = "a value of type {}; write the files' bytes into the column"
# The first bytes of JPEG, PNG, GIF, WebP and BMP, as base64 has them, perhaps in a data URL.
_BASE64 = re.compile("(data:image/[^,]{1,40},)?(/9j/|iVBORw0KGgo|R0lGOD|UklGR|Qk[0-3])")


@contextmanager
def opened(file: Location) -> Iterator[pq.ParquetFile]:
    """A Parquet file; what is wrong with it in one line."""
    try:
        with file.open() as raw:
            # pre_buffer would hold whole row groups, which published files make as big as the set
            yield pq.ParquetFile(raw, pre_buffer=False, buffer_size=1 << 20)
    except (pa.ArrowException, UnicodeError) as error:
        raise RefusedInput(f"{file.shown!r} is no readable Parquet: {brief(error)}") from None


@dataclass(frozen=True)
class Cells:
    """The pictures of some files, as `Items`: those of each file behind those of the one before.

    Attributes:
        columns: of the images, by file.
        counts: rows of each file.
    """

    shards: Sequence[Shard]
    columns: Sequence[str]
    counts: Sequence[int]

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
        for shard, column, count in zip(self.shards, self.columns, self.counts, strict=True):
            own = chosen[(chosen >= first) & (chosen < first + count)] - first
            first += count
            if len(own):
                yield from _bytes_of_file(shard.location, column, own)


def _bytes_of_file(
    file: Location, column: str, rows: Int64[np.ndarray, "n"]
) -> Iterator[bytes | RefusedInput]:
    with opened(file) as parquet:
        sizes = [parquet.metadata.row_group(k).num_rows for k in range(parquet.num_row_groups)]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        counted = np.searchsorted(rows, starts)
        wanted = [k for k in range(len(sizes)) if counted[k] < counted[k + 1]]
        place = np.concatenate([np.arange(starts[k], starts[k + 1]) for k in wanted])
        start, told = 0, 0
        for batch in parquet.iter_batches(
            _rows_at_once(parquet), row_groups=wanted, columns=[column]
        ):
            own = place[start : start + len(batch)]
            start += len(batch)
            for at in np.flatnonzero(np.isin(own, rows, assume_unique=True)).tolist():
                where = f"{file.shown}: row {own[at]}"
                yield _value(batch.column(0)[at].as_py(), file, where)
                told += 1
    if told < len(rows):
        raise RefusedInput(f"{file.shown!r} has fewer rows than before; start again")


def _rows_at_once(parquet: pq.ParquetFile) -> int:
    """So many that they take little memory, by the sizes that the file tells."""
    groups = [parquet.metadata.row_group(k) for k in range(parquet.num_row_groups)]
    each = max((group.total_byte_size // max(1, group.num_rows) for group in groups), default=1)
    return min(_AT_ONCE, max(1, _BYTES_AT_ONCE // max(1, each)))


def _value(found: Any, file: Location, where: str) -> bytes | RefusedInput:
    """The content of one cell."""
    if isinstance(found, list):
        if len(found) != 1:
            return RefusedInput(f"{where} has {len(found)} images; each row must have one")
        return _value(found[0], file, where)
    if isinstance(found, dict):
        inner = found.get("bytes")
        if isinstance(inner, list):  # of numbers; a list of one would be taken for its content
            return RefusedInput(f"{where} has no image, but {_NO_BYTES.format('list')}")
        return _value(found.get("path") if inner is None else inner, file, where)
    if found is None:
        return RefusedInput(f"{where} has no image; every row needs one")
    if isinstance(found, str):
        return _beside(file, found, where)
    if not isinstance(found, bytes):
        return RefusedInput(f"{where} has no image, but {_NO_BYTES.format(type(found).__name__)}")
    return found


def _beside(file: Location, path: str, where: str) -> bytes | RefusedInput:
    """The content of a file that lies where a cell says, below the folder of the Parquet file."""
    if _BASE64.match(path):
        return RefusedInput(
            f"{where} has an image as text (base64); write the files' bytes into the column"
        )
    said = f"{where} has no image, only the path {quoted(path)}"
    if path.startswith("/") or "\\" in path or ".." in path.split("/"):
        return RefusedInput(
            f"{said}, which leads elsewhere; write the files' bytes into the column"
        )
    try:
        beside = file.beside(path)
        # A pipe would be waited for, and a device has no end.
        if "file" in file.fs.protocol and beside.kind() != "file":
            raise RefusedInput(f"{beside.shown!r} is no file")
        return beside.read(MAX_BYTES)
    except ValueError:  # a refusal, or a null byte in the path
        return RefusedInput(
            f"{said}, and no such file lies beside it; write the files' bytes into the column"
        )
