"""What runs on the cluster's nodes: workers that take one assignment after another.

A worker never raises for what its stage does: it ends its stream of events with an outcome. What
Ray raises is therefore always the death of a worker or of its node.
"""

from __future__ import annotations

import gc
import os
import platform
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import no_type_check

import ray
import torch

from ganray.distributed.ray_internals import show_process_as
from ganray.distributed.worker import usage
from ganray.distributed.worker.usage import effort
from ganray.errors import GanrayError, Stopped
from ganray.local import failure
from ganray.plan import Task
from ganray.runs.events import Event
from ganray.runs.outages import away_details, store_away
from ganray.stages import Workspace, run_chunks, run_whole
from ganray.stages.log import TaskLog
from ganray.stages.remedies import explain
from ganray.stages.workspace import open_store
from ganray.store import Manifest
from ganray.train.parallel import Ranks
from ganray.waits import WAITS

WORKER_BEAT_SECONDS = 3.0
"""How often a worker says that it lives, and what processor time and memory it has used."""


@dataclass(frozen=True)
class Assignment:
    """One unit of work: some shards of a task, or (without shards) all of it."""

    store_url: str
    task: Task
    shards: tuple[range, ...] | None
    dataset_url: str | None
    device: str
    checkpoint_seconds: float
    redo: bool

    def work(
        self,
        should_stop: Callable[[], bool],
        tell: Callable[[Event], None],
        ranks: Ranks | None = None,
    ) -> Manifest | None:
        """Do it, in this thread, and keep a log of it in the store; what it came to as a whole.

        Args:
            ranks: the others that it is done together with, where there are some.
        """
        store = open_store(self.store_url)
        with TaskLog(store, self.task, self.device, self.shards, prints=True) as log:
            workspace = Workspace(
                store=store,
                task=self.task,
                dataset_url=self.dataset_url,
                device=self.device,
                checkpoint_seconds=self.checkpoint_seconds,
                redo=self.redo,
                ranks=ranks,
                should_stop=should_stop,
                tell=log.passing(tell),
            )
            if self.shards is None:
                run_whole(workspace)
            else:
                run_chunks(workspace, self.shards)
            return workspace.made

    def event(self, **details: object) -> Event:
        """News of this assignment's task."""
        return Event(self.task.address, self.task.kind, details=details)


@dataclass(frozen=True)
class Place:
    """Where a worker lives."""

    host: str
    node: str
    process: int


@ray.remote(max_restarts=0, max_concurrency=2)
@no_type_check  # Ray must see a class and generators, and no wrapper that checks their types
class Worker:
    """Works on assignments, one at a time; `stop` is answered beside the one that runs.

    Assignments are numbered, so that a request to stop one that has ended meanwhile does not stop
    its successor.
    """

    def __init__(self) -> None:
        self._turn = self._stopped = 0
        gc.freeze()  # what is imported stays: to look through it after each unit took 0.15 s

    def place(self) -> Place:
        """Where this is; the answer also says that the process has started."""
        return Place(platform.node(), ray.get_runtime_context().get_node_id(), os.getpid())

    def train(self, assignment: Assignment, turn: int) -> Iterator[Event]:
        """Work and stream what happens; a trainer makes a checkpoint when it is stopped."""
        yield from self._work("train", assignment, turn)

    def perform(self, assignment: Assignment, turn: int) -> Iterator[Event]:
        """The same for what is no training, under a name of its own in lists of processes."""
        yield from self._work("perform", assignment, turn)

    def stop(self, turn: int | None = None) -> None:
        """Ask the work to end at its next iteration or chunk; without a number, whatever runs."""
        self._stopped = max(self._stopped, self._turn if turn is None else turn)

    def _work(self, name: str, assignment: Assignment, turn: int) -> Iterator[Event]:
        self._turn = turn
        events = stream(assignment, lambda: self._stopped >= turn)
        yield next(events)
        # What was answered before, in the other thread, may have put the idle name back late.
        show_process_as(f"ray::Worker.{name}")
        yield from events
        _free()


def _free() -> None:
    """Leave nothing of one assignment to the next: it would count as the next one's memory."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def stream(assignment: Assignment, should_stop: Callable[[], bool]) -> Iterator[Event]:
    """The assignment's events, ended by one whose details say `outcome`.

    The work runs in a thread of its own, so that its callbacks become a stream, and so that this
    one can tell every `WORKER_BEAT_SECONDS` that the process lives. A beat says how much processor
    time has been used or queued for: who beats without either is stuck, who is slow does some. It
    says, too, that the store is waited for, since the working thread cannot say so meanwhile.
    """
    news: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
    outcome: list[Event] = []

    def body() -> None:
        try:
            outcome.append(_outcome(assignment, should_stop, news.put))
        finally:
            news.put(None)

    yield assignment.event(host=platform.node(), node=ray.get_runtime_context().get_node_id())
    usage.reset_peak()
    worker = threading.Thread(target=body, name="ganray-work", daemon=True)
    worker.start()
    yield from _with_beats(news, assignment, worker.native_id or 0)
    worker.join()
    outcome[0].details.update(usage.peaks())
    yield outcome[0]


def _with_beats(
    news: queue.SimpleQueue[Event | None], assignment: Assignment, thread: int
) -> Iterator[Event]:
    """The news until None, with a beat of the working `thread` every `WORKER_BEAT_SECONDS`."""
    due = time.monotonic() + WORKER_BEAT_SECONDS
    while True:
        try:
            event = news.get(timeout=max(0.0, due - time.monotonic()))
        except queue.Empty:
            pass
        else:
            if event is None:
                return
            yield event
        if time.monotonic() >= due:
            due = time.monotonic() + WORKER_BEAT_SECONDS
            own = {"beat": effort(thread), "waits": WAITS.current()}
            yield assignment.event(**own, **usage.peaks(), **away_details())


def _outcome(
    assignment: Assignment, should_stop: Callable[[], bool], tell: Callable[[Event], None]
) -> Event:
    try:
        made = assignment.work(should_stop, tell)
    except Stopped as stopped:
        return assignment.event(outcome="stopped", why=str(stopped))
    except Exception as error:
        foreseen = isinstance(error, GanrayError)
        trace = "" if foreseen else traceback.format_exc()
        event = failure(assignment.task, explain(error, usage.peaks()), trace)
        if (away := store_away(error, assignment.store_url)) is not None:
            event.details["store_away"] = str(away)
    else:
        return assignment.event(outcome="done", **({"kept": made.kept} if made else {}))
    event.details["outcome"] = "failed"
    return event
