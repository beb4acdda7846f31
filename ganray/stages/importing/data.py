"""The data set, brought into the store."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import UInt8

from ganray.data import import_dataset, open_source
from ganray.data.rows import CHUNK_BYTES, only
from ganray.data.source import Source, unseen_source
from ganray.plan import Plan, Task
from ganray.plan.kinds import KINDS
from ganray.plan.parameters import DataParameters
from ganray.runs.records.parts import Arrays, read_chunks
from ganray.stages.artifacts import shards
from ganray.stages.needs import LITTLE
from ganray.stages.stage import Cost, Stage
from ganray.stages.workspace import Workspace
from ganray.store import StoredFile

_PARTS = "part"


def decode_chunk(work: Workspace, index: int) -> Arrays:
    """The pixels of some pictures of the source."""
    told = DataParameters.of(work.task)
    assert told.apart is not None  # a task with chunks has it
    rows, size = _unseen(told.model_dump_json()).rows, told.apart.at_once
    chosen = np.zeros(len(rows.labels), dtype=bool)
    chosen[index * size : (index + 1) * size] = True
    return {"images": np.concatenate(list(only(rows, chosen).stream()))}


def import_data(work: Workspace) -> None:
    """Bring the source into the store, partitioned by split and class."""
    told = DataParameters.of(work.task)
    if told.apart is None:
        source = open_source(told.data, told.whole)
    else:
        source = _unseen.__wrapped__(told.model_dump_json())
        source = source.streaming(lambda: _decoded(work))
    stored: list[StoredFile] = []

    @contextmanager
    def open_file(name: str) -> Iterator[Any]:
        with work.attempt.open(name) as writer:
            yield writer
        stored.append(writer.stored)

    info = import_dataset(source, told.data, open_file)
    result = {"digest": info.digest, "counts": dict(info.counts)}
    if repeats := info.notes.removeprefix(source.describe().notes).strip():
        result["notes"] = repeats
    work.commit({}, result, stored=tuple(stored))


@lru_cache(maxsize=1)
def _unseen(told: str) -> Source:
    """Kept, as a worker decodes many chunks and a listing of a million files takes a while."""
    read = DataParameters.model_validate_json(told)
    assert read.apart is not None
    return unseen_source(read.data, read.apart.shape, read.apart.notes, read.whole)


def _decoded(work: Workspace) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
    """What the chunks hold, a shard at a time."""
    for shard in shards(work):
        for chunk in read_chunks(work.store, shard, _PARTS):
            yield chunk["images"]


def _cost(task: Task, plan: Plan) -> Cost:
    told = DataParameters.of(task)
    images = told.images or sum(map(sum, plan.dataset["counts"].values()))
    return Cost(0.0, images * math.prod(plan.dataset["shape"]))


def _memory(task: Task, plan: Plan) -> int:
    """A few chunks of images as they stream by; of stacked images their source; or a shard."""
    told = DataParameters.of(task)
    held = 0
    if told.data.stacked is not None:  # its grey images, of which there are as many at most
        held = (
            sum(map(sum, plan.dataset["counts"].values())) * math.prod(plan.dataset["shape"]) // 3
        )
    if told.apart:  # a shard, and its bytes once more while it is written
        held += 3 * KINDS[task.kind].shard * told.apart.at_once * math.prod(told.apart.shape)
    return held + 8 * CHUNK_BYTES + 16 * math.prod(plan.dataset["shape"]) + 2 * LITTLE


STAGE = Stage(import_data, decode_chunk, _PARTS, memory=_memory, cost=_cost)
