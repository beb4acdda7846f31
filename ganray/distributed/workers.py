"""What runs on the cluster's nodes: trainer actors and short tasks, both streams of events.

A worker never raises for what its stage does: it ends its stream with an outcome. What Ray raises
is therefore always the death of a worker or of its node.
"""

from __future__ import annotations

import platform
import queue
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import no_type_check

import ray

from ganray.errors import GanrayError, Stopped
from ganray.pipeline import Event, Workspace, run_chunks, run_whole
from ganray.pipeline.local import explain, failure
from ganray.pipeline.logs import TaskLog
from ganray.pipeline.workspace import open_store
from ganray.plan import Task
from ganray.train.parallel import Ranks


@dataclass(frozen=True)
class Assignment:
    """One unit of work: some chunks of a task, or (without chunks) all of it."""

    store_url: str
    task: Task
    chunks: tuple[int, ...] | None
    dataset_url: str | None
    device: str
    checkpoint_seconds: float
    redo: bool

    def work(
        self,
        should_stop: Callable[[], bool],
        tell: Callable[[Event], None],
        ranks: Ranks | None = None,
    ) -> None:
        """Do it, in this thread, and keep a log of it in the store.

        Args:
            ranks: the others that it is done together with, where there are some.
        """
        store = open_store(self.store_url)
        with TaskLog(store, self.task, self.device, self.chunks, prints=True) as log:
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
            if self.chunks is None:
                run_whole(workspace)
            else:
                run_chunks(workspace, self.chunks)

    def event(self, **details: object) -> Event:
        """News of this assignment's task."""
        return Event(self.task.address, self.task.kind, details=details)


@ray.remote(max_restarts=0, max_concurrency=2)
@no_type_check  # Ray must see a class and a generator, and no wrapper that checks their types
class Trainer:
    """Trains one GAN or encoder; `stop` is answered beside the running `train`."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def train(self, assignment: Assignment) -> Iterator[Event]:
        """Work and stream what happens; after `stop`, a checkpoint is made first."""
        yield from stream(assignment, self._stop.is_set)

    def stop(self) -> None:
        """Ask the training to end at its next iteration."""
        self._stop.set()


@ray.remote(max_retries=0, num_returns="streaming")
@no_type_check
def perform(assignment: Assignment) -> Iterator[Event]:
    """Work on chunks, or on a task that needs no trainer, and stream what happens."""
    yield from stream(assignment, lambda: False)


def stream(assignment: Assignment, should_stop: Callable[[], bool]) -> Iterator[Event]:
    """The assignment's events, ended by one whose details say `outcome`.

    The work runs in a thread of its own, so that its callbacks become a stream.
    """
    news: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
    outcome: list[Event] = []

    def body() -> None:
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                outcome.append(_outcome(assignment, should_stop, news.put))
            for warning in caught:
                if "resumes from iteration" in str(warning.message):
                    news.put(assignment.event(warning=str(warning.message)))
        finally:
            news.put(None)

    yield assignment.event(host=platform.node(), node=ray.get_runtime_context().get_node_id())
    worker = threading.Thread(target=body, name="ganray-work", daemon=True)
    worker.start()
    while (event := news.get()) is not None:
        yield event
    worker.join()
    yield outcome[0]


def _outcome(
    assignment: Assignment, should_stop: Callable[[], bool], tell: Callable[[Event], None]
) -> Event:
    try:
        assignment.work(should_stop, tell)
    except Stopped as stopped:
        return assignment.event(outcome="stopped", why=str(stopped))
    except GanrayError as error:
        event = failure(assignment.task, str(error))
    except Exception as error:
        event = failure(assignment.task, explain(error), traceback.format_exc())
    else:
        return assignment.event(outcome="done")
    event.details["outcome"] = "failed"
    return event
