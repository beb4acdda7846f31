"""A counting sort on disk: images as they come, to one Parquet file for each split and class."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ganray.data.imported.scratch import scratch_failures
from ganray.data.rows import rows_per_chunk
from ganray.data.source import Batch
from ganray.data.spec import SPLITS, DatasetFile, SourceInfo, Split

OpenFile = Callable[[str], AbstractContextManager[BinaryIO]]


class Partitions:
    """The records of each (split, class), contiguous and in source order, in one scratch file.

    Attributes:
        counts: images of each (split, class) that has any.
    """

    def __init__(self, scratch: BinaryIO, info: SourceInfo) -> None:
        self._scratch = scratch
        self._shape = info.shape
        pixels = int(np.prod(info.shape))
        self._record = np.dtype([("index", "<i8"), ("image", "u1", (pixels,))])
        self.counts = {
            (split, label): count
            for split in SPLITS
            for label, count in enumerate(info.counts[split])
            if count
        }
        ends = list(accumulate(self.counts.values()))
        self._start = dict(zip(self.counts, [0, *ends], strict=False))
        self._next = dict(self._start)

    def holding(self, counts: dict[tuple[Split, int], int]) -> None:
        """So many images of each partition are there already, from an import that was killed."""
        for key, count in counts.items():
            self._next[key] += count

    def add(self, batch: Batch) -> None:
        """Puts each image of `batch` behind those of its split and class."""
        records = np.empty(len(batch.labels), dtype=self._record)
        records["index"] = batch.index
        records["image"] = batch.images.reshape(len(records), -1)
        for label in np.unique(batch.labels):
            own = records[batch.labels == label]
            key = (batch.split, int(label))
            with scratch_failures(Path(self._scratch.name).parent):
                self._scratch.seek(self._next[key] * self._record.itemsize)
                self._scratch.write(own.tobytes())
            self._next[key] += len(own)

    def write(self, split: Split, label: int, open_file: OpenFile) -> DatasetFile:
        """Encodes one partition as Parquet: `index` (row in the source) and raw `image`."""
        path = f"split={split}/label={label}/part-00000.parquet"
        width = self._record["image"].itemsize
        schema = pa.schema([("index", pa.int64()), ("image", pa.binary(width))])
        pixels = hashlib.sha256()
        with open_file(path) as target:
            sink = _HashingSink(target.write)
            with pq.ParquetWriter(
                sink, schema, compression="zstd", use_dictionary=False, write_statistics=False
            ) as writer:
                for records in self._read(split, label):
                    image = records["image"].tobytes()
                    pixels.update(image)
                    writer.write_batch(_arrow(records["index"], image, schema))
        return DatasetFile(
            path=path,
            split=split,
            label=label,
            count=self.counts[split, label],
            size=sink.size,
            sha256=sink.digest.hexdigest(),
            pixels_sha256=pixels.hexdigest(),
        )

    def _read(self, split: Split, label: int) -> Iterator[np.ndarray]:
        start, count = self._start[split, label], self.counts[split, label]
        rows = rows_per_chunk(self._shape)
        for first in range(start, start + count, rows):
            length = min(rows, start + count - first)
            self._scratch.seek(first * self._record.itemsize)
            yield np.frombuffer(self._scratch.read(length * self._record.itemsize), self._record)


def _arrow(index: np.ndarray, image: bytes, schema: pa.Schema) -> pa.RecordBatch:
    pixels = pa.Array.from_buffers(
        schema.field("image").type, len(index), [None, pa.py_buffer(image)]
    )
    return pa.record_batch([pa.array(index), pixels], schema=schema)


class _HashingSink:
    """A file for Arrow to write to, which counts and hashes what passes."""

    closed = False

    def __init__(self, write: Callable[[bytes], int]) -> None:
        self.size = 0
        self.digest = hashlib.sha256()
        self._write = write

    def write(self, data: bytes) -> int:
        """Passes `data` on."""
        self.digest.update(data)
        self.size += len(data)
        self._write(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back here."""

    def close(self) -> None:
        """Ends the Parquet file; whoever opened the target closes it."""
        self.closed = True
