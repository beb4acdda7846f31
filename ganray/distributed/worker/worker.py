"""What runs on the cluster's nodes: workers that take one assignment after another."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import no_type_check

import ray

from ganray.data.arrow import spare_pandas
from ganray.distributed.ray_internals import show_process_as
from ganray.distributed.worker import usage
from ganray.distributed.worker.assignment import Assignment
from ganray.distributed.worker.streams import not_begun, stream, stream_cohort
from ganray.runs.progress.events import Event
from ganray.train.device import choose_device


@dataclass(frozen=True)
class Place:
    """Where a worker lives, and what it would train on by itself, "cpu" or "cuda"."""

    host: str
    node: str
    process: int
    device: str = "cpu"


@ray.remote(max_restarts=0, max_concurrency=3)
@no_type_check  # Ray must see a class and generators, and no wrapper that checks their types
class Worker:
    """Works on assignments, one at a time; `stop` is answered beside the one that runs.

    Several that are trained together are one in this sense. The next may come before the end of
    the one that runs, and waits for it. Each turn is numbered, so that a request to stop one that
    has ended meanwhile does not stop its successor.
    """

    def __init__(self) -> None:
        self._turn = self._stopped = 0
        self._ended, self._at_work = time.time(), threading.Lock()
        spare_pandas()
        usage.keep_imported()

    def place(self) -> Place:
        """Where this is; the answer also says that the process has started."""
        node, device = ray.get_runtime_context().get_node_id(), choose_device("auto").type
        return Place(platform.node(), node, os.getpid(), device)

    def train(self, assignment: Assignment, turn: int) -> Iterator[list[Event]]:
        """Work and stream what happens; a trainer makes a checkpoint when it is stopped."""
        yield from self._work("train", _alone, [assignment], turn)

    def train_together(self, assignments: Sequence[Assignment], turn: int) -> Iterator[list[Event]]:
        """The same for GANs of one cohort, each of which ends with an outcome of its own."""
        yield from self._work("train", stream_cohort, assignments, turn)

    def perform(self, assignment: Assignment, turn: int) -> Iterator[list[Event]]:
        """The same for what is no training, under a name of its own in lists of processes."""
        yield from self._work("perform", _alone, [assignment], turn)

    def stop(self, turn: int | None = None) -> None:
        """Ask the work to end at its next iteration or chunk; without a number, whatever runs."""
        self._stopped = max(self._stopped, self._turn if turn is None else turn)

    def _work(
        self, name: str, streamed: Callable, assignments: Sequence[Assignment], turn: int
    ) -> Iterator[list[Event]]:
        with self._at_work:
            self._turn, times = turn, {"before": self._ended, "begun": time.time()}
            taken = [replace(one, handed={**one.handed, **times}) for one in assignments]
            if self._stopped >= turn:  # while it waited for the one before
                yield not_begun(assignments)
                return
            events = streamed(taken, lambda: self._stopped >= turn)
            yield next(events)
            # What was answered before, in another thread, may have put the idle name back late.
            show_process_as(f"ray::Worker.{name}")
            yield from events
            self._ended = time.time()


def _alone(
    assignments: Sequence[Assignment], should_stop: Callable[[], bool]
) -> Iterator[list[Event]]:
    return stream(assignments[0], should_stop)
