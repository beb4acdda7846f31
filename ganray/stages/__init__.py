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

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ganray.errors import Stopped
from ganray.numerics import threads
from ganray.stages import (
    card,
    data,
    embed,
    encoder,
    measure,
    objective,
    sample,
    search,
    spec,
    targets,
    train,
    weights,
)
from ganray.stages.workspace import Workspace

__all__ = ["STAGES", "Stage", "Workspace", "run_chunks", "run_whole"]


@dataclass(frozen=True)
class Stage:
    """The code of one stage."""

    whole: Callable[[Workspace], None]
    chunk: Callable[[Workspace, int], None] | None = None


STAGES: dict[str, Stage] = {
    "data": Stage(data.import_data),
    "encoder": Stage(encoder.train_encoder),
    "weights": Stage(weights.import_weights),
    "train": Stage(train.train_gan),
    "sample": Stage(sample.sample_images, sample.sample_images_chunk),
    "embed": Stage(embed.embed_images, embed.embed_images_chunk),
    "measure": Stage(measure.measure),
    "targets": Stage(targets.draw_targets),
    "search": Stage(search.search_range, search.search_range_chunk),
    "card": Stage(card.write_card),
    "objective": Stage(objective.score_trial),
    "spec": Stage(spec.choose_spec),
}


def run_chunks(work: Workspace, indices: Iterable[int]) -> None:
    """Work those of the chunks that the store does not hold yet.

    Raises:
        Stopped: on request, between two chunks; finished ones are kept.
    """
    stage = STAGES[work.task.kind]
    with threads(1):
        for index in indices:
            if work.should_stop():
                raise Stopped(f"{work.task.title} stopped before chunk {index}")
            if stage.chunk and not _has_chunk(work, index):
                stage.chunk(work, index)
            work.report(1, work.task.chunks, chunk=index)


def run_whole(work: Workspace) -> None:
    """Do a task, or put its chunks together, with the threads that its specification names."""
    with threads(work.task.threads):
        STAGES[work.task.kind].whole(work)
    work.report(1, 1, finished=True)


def _has_chunk(work: Workspace, index: int) -> bool:
    manifest = work.store.manifest(work.task.chunk_address(index))
    current = manifest is not None and manifest.inputs == work.input_digests
    return current and not work.redo
