"""The data set, brought into the store."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ganray.data import import_dataset, open_source
from ganray.data.rows import CHUNK_BYTES
from ganray.plan import Plan, Task
from ganray.plan.parameters import DataParameters
from ganray.stages.needs import LITTLE
from ganray.stages.stage import Cost, Stage
from ganray.stages.workspace import Workspace
from ganray.store import StoredFile


def import_data(work: Workspace) -> None:
    """Bring the source into the store, partitioned by split and class."""
    told = DataParameters.of(work.task)
    source = open_source(told.data, told.whole)
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


def _cost(task: Task, plan: Plan) -> Cost:
    told = DataParameters.of(task)
    images = told.images or sum(map(sum, plan.dataset["counts"].values()))
    return Cost(0.0, images * math.prod(plan.dataset["shape"]))


def _memory(task: Task, plan: Plan) -> int:
    """A few chunks of images as they stream by; of stacked images their source."""
    told = DataParameters.of(task)
    held = 0
    if told.data.stacked is not None:  # its grey images, of which there are as many at most
        held = (
            sum(map(sum, plan.dataset["counts"].values())) * math.prod(plan.dataset["shape"]) // 3
        )
    return held + 8 * CHUNK_BYTES + 16 * math.prod(plan.dataset["shape"]) + 2 * LITTLE


STAGE = Stage(import_data, memory=_memory, cost=_cost)
