"""READ THIS FIRST. One function per stage; a plan's tasks run through them in this order:

    data ─▶ train ─▶ sample ─▶ embed ─▶ measure ─▶ card
     └─▶ encoder ─────────────┘
     └─▶ targets ─▶ search
     └─▶ encoder ─▶ attack ─▶ project (by GANs) ─▶ judge

What a plan cannot know is found on the way by tasks whose results are inputs of others: `split`
finds clusters in features of the training images, `reweight` those images that a mixture lacks.
Samples of several GANs in shares that are known only then are one sequence, drawn by `mix`.

A stage reads its inputs from the store, does its work with plain PyTorch or NumPy, and commits one
artifact. Stages with a `chunk` function are first worked chunk by chunk, by whoever is free, each
shard (some chunks in a row) committed as one, and then put together by their `whole` function.
GANs of equal shape may be trained together (`training.cohort`), each as if it were alone.
`LocalRunner` runs a plan here; `ganray.distributed` runs the same functions on Ray.

A kind's file is called as the kind and lies in the folder of what it makes (`plan.kinds`). Beside
the folders lies what all share: what a stage declares (`stage`) and is given (`workspace`), what it
reads (`artifacts`) and takes of memory (`needs`), what it tells (`telling`, `log`, `remedies`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial

import safetensors.numpy

from ganray.errors import CorruptArtifact, Stopped
from ganray.process.beside import Beside
from ganray.process.numerics import threads, without_tf32
from ganray.runs.records.parts import (
    Arrays,
    named,
    read_chunks,
    shard_file,
    span,
    stored_shards,
)
from ganray.stages.stage import Stage, stage_of
from ganray.stages.workspace import Workspace

__all__ = ["Stage", "Workspace", "run_chunks", "run_whole", "stage_of"]


def run_chunks(work: Workspace, shards: Iterable[range]) -> None:
    """Work those shards that the store does not hold yet, chunk by chunk.

    What an interrupted shard has so far is kept, at the latest after `checkpoint_seconds`. A shard
    is committed while the next one is worked, and all are when this ends.

    Raises:
        Stopped: on request, between two chunks.
        StoreError: a commit has failed.
    """
    with threads(1), without_tf32(), Beside("ganray-shards") as beside:
        for chunks in shards:
            _Shard(work, chunks, beside).run()


class _Shard:
    """Some chunks in a row, worked one after another and committed as one."""

    def __init__(self, work: Workspace, chunks: range, beside: Beside) -> None:
        self.work, self.chunks, self._beside = work, chunks, beside
        self.code = stage_of(work.task.kind)
        self._fresh, self._kept_at = False, time.monotonic()  # whether the store lacks something

    def run(self) -> None:
        work, made = self.work, self._stored()
        for index in self.chunks:
            if index not in made:
                if work.should_stop():
                    self._keep(made)
                    raise Stopped(f"{work.task.title} stopped before chunk {index}")
                if time.monotonic() - self._kept_at >= work.checkpoint_seconds:
                    self._keep(made)
                assert self.code.chunk is not None
                made[index] = self.code.chunk(work, index)
                self._fresh = True
            work.report(1, work.task.chunks, chunk=index)
        self._keep(made)

    def _stored(self) -> dict[int, Arrays]:
        """What the store holds of it: all chunks, of which none is read, or the first ones."""
        work = self.work
        found = [] if work.redo else stored_shards(work.store, work.task, self.chunks.start)
        current = [one for one in found if one.inputs == work.input_digests]
        longest = max(current, key=lambda one: span(one).stop, default=None)
        if longest is None:
            return {}
        if any(span(one) == self.chunks for one in current):
            return {index: {} for index in self.chunks}
        try:
            chunks = read_chunks(work.store, longest, self.code.parts)
        except CorruptArtifact:  # then they are worked again
            return {}
        kept = dict(zip(span(longest), chunks, strict=True))
        self._fresh = span(longest).stop > self.chunks.stop  # of a longer horizon than this one
        return {index: kept[index] for index in self.chunks if index in kept}

    def _keep(self, made: dict[int, Arrays]) -> None:
        if self._fresh:
            rows = [len(next(iter(arrays.values()))) for arrays in made.values()]
            first, end = self.chunks.start, self.chunks.start + len(made)
            data = safetensors.numpy.save(named(made))
            files, result = {shard_file(self.code.parts, first): data}, {"rows": sum(rows)}
            self._beside.finish()  # none gives way to a newer one
            self._beside.give(partial(self._commit, files, result, range(first, end)))
            self._fresh, self._kept_at = False, time.monotonic()

    def _commit(self, files: dict[str, bytes], result: dict[str, int], chunks: range) -> None:
        self.work.commit(files, result, chunks=chunks)


def run_whole(work: Workspace) -> None:
    """Do a task, or put its chunks together, with the threads that its specification names."""
    with threads(work.task.threads):
        stage_of(work.task.kind).whole(work)
    work.report(1, 1, finished=True)
