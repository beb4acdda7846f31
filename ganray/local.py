"""LocalRunner: a plan's tasks one after another, in this process."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from traceback import format_exception

from ganray.errors import GanrayError, RefusedInput, Stopped, lasts
from ganray.plan import Resources, Task
from ganray.runs.agenda import Agenda
from ganray.runs.cohorts import at_most, shape_of
from ganray.runs.progress.events import Event
from ganray.runs.progress.outages import store_away
from ganray.stages import Workspace, run_chunks, run_whole
from ganray.stages.log import TaskLog
from ganray.stages.remedies import explain
from ganray.stages.training.cohort import Joining, run_cohort
from ganray.stages.training.cohort_room import member_needs
from ganray.stages.training.train import refuse_other_ranks
from ganray.store import Manifest
from ganray.text.redaction import redacted
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
        while pending := agenda.pending:  # whoever is told may ask for more
            for task in pending:
                if self.should_stop():
                    raise Stopped("stopped on request")
                if agenda.is_pending(task):
                    self._run_one(agenda, task)

    def _run_one(self, agenda: Agenda, task: Task) -> None:
        made = None
        try:
            if agenda.settled(task):
                self.tell(settled(task))
            elif cohort := self._cohort(agenda, task):
                self._work_together(agenda, cohort)
                return
            else:
                made = self._work(agenda, task)
        except Exception as error:
            self._ended(agenda, task, error)
        else:
            self._ended(agenda, task, None, made)

    def _ended(
        self, agenda: Agenda, task: Task, error: Exception | None, made: Manifest | None = None
    ) -> None:
        """Take down how a task has ended; what is no task's own affair is raised."""
        if error is None:
            agenda.finish(task, *([made.kept] if made else []))
            return
        if isinstance(error, Stopped):
            raise error
        if (away := store_away(error, agenda.store.url)) is not None:
            raise away from None
        trace = "" if isinstance(error, GanrayError) else "".join(format_exception(error))
        agenda.fail(task, explain(error), lasts(error))
        self.tell(failure(task, explain(error), trace))

    def _work(self, agenda: Agenda, task: Task) -> Manifest | None:
        with TaskLog(agenda.store, task, self.resources.device_of(task)) as log:
            work = self._workspace(agenda, task, log)
            run_chunks(work, task.shards)
            run_whole(work)
            return work.made

    def _workspace(self, agenda: Agenda, task: Task, log: TaskLog, members: int = 1) -> Workspace:
        shared = {"cohort": members} if members > 1 else {}
        self.tell(Event(task.address, task.kind, details={"host": platform.node(), **shared}))
        return Workspace(
            store=agenda.store,
            task=task,
            dataset_url=agenda.plan.dataset.get("url"),
            device=self.resources.device_of(task),
            checkpoint_seconds=self.resources.checkpoint_seconds,
            redo=task.address in agenda.forced,
            should_stop=self.should_stop,
            tell=log.passing(self.tell),
        )

    def _cohort(self, agenda: Agenda, task: Task) -> list[Task]:
        """The ready tasks that this one, which is among them, is done together with; none: it is
        done alone."""
        most = at_most(self.resources.cohort, choose_device(self.resources.device).type)
        shape = shape_of(task) if most else ""
        if not shape:
            return []
        others = (one for one in agenda.pending if one is not task and shape_of(one) == shape)
        ready = (one for one in others if agenda.ready(one) and _to_do(agenda, one))
        return [task, *islice(ready, most - 1)]

    def _work_together(self, agenda: Agenda, tasks: Sequence[Task]) -> None:
        """Do tasks as a cohort; what is no task's own affair is raised when all have ended."""
        raised: list[Exception] = []

        def ended(task: Task, error: Exception | None, made: Manifest | None) -> None:
            try:
                self._ended(agenda, task, error, made)
            except Exception as own:
                raised.append(own)

        joining = [
            Joining(
                task,
                partial(self._workspace, agenda, task),
                partial(ended, task),
                member_needs(task, agenda.plan),
            )
            for task in tasks
        ]
        share = min(1.0, self.resources.num_gpus or 1.0)
        run_cohort(joining, agenda.store, self.resources.device, share)
        if raised:
            raise raised[0]


def _to_do(agenda: Agenda, task: Task) -> bool:
    """Whether a ready task needs work; what the store cannot tell of is looked at by itself."""
    try:
        return not agenda.settled(task)
    except GanrayError as error:
        if (away := store_away(error, agenda.store.url)) is not None:
            raise away from None
        return False


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
