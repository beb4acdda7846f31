"""The data set, brought into the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ganray.data import DatasetSpec, import_dataset, open_source
from ganray.stages.workspace import Workspace
from ganray.store import StoredFile


def import_data(work: Workspace) -> None:
    """Bring the source into the store, partitioned by split and class."""
    spec = DatasetSpec(**work.task.parameters["data"])
    stored: list[StoredFile] = []

    @contextmanager
    def open_file(name: str) -> Iterator[Any]:
        with work.attempt.open(name) as writer:
            yield writer
        stored.append(writer.stored)

    info = import_dataset(open_source(spec), spec, open_file)
    work.commit({}, {"digest": info.digest, "counts": dict(info.counts)}, stored=tuple(stored))
