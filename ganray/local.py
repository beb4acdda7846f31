"""LocalRunner: a plan's tasks one after another, in this process."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ganray.errors import GanrayError, RefusedInput, Stopped
from ganray.plan import Resources, Task
from ganray.redaction import redacted
from ganray.runs.agenda import Agenda
from ganray.runs.events import Event
from ganray.runs.outages import store_away
from ganray.stages import Workspace, run_chunks, run_whole
from ganray.stages.log import TaskLog
from ganray.stages.remedies import explain
from ganray.stages.train import refuse_other_ranks
from ganray.train.device import choose_device


@dataclass
class LocalRunner:
    """Runs what an agenda still holds.

    Args:
        tell: hears of every event, from this thread.
        should_stop: asked between iterations and chunks.
    """

    resources: Resources
    tell: Callable[[Event], None] = lambda _: None
    should_stop: Callable[[], bool] = lambda: False

    def run(self, agenda: Agenda) -> None:
        """Finish or fail every pending task; a failure stops only what depends on it.

        Raises:
            Stopped: on request; the agenda holds what is left.
            StoreError: the store is away for good: no task's fault, so that none has failed.
            RefusedInput: `resources.device` is not there, or a task needs several processes.
        """
        refuse_impossible(self.resources, agenda.pending)
        for task in agenda.pending:
            if self.should_stop():
                raise Stopped("stopped on request")
            if task.address not in agenda.failed:
                self._run_one(agenda, task)

    def _run_one(self, agenda: Agenda, task: Task) -> None:
        try:
            if agenda.settled(task):
                self.tell(settled(task))
            else:
                self._work(agenda, task)
        except Stopped:
            raise
        except Exception as error:
            if (away := store_away(error, agenda.store.url)) is not None:
                raise away from None
            trace = "" if isinstance(error, GanrayError) else traceback.format_exc()
            agenda.fail(task, explain(error))
            self.tell(failure(task, explain(error), trace))
        else:
            agenda.finish(task)

    def _work(self, agenda: Agenda, task: Task) -> None:
        self.tell(Event(task.address, task.kind, details={"host": platform.node()}))
        with TaskLog(agenda.store, task, self.resources.device_of(task.kind)) as log:
            work = Workspace(
                store=agenda.store,
                task=task,
                dataset_url=agenda.plan.dataset.get("url"),
                device=self.resources.device_of(task.kind),
                checkpoint_seconds=self.resources.checkpoint_seconds,
                redo=task.address in agenda.forced,
                should_stop=self.should_stop,
                tell=log.passing(self.tell),
            )
            run_chunks(work, task.shards)
            run_whole(work)


def refuse_impossible(resources: Resources, tasks: Sequence[Task]) -> None:
    """Refuse what this process cannot do.

    Raises:
        RefusedInput: `resources.device` is not there, or a task needs several processes.
    """
    try:
        choose_device(resources.device)
    except RefusedInput as error:
        raise RefusedInput(f"resources.{error}") from None
    for task in tasks:
        refuse_other_ranks(task, 1)


def settled(task: Task) -> Event:
    """The event that tells of a task that needed no work, since its inputs came out as before."""
    return Event(task.address, task.kind, 1, 1, {"finished": True, "stored": True})


def failure(task: Task, why: str, details: str = "") -> Event:
    """The event that tells of a failed task; `details` is a traceback, shown with --debug.

    It goes without secrets: the boards of all who see the store show it.
    """
    told = {"failed": redacted(why), "traceback": redacted(details)}
    return Event(task.address, task.kind, details=told)
