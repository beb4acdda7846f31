"""An imported set, partitioned by class: a marginal task reads its own class and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Int64, UInt8

from ganray.data.imported.cache import node_cache
from ganray.data.location import Location
from ganray.data.rows import class_name, refuse_equal_names, rows_per_chunk, shape_text
from ganray.data.spec import SPLITS, DatasetFile, DatasetInfo
from ganray.errors import CorruptArtifact, RefusedInput, brief
from ganray.spec import parse

INFO_FILE = "dataset.json"


@dataclass(frozen=True)
class Dataset:
    """A set that `import_dataset` wrote."""

    info: DatasetInfo
    folder: Location

    @classmethod
    def open(cls, url: str) -> Dataset:
        """The set whose `dataset.json` lies in the folder `url`.

        Raises:
            RefusedInput: where there is none, it cannot be reached, or it is of another version or
                contradicts itself.
            CorruptArtifact: where it is no JSON.
        """
        return cls.at(Location.of(url))

    @classmethod
    def at(cls, folder: Location) -> Dataset:
        """As `open`, for a folder that is already located."""
        if folder.is_remote:
            node_cache()  # before anything is read, it refuses settings that cannot be
        file = folder.child(INFO_FILE)
        if not file.exists():
            raise RefusedInput(
                f"{folder.shown!r} holds no {INFO_FILE}: it is no imported data set, or its "
                f"import did not finish"
            )
        try:
            values = json.loads(file.read())
        except (ValueError, RecursionError) as error:
            raise CorruptArtifact(f"{file.shown!r} is no valid JSON ({brief(error)})") from None
        info: DatasetInfo = parse(DatasetInfo, values, file.shown)
        _refuse_inconsistent(info, file)
        return cls(info, folder)

    def images(
        self, split: str, classes: Sequence[int] | None = None
    ) -> tuple[UInt8[np.ndarray, "n c h w"], Int64[np.ndarray, "n"]]:
        """Images and labels of some classes (all by default); only their files are read.

        Classes come in ascending order, each one's rows in the order of the source. A remote set's
        files are fetched once by a node, which keeps copies (`ganray.data.imported.cache`).

        Raises:
            RefusedInput: for an unknown split or class.
            CorruptArtifact: for a file that is missing or has another sha256.
        """
        files = self._files(split, classes)
        total = sum(file.count for file in files)
        images = np.empty((total, *self.info.shape), dtype=np.uint8)
        labels = np.empty(total, dtype=np.int64)
        start = 0
        for file in files:
            rows = slice(start, start + file.count)
            images[rows] = self._read(file)
            labels[rows] = file.label
            start = rows.stop
        return images, labels

    def _files(self, split: str, classes: Sequence[int] | None) -> list[DatasetFile]:
        known = range(len(self.info.class_names))
        if split not in SPLITS:
            raise RefusedInput(f"split (={split!r}) must be one of {', '.join(SPLITS)}")
        for label in () if classes is None else classes:
            if label not in known:
                raise RefusedInput(f"classes (={label}) must lie in 0 … {len(known) - 1}")
        wanted = set(known if classes is None else classes)
        files = [file for file in self.info.files if file.split == split and file.label in wanted]
        return sorted(files, key=lambda file: (file.label, file.path))

    def _read(self, file: DatasetFile) -> UInt8[np.ndarray, "n c h w"]:
        cache = node_cache() if self.folder.is_remote else None
        data = cache.get(file.sha256) if cache else None
        if data is None:
            data = self._existing(file).read()
            self._verify(file, hashlib.sha256(data).hexdigest())
            if cache:
                cache.put(file.sha256, data)
        column = pq.read_table(pa.BufferReader(data), columns=["image"])["image"]
        return _pixels(column.combine_chunks(), self.info.shape)

    def stream(self) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
        """Images of all files in the order of `info.files`, in chunks.

        Raises:
            CorruptArtifact: for a file that is missing or has another sha256.
        """
        rows = rows_per_chunk(self.info.shape)
        for file in self.info.files:
            location = self._existing(file)
            self._verify(file, location.sha256())
            with location.open() as raw:
                parquet = pq.ParquetFile(raw, pre_buffer=False)
                for batch in parquet.iter_batches(rows, columns=["image"]):
                    yield _pixels(batch.column(0), self.info.shape)

    def _existing(self, file: DatasetFile) -> Location:
        location = self.folder.child(file.path)
        if not location.exists():
            raise CorruptArtifact(f"{location.shown!r} is missing; import the data set again")
        return location

    def _verify(self, file: DatasetFile, found: str) -> None:
        if found != file.sha256:
            raise CorruptArtifact(
                f"{self.folder.child(file.path).shown!r}: sha256 {found} is not {file.sha256} as "
                f"{INFO_FILE} says; import the data set again"
            )


def _refuse_inconsistent(info: DatasetInfo, file: Location) -> None:
    """What ganray did not write so would be read as something else, or end somewhere far away."""
    where, known = repr(file.shown), range(len(info.class_names))
    refuse_equal_names([class_name(name, where) for name in info.class_names], where)
    if min(info.shape) < 1 or info.shape[0] not in (1, 3):
        raise RefusedInput(
            f"{where}: shape (={shape_text(info.shape)}) must be 1 or 3×height×width"
        )
    counts = {split: [0] * len(known) for split in SPLITS}
    for part in info.files:
        if part.label not in known or part.count < 1 or ".." in part.path.split("/"):
            raise RefusedInput(
                f"{where}: files (={part.path!r}, label {part.label}, count {part.count}) must "
                f"lie below it, have labels in 0 … {len(known) - 1} and counts from 1"
            )
        counts[part.split][part.label] += part.count
    if counts != info.counts:
        raise RefusedInput(f"{where}: counts are not those of its files; import the data set again")


def _pixels(column: pa.Array, shape: tuple[int, int, int]) -> UInt8[np.ndarray, "n c h w"]:
    width = int(np.prod(shape))
    if not pa.types.is_fixed_size_binary(column.type) or column.type.byte_width != width:
        raise CorruptArtifact(
            f"{INFO_FILE}: shape {shape} is not that of the images, {column.type}"
        )
    pixels = np.frombuffer(column.buffers()[1], dtype=np.uint8)
    start = column.offset * width
    return pixels[start : start + len(column) * width].reshape(len(column), *shape)
