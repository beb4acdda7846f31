"""What a sharded task has committed: arrays of its chunks, a shard in each file.

A chunk carries the arithmetic and has a fixed size; a shard is so many chunks in a row, aligned to
their numbers, and the unit of a commit. So files are alike however many workers there were. The
artifact of the whole names the files of its shards, which lie there once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import numpy as np
import safetensors.numpy

from ganray.errors import CorruptArtifact
from ganray.plan import Task
from ganray.store import Manifest, Store, StoredFile

Arrays = dict[str, np.ndarray]
"""By their names; the first axis of each is the rows: images, or pairs of a search."""


def shard_file(stem: str, first: int) -> str:
    """What the file of the shard that begins with chunk `first` is called."""
    return f"{stem}-{first:06d}.safetensors"


def named(chunks: Mapping[int, Arrays]) -> Arrays:
    """The arrays of some chunks, each by its own name and its chunk's number."""
    return {
        f"{name}/{index:06d}": array
        for index, arrays in chunks.items()
        for name, array in arrays.items()
    }


def by_chunk(arrays: Arrays) -> dict[int, Arrays]:
    """The reverse of `named`, in the order of the chunks."""
    chunks: dict[int, Arrays] = {}
    for key, array in arrays.items():
        name, _, index = key.rpartition("/")
        chunks.setdefault(int(index), {})[name] = array
    return dict(sorted(chunks.items()))


def stored_shards(store: Store, task: Task, first: int | None = None) -> list[Manifest]:
    """The shards of a task that the store holds, whatever their inputs were; with `first`, those
    alone that begin there: a whole one, and what of it was kept when its work was interrupted."""
    begins = "" if first is None else f"{first:06d}-"
    return list(store.manifests(f"{task.trajectory}/chunks-{begins}"))


def span(manifest: Manifest) -> range:
    """The chunks that a shard holds."""
    return range(*map(int, manifest.address.rpartition("/chunks-")[2].split("-")))


def part_files(manifest: Manifest, stem: str) -> list[StoredFile]:
    """The files of an artifact's shards, in their order."""
    mine = [file for file in manifest.files if file.name.startswith(f"{stem}-")]
    # By number: of more than a million chunks names would not be in their order.
    return sorted(mine, key=lambda file: int(re.findall(r"\d+", file.name)[-1]))


def read_chunks(store: Store, manifest: Manifest, stem: str) -> list[Arrays]:
    """The arrays of every chunk of an artifact, or of a shard, in order."""
    return list(_chunks(store, manifest, stem))


def _chunks(store: Store, manifest: Manifest, stem: str) -> Iterator[Arrays]:
    for file in part_files(manifest, stem):
        arrays = safetensors.numpy.load(store.read(manifest, file.name))
        yield from by_chunk(arrays).values()


def joined(chunks: Sequence[Arrays]) -> Arrays:
    """Of arrays of one name the rows of all chunks, of which there is at least one."""
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def read_joined(store: Store, manifest: Manifest, stem: str) -> Arrays:
    """The rows of an artifact, as many as its result says (`count`), or all where it says nothing.

    Memory beside the rows is that of a shard.

    Raises:
        CorruptArtifact: a file is missing or damaged, or there is none.
    """
    count, chunks = manifest.result.get("count"), _chunks(store, manifest, stem)
    if (first := next(chunks, None)) is None:
        raise CorruptArtifact(f"{manifest.address}: it names no {stem}-*.safetensors")
    if count is None:
        return joined([first, *chunks])
    whole = {name: np.empty((count, *one.shape[1:]), one.dtype) for name, one in first.items()}
    filled = dict.fromkeys(whole, 0)
    for chunk in chain([first], chunks):
        for name, rows in whole.items():
            begin, end = filled[name], min(filled[name] + len(chunk[name]), count)
            rows[begin:end] = chunk[name][: end - begin]
            filled[name] = end
    return {name: rows[: filled[name]] for name, rows in whole.items()}
