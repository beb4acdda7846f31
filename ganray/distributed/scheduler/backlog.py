"""The units of a run that wait, in order: of tasks that are ready, and what lost its worker."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from ganray.distributed.scheduler.units import Desk, Unit
from ganray.distributed.worker.deaths import Death
from ganray.errors import GanrayError, StoreError
from ganray.local import failure, settled
from ganray.plan import Resources, Task
from ganray.runs.agenda import Agenda
from ganray.runs.progress.events import Event
from ganray.runs.progress.outages import store_away
from ganray.store.many import READERS
from ganray.store.outage import OUTAGES


@dataclass
class Backlog:
    """What is to be begun of an agenda, and what becomes of what has ended.

    Args:
        tell: hears of what happens to tasks here.

    Attributes:
        moved: whether somebody waits, or a worker is free, who was not when this was last set.
    """

    agenda: Agenda
    resources: Resources
    tell: Callable[[Event], None]
    waiting: deque[Unit] = field(default_factory=deque)
    moved: bool = True
    _started: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.desk = Desk(self.agenda, self.resources)
        self._readers = ThreadPoolExecutor(READERS, "ganray-settled")

    def close(self) -> None:
        """End what still asks the store."""
        self._readers.shutdown(wait=False, cancel_futures=True)

    def enlist(self, slots: int) -> bool:
        """Queue the units of every task that has become ready, in the plan's order, for so many
        workers; whether any wait."""
        while ready := [t for t in self.agenda.newly_ready() if t.address not in self._started]:
            self._started.update(task.address for task in ready)
            # A far store answers slowly: asked one by one, it would hold up all workers.
            asked = [self._readers.submit(self.agenda.settled, task) for task in ready]
            for task, answer in zip(ready, asked, strict=True):
                if task.address in self.agenda.failed:  # given up by whoever was told of another
                    continue
                try:
                    settled_before = answer.result()
                except GanrayError as error:
                    if store_away(error, self.agenda.store.url) is not None:
                        raise
                    self.fail(task, str(error))
                    continue
                if settled_before:
                    self.agenda.finish(task)
                    self.tell(settled(task))
                else:
                    self.tell(Event(task.address, task.kind, details={"queued": True}))
                    self.queue(task, slots)
        return bool(self.waiting)

    def queue(self, task: Task, slots: int) -> None:
        """Queue the units of a task for so many workers.

        What a GAN leaves to be done goes before the GANs that still wait, so that little is left
        to do after the last one; when fewer wait than there are workers it goes behind them, since
        the long ones are to begin first then.
        """
        units, self.moved = self.desk.units(task, slots), True
        trainings = (unit for unit in self.waiting if unit.trains)
        if task.trains or next(islice(trainings, slots - 1, None), None) is None:
            self.waiting.extend(units)
        else:
            self.waiting.extendleft(reversed(list(units)))

    def fail(self, task: Task, why: str, trace: str = "", lasting: bool = False) -> None:
        """Mark a task as failed, say so, and drop what is queued for it."""
        self.agenda.fail(task, why, lasting)
        self.tell(failure(task, why, trace))
        failed = self.agenda.failed  # whoever was told may have given up others
        left = [unit for unit in self.waiting if unit.task.address not in failed]
        self.waiting.clear()
        self.waiting.extend(left)

    def done(self, unit: Unit, *kept: tuple[str, bytes]) -> None:
        """A unit is done: what follows of its task goes first.

        Args:
            kept: of the whole what was committed, where that is known.
        """
        if (following := self.desk.after(unit, *kept)) is not None:
            self.waiting.appendleft(following)

    def give_back(self, units: Iterable[Unit]) -> None:
        """Queue units again that nobody has begun."""
        failed = self.agenda.failed
        self.waiting.extendleft(unit for unit in units if unit.task.address not in failed)

    def again(self, unit: Unit, why: str) -> None:
        """Queue a preempted unit once more; it goes on from its checkpoint or last chunk."""
        if unit.task.address not in self.agenda.failed:
            self.tell(unit.assignment.event(preempted=why))
            self.waiting.appendleft(unit)

    def resubmit(self, unit: Unit, how: str, death: Death) -> None:
        """Queue a unit once more whose worker came to nothing, if it may be tried again."""
        limit = self.resources.attempts
        what = f"{unit.task.title}: its worker on {unit.host} {how} in attempt {unit.attempt}"
        if not unit.lost(death.own_fault, limit):
            self.fail(unit.task, f"{what} of {limit}: {death.what}")
            return
        told = f"{what} and is resubmitted: {death.what}"
        self.tell(unit.assignment.event(warning=told, resubmitted=True))
        self.waiting.appendleft(unit)

    def without_store(self, unit: Unit, why: str) -> None:
        """A worker has given the store up: everybody does, or its node alone cannot reach it.

        Raises:
            StoreError: everybody does.
        """
        if OUTAGES.own() is not None:
            raise StoreError(why, away=True)
        self.resubmit(unit, "could not use the store", Death(why, own_fault=True))
