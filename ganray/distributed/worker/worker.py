"""What runs on the cluster's nodes: workers that take one assignment after another.

A worker never raises for what its stage does: it ends its stream of events with an outcome. What
Ray raises is therefore always the death of a worker or of its node.
"""

from __future__ import annotations

import gc
import os
import platform
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from traceback import format_exception
from typing import no_type_check

import ray
import torch

from ganray.data.arrow import spare_pandas
from ganray.distributed.ray_internals import show_process_as
from ganray.distributed.worker import usage
from ganray.distributed.worker.bundles import bundled
from ganray.distributed.worker.usage import effort
from ganray.errors import GanrayError, Stopped, lasts
from ganray.local import failure
from ganray.plan import Task
from ganray.process.waits import WAITS
from ganray.runs.progress.events import Event
from ganray.runs.progress.outages import away_details, store_away
from ganray.stages import Workspace, run_chunks, run_whole
from ganray.stages.log import TaskLog
from ganray.stages.remedies import explain
from ganray.stages.training.cohort import Joining, run_cohort
from ganray.stages.workspace import open_store
from ganray.store import Manifest
from ganray.train.device import choose_device
from ganray.train.parallel import Ranks

_LOST_DEVICE = 70  # exit status
WORKER_BEAT_SECONDS = 3.0
"""How often a worker says that it lives, and what processor time and memory it has used."""


@dataclass(frozen=True)
class Assignment:
    """One unit of work: some shards of a task, or (without shards) all of it.

    Attributes:
        whole: whether the shards are all that there are, so that it is put together of them, too.
        share: of its worker's device that it may take, alone or with others.
        bytes: of the device that it takes at most as one of a cohort.
        pause: seconds for which what is told may wait for more, to be sent as one.
    """

    store_url: str
    task: Task
    shards: tuple[range, ...] | None
    dataset_url: str | None
    device: str
    checkpoint_seconds: float
    redo: bool
    share: float = 1.0
    bytes: int = 0
    pause: float = 0.0
    whole: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether its task is done when it is."""
        return self.whole or self.shards is None

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
        part = None if self.is_whole else self.shards
        with TaskLog(store, self.task, self.device, part, prints=True) as log:
            workspace = self.workspace(should_stop, log.passing(tell), ranks)
            if self.shards is not None:
                run_chunks(workspace, self.shards)
            if self.is_whole:
                run_whole(workspace)
            return workspace.made

    def workspace(
        self,
        should_stop: Callable[[], bool],
        tell: Callable[[Event], None],
        ranks: Ranks | None = None,
    ) -> Workspace:
        """What its stage's code is given."""
        return Workspace(
            store=open_store(self.store_url),
            task=self.task,
            dataset_url=self.dataset_url,
            device=self.device,
            checkpoint_seconds=self.checkpoint_seconds,
            redo=self.redo,
            ranks=ranks,
            should_stop=should_stop,
            tell=tell,
        )

    def event(self, **details: object) -> Event:
        """News of this assignment's task."""
        return Event(self.task.address, self.task.kind, details=details)


@dataclass(frozen=True)
class Place:
    """Where a worker lives, and what it would train on by itself, "cpu" or "cuda"."""

    host: str
    node: str
    process: int
    device: str = "cpu"


@ray.remote(max_restarts=0, max_concurrency=2)
@no_type_check  # Ray must see a class and generators, and no wrapper that checks their types
class Worker:
    """Works on assignments, one at a time; `stop` is answered beside the one that runs.

    Several that are trained together are one in this sense. Each turn is numbered, so that a
    request to stop one that has ended meanwhile does not stop its successor.
    """

    def __init__(self) -> None:
        self._turn = self._stopped = 0
        spare_pandas()
        _keep_imported()

    def place(self) -> Place:
        """Where this is; the answer also says that the process has started."""
        node, device = ray.get_runtime_context().get_node_id(), choose_device("auto").type
        return Place(platform.node(), node, os.getpid(), device)

    def train(self, assignment: Assignment, turn: int) -> Iterator[list[Event]]:
        """Work and stream what happens; a trainer makes a checkpoint when it is stopped."""
        yield from self._work("train", lambda stopped: stream(assignment, stopped), turn)

    def train_together(self, assignments: Sequence[Assignment], turn: int) -> Iterator[list[Event]]:
        """The same for GANs of one cohort, each of which ends with an outcome of its own."""
        yield from self._work("train", lambda stopped: stream_cohort(assignments, stopped), turn)

    def perform(self, assignment: Assignment, turn: int) -> Iterator[list[Event]]:
        """The same for what is no training, under a name of its own in lists of processes."""
        yield from self._work("perform", lambda stopped: stream(assignment, stopped), turn)

    def stop(self, turn: int | None = None) -> None:
        """Ask the work to end at its next iteration or chunk; without a number, whatever runs."""
        self._stopped = max(self._stopped, self._turn if turn is None else turn)

    def _work(self, name: str, streamed: Callable, turn: int) -> Iterator[list[Event]]:
        self._turn = turn
        events = streamed(lambda: self._stopped >= turn)
        yield next(events)
        # What was answered before, in the other thread, may have put the idle name back late.
        show_process_as(f"ray::Worker.{name}")
        yield from events


_kept = 0  # how many modules there were when all that lived was last set apart


def _keep_imported() -> None:
    """Set apart what is imported: it stays, and to look through it after each unit takes longer
    than most units do. Called where nothing of a unit is alive, which would stay, too."""
    global _kept
    if len(sys.modules) != _kept:
        _kept = len(sys.modules)
        gc.freeze()


def _free() -> None:
    """Leave nothing of one assignment to the next: it would count as the next one's memory."""
    gc.collect()
    _keep_imported()  # a unit imports what it alone needs
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def stream(assignment: Assignment, should_stop: Callable[[], bool]) -> Iterator[list[Event]]:
    """The assignment's events in bundles, ended by one whose details say `outcome`."""

    def work(tell: Callable[[Event], None]) -> None:
        try:
            made = assignment.work(should_stop, tell)
        except Exception as error:
            tell(_outcome(assignment, error))
        else:
            tell(_outcome(assignment, None, made))

    yield from _streamed([assignment], work)


def stream_cohort(
    assignments: Sequence[Assignment], should_stop: Callable[[], bool]
) -> Iterator[list[Event]]:
    """The events of several that are trained together, with an `outcome` of each."""

    def work(tell: Callable[[Event], None]) -> None:
        def workspace(one: Assignment, log: TaskLog, _: int) -> Workspace:
            return one.workspace(should_stop, log.passing(tell))

        left = list(assignments)

        def ended(one: Assignment, error: Exception | None, made: Manifest | None) -> None:
            left.remove(one)
            tell(_outcome(one, error, made))

        joining = [
            Joining(one.task, partial(workspace, one), partial(ended, one), one.bytes)
            for one in assignments
        ]
        first = assignments[0]
        try:
            run_cohort(joining, open_store(first.store_url), first.device, first.share, prints=True)
        except Exception as error:  # before or beside its members
            for one in list(left):
                ended(one, error, None)

    yield from _streamed(assignments, work, cohort=len(assignments))


def _whereabouts() -> dict[str, str]:
    return {"host": platform.node(), "node": ray.get_runtime_context().get_node_id()}


def _streamed(
    assignments: Sequence[Assignment],
    work: Callable[[Callable[[Event], None]], None],
    **begun: object,
) -> Iterator[list[Event]]:
    """Where they are worked on, what `work` tells, and at the end of it its last outcome.

    The work runs in a thread of its own, so that its callbacks become a stream, and so that this
    one can tell every `WORKER_BEAT_SECONDS` that the process lives. A beat says how much processor
    time has been used or queued for: who beats without either is stuck, who is slow does some. It
    says, too, that the store is waited for, since the working thread cannot say so meanwhile.
    """
    news: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
    for one in assignments:
        news.put(one.event(**_whereabouts(), **begun))

    def body() -> None:
        try:
            work(news.put)
        finally:
            news.put(None)

    usage.reset_peak()
    worker = threading.Thread(target=body, name="ganray-work", daemon=True)
    worker.start()
    first = assignments[0]

    def beat() -> Event:
        own = {"beat": effort(worker.native_id or 0), "waits": WAITS.current()}
        return first.event(**own, **usage.peaks(), **away_details())

    def ended() -> None:
        worker.join()
        _free()

    count = len(assignments)
    yield from bundled(news, first.pause, beat, WORKER_BEAT_SECONDS, ended, count)


def _leave_lost_device() -> None:
    """End this process if its GPU answers no more, as after a fault of the device: whatever it did
    next would fail, too, and none of it by its own fault."""
    if not torch.cuda.is_initialized():
        return
    try:
        torch.cuda.synchronize()
    except RuntimeError as error:
        print(f"the GPU of {platform.node()} is lost to this worker: {error}", file=sys.stderr)
        sys.stderr.flush()
        os._exit(_LOST_DEVICE)


def _outcome(
    assignment: Assignment, error: Exception | None, made: Manifest | None = None
) -> Event:
    """The event that tells how an assignment has ended, and what it came to as a whole."""
    if error is None:
        event = assignment.event(outcome="done", **({"kept": made.kept} if made else {}))
    elif isinstance(error, Stopped):
        event = assignment.event(outcome="stopped", why=str(error))
    else:
        _leave_lost_device()
        trace = "" if isinstance(error, GanrayError) else "".join(format_exception(error))
        event = failure(assignment.task, explain(error, usage.peaks()), trace)
        event.details.update(outcome="failed", lasting=lasts(error))
        if (away := store_away(error, assignment.store_url)) is not None:
            event.details["store_away"] = str(away)
    event.details.update(usage.peaks())
    return event
