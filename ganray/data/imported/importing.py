"""Import: a source, partitioned by split and class, in memory that does not grow with the set."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ganray.data.choosing.duplicates import digests, said_of_duplicates
from ganray.data.imported.dataset import INFO_FILE
from ganray.data.imported.partitions import OpenFile, Partitions
from ganray.data.imported.scratch import scratch
from ganray.data.location import Location
from ganray.data.rows import joined_notes
from ganray.data.source import Batch, Source
from ganray.data.spec import DatasetFile, DatasetInfo, DatasetSpec, SourceInfo
from ganray.errors import RefusedInput
from ganray.spec import canonical_json

LEFT_OUT_FILE = "left_out.txt"
"""What of the source is not in the set as it cannot be read, a line each."""


def import_dataset(
    source: Source,
    spec: DatasetSpec,
    open_file: OpenFile,
    kept: Path | None = None,
    told: Callable[[int, int], None] | None = None,
) -> DatasetInfo:
    """Writes `split=<s>/label=<k>/part-00000.parquet` for each split and class.

    The counts are known before the images, so each partition has its place in one scratch file
    from the start: a counting sort on disk. Memory is a few chunks, 8 bytes an image, and one file
    of the set is open, whatever the number of images and classes; the scratch file has the set's
    raw size.

    Args:
        spec: what `source` was opened with; its splits are recorded.
        open_file: opens a file of the set by its relative path for writing, `dataset.json` last.
        kept: a folder for that file, from which an import that was killed goes on; none: a
            temporary one.
        told: is told how many images of how many are read.

    Raises:
        RefusedInput: counting the images that cannot be read; or another process imports there.
        StoreError: where that folder cannot hold the set.
    """
    info = source.describe()
    with scratch(kept, _identity(source, info) if kept else "") as files:
        partitions = Partitions(files.pixels, info)
        partitions.holding(source.counts_before(files.rows))
        for chunk in source.chunks(files.rows):
            for batch in chunk:
                partitions.add(batch)
            if source.may_repeat:
                files.add_digests(files.rows, _digests(chunk))
            files.done(files.rows + sum(len(batch.labels) for batch in chunk))
            if told is not None:
                told(files.rows, source.count)
        if source.may_repeat:
            found = np.frombuffer(files.all_digests(), np.uint64)
            repeats = said_of_duplicates(found, source.splits)
            if repeats not in info.notes:  # else they are left out
                info = info.model_copy(update={"notes": joined_notes(info.notes, repeats)})
        return _written(source, info, spec, partitions, open_file)


def _digests(chunk: Sequence[Batch]) -> bytes:
    """Of the images of a chunk, in the order of the source."""
    index = np.concatenate([batch.index for batch in chunk])
    found = np.concatenate([digests(batch.images) for batch in chunk])
    return found[np.argsort(index)].tobytes()


def _identity(source: Source, info: SourceInfo) -> str:
    """Of what is imported: by it an import knows what a killed one has left."""
    content = [source.fingerprint(), info.model_dump(mode="json")]
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _written(
    source: Source,
    info: SourceInfo,
    spec: DatasetSpec,
    partitions: Partitions,
    open_file: OpenFile,
) -> DatasetInfo:
    files = [partitions.write(*key, open_file) for key in partitions.counts]
    if source.left_out:
        with open_file(LEFT_OUT_FILE) as target:
            target.write("\n".join([*source.left_out, ""]).encode(errors="backslashreplace"))
    dataset = DatasetInfo(
        **dict(info),
        digest=dataset_digest(info, files),
        files=files,
        settings={"held_out": spec.held_out, "test": spec.test},
    )
    with open_file(INFO_FILE) as target:
        target.write(dataset.model_dump_json(indent=1).encode())
    return dataset


def dataset_digest(info: SourceInfo, files: list[DatasetFile]) -> str:
    """SHA-256 of shape, class names and the pixels of each split and class, however encoded."""
    pixels = {f"{file.split}/{file.label}": file.pixels_sha256 for file in files}
    content = {"shape": list(info.shape), "class_names": info.class_names, "pixels": pixels}
    return hashlib.sha256(canonical_json(content)).hexdigest()


def new_dataset_folder(url: str) -> OpenFile:
    """What opens the files of a new set below `url`, on any file system, for `import_dataset`.

    Raises:
        RefusedInput: where there already is a `dataset.json`.
    """
    folder = Location.of(url)
    if folder.child(INFO_FILE).exists():
        raise RefusedInput(
            f"{folder.shown!r} already holds a {INFO_FILE}; import into another folder"
        )
    return lambda name: folder.child(name).create()
