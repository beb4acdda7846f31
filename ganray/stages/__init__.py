"""READ THIS FIRST. One function per stage; a plan's tasks run through them in this order:

    data ─▶ train ─▶ sample ─▶ embed ─▶ measure ─▶ card
     └─▶ encoder ─────────────┘
     └─▶ targets ─▶ search

A stage reads its inputs from the store, does its work with plain PyTorch or NumPy, and commits one
artifact. Stages with a `chunk` function are first worked chunk by chunk, by whoever is free, and
then put together by their `whole` function. `LocalRunner` runs a plan here; `ganray.distributed`
runs the same functions on Ray.
"""

from __future__ import annotations

from collections.abc import Iterable

from ganray.errors import Stopped
from ganray.numerics import threads
from ganray.stages.stage import Stage, stage_of
from ganray.stages.workspace import Workspace

__all__ = ["Stage", "Workspace", "run_chunks", "run_whole", "stage_of"]


def run_chunks(work: Workspace, indices: Iterable[int]) -> None:
    """Work those of the chunks that the store does not hold yet.

    Raises:
        Stopped: on request, between two chunks; finished ones are kept.
    """
    code = stage_of(work.task.kind)
    with threads(1):
        for index in indices:
            if work.should_stop():
                raise Stopped(f"{work.task.title} stopped before chunk {index}")
            if code.chunk and not _has_chunk(work, index):
                code.chunk(work, index)
            work.report(1, work.task.chunks, chunk=index)


def run_whole(work: Workspace) -> None:
    """Do a task, or put its chunks together, with the threads that its specification names."""
    with threads(work.task.threads):
        stage_of(work.task.kind).whole(work)
    work.report(1, 1, finished=True)


def _has_chunk(work: Workspace, index: int) -> bool:
    manifest = work.store.manifest(work.task.chunk_address(index))
    current = manifest is not None and manifest.inputs == work.input_digests
    return current and not work.redo
