"""Assignments worked on as streams of events, each of which ends with an outcome.

A worker never raises for what its stage does. What Ray raises is therefore always the death of a
worker or of its node.
"""

from __future__ import annotations

import os
import platform
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from traceback import format_exception
from typing import Any

import ray
import torch

from ganray.distributed.worker import usage
from ganray.distributed.worker.assignment import Assignment
from ganray.distributed.worker.bundles import bundled
from ganray.distributed.worker.usage import effort
from ganray.errors import GanrayError, Stopped, lasts
from ganray.local import failure
from ganray.process.waits import WAITS
from ganray.runs.progress.events import Event
from ganray.runs.progress.outages import away_details, store_away
from ganray.stages import Workspace
from ganray.stages.log import TaskLog
from ganray.stages.remedies import explain
from ganray.stages.training.cohort import Joining, run_cohort
from ganray.stages.workspace import open_store
from ganray.store import Manifest

_LOST_DEVICE = 70  # exit status
WORKER_BEAT_SECONDS = 3.0
"""How often a worker says that it lives, and what processor time and memory it has used."""


def stream(assignment: Assignment, should_stop: Callable[[], bool]) -> Iterator[list[Event]]:
    """The assignment's events in bundles, ended by one whose details say `outcome`."""

    def work(tell: Callable[[Event], None]) -> None:
        try:
            made = assignment.work(should_stop, tell)
        except Exception as error:
            tell(outcome(assignment, error))
        else:
            tell(outcome(assignment, None, made))

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
            tell(outcome(one, error, made))

        joining = [
            Joining(one.task, partial(workspace, one), partial(ended, one), one.needs)
            for one in assignments
        ]
        first = assignments[0]
        try:
            run_cohort(joining, open_store(first.store_url), first.device, first.share, prints=True)
        except Exception as error:  # before or beside its members
            for one in list(left):
                ended(one, error, None)

    yield from _streamed(assignments, work, cohort=len(assignments))


def not_begun(assignments: Sequence[Assignment]) -> list[Event]:
    """All that is told of assignments that were stopped before anything of them was done: where,
    too, as of others."""
    where = _whereabouts() | {"cohort": len(assignments)}
    begun = [one.event(**where) for one in assignments]
    return begun + [outcome(one, Stopped("it had not begun")) for one in assignments]


def _whereabouts() -> dict[str, Any]:
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

    count = len(assignments)
    # Beside what whoever hears of the end makes of it.
    yield from bundled(news, first.pause, beat, WORKER_BEAT_SECONDS, usage.free, count)


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


def outcome(assignment: Assignment, error: Exception | None, made: Manifest | None = None) -> Event:
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
