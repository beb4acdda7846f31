"""The state of one run: what waits, who works on what, and what is done about every loss."""

from __future__ import annotations

import dataclasses
import math
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from ray.exceptions import RayError

from ganray.distributed.cluster.watch import Watch
from ganray.distributed.scheduler import liveness
from ganray.distributed.scheduler.ear import Ear, Heard
from ganray.distributed.scheduler.placement import Placement
from ganray.distributed.scheduler.pool import Pool, Slot
from ganray.distributed.scheduler.units import Desk, Unit
from ganray.distributed.scheduler.waiting import waits_of
from ganray.distributed.worker.deaths import Circumstances, Death, explain_death
from ganray.distributed.worker.worker import Place
from ganray.errors import GanrayError, Stopped, StoreError
from ganray.local import failure, settled
from ganray.plan import Resources, Task
from ganray.process.waits import OWN, WAITS
from ganray.runs.agenda import Agenda
from ganray.runs.progress.events import Event
from ganray.runs.progress.outages import store_away
from ganray.store.many import READERS
from ganray.store.outage import OUTAGES

WAIT_SECONDS = 0.25
MOST_PAUSE = 0.05
"""For so long at most it is waited for more to be told, once something was."""
LOOK_SECONDS = 1.0
"""How often workers are looked after: with hundreds of them that takes milliseconds."""
STOP_SECONDS = 120.0
START_SECONDS = 300.0
"""A worker that has room on its node, and has not begun within this time, has hung."""
AWAY_SECONDS = 5.0
"""When this process was away for longer (stopped, or waiting for the store), others were not."""
_PAUSES = 4.0  # of the time that a turn took
_TELL_SECONDS = 1.0
_QUIET_SECONDS = 5.0  # it is asked once a second
_WAITS = "units of a run"  # whose waits these are, among the process's


@dataclass
class Supervisor:
    """Runs an agenda on a cluster that `watch` looks at.

    Args:
        tell: hears of every event, from this thread.
        should_stop: asked a few times a second.
        meter: hears, as often, how many CPUs and GPUs are held by workers that have work.
        keeps: its workers are left to whoever gave `pool` and `ear`, to serve and to close.
    """

    agenda: Agenda
    resources: Resources
    watch: Watch
    tell: Callable[[Event], None]
    should_stop: Callable[[], bool]
    meter: Callable[[float, float], None] = lambda _, __: None
    waiting: deque[Unit] = field(default_factory=deque)
    pool: Pool = field(default_factory=Pool)
    started: set[str] = field(default_factory=set)
    paces: liveness.Paces = field(default_factory=liveness.Paces)
    ear: Ear = field(default_factory=Ear)
    stillborn: int = 0
    keeps: bool = False

    def __post_init__(self) -> None:
        self.desk = Desk(self.agenda, self.resources)
        self.placement = Placement(self.pool, self.watch, self.resources)
        self._told = float("-inf")
        self._here = self._looked = self._heard = time.monotonic()
        self._shared, self._moved = float("-inf"), True
        self._readers = ThreadPoolExecutor(READERS, "ganray-settled")

    def run(self) -> None:
        """Finish or fail every task.

        Raises:
            Stopped: on request, when all trainers have made their checkpoints.
            StoreError: the store is away for good.
            HeadLost: the cluster is gone.
        """
        try:
            self._foresee()
            while self._enlist() or self.waiting or self.pool.busy:
                if self.should_stop():
                    self._stop()
                self.watch.check()
                self._share_out()
                self._listen()
                if time.monotonic() - self._looked >= LOOK_SECONDS:
                    self._look_after()
                self._tell_waits()
            if self.agenda.pending and self.should_stop():  # as the last of them left its node
                self._stop()
        finally:
            self.meter(0.0, 0.0)  # what workers hold is paid for while they have work
            WAITS.put(_WAITS, {})
            self._readers.shutdown(wait=False, cancel_futures=True)
            if not self.keeps:
                self.pool.close()

    def _share_out(self) -> None:
        """See who works on what: when somebody has come or gone, and now and then in any case.

        With hundreds of workers that takes milliseconds, and most of what is told changes nothing.
        """
        if not self._moved and time.monotonic() - self._shared < WAIT_SECONDS:
            return
        self._moved, self._shared = False, time.monotonic()
        self._leave_draining_nodes()
        self.placement.place(self.waiting)
        self._give_up()
        self._measure()

    def _foresee(self) -> None:
        """Ask for workers of those tasks, too, that become ready with the first ones.

        A worker takes seconds to begin, which it does beside them.
        """
        soon = (task for task in self.agenda.soon() if task.ranks == 1)
        self.placement.foresee(self.desk.bundle(task) for task in soon)

    def _enlist(self) -> bool:
        """Queue the units of every task that has become ready, in the plan's order.

        What a GAN leaves to be done goes before the GANs that still wait, so that little is left
        to do after the last one; when fewer wait than there are workers it goes behind them, since
        the long ones are to begin first then.
        """
        while ready := [t for t in self.agenda.newly_ready() if t.address not in self.started]:
            self.started.update(task.address for task in ready)
            # A far store answers slowly: asked one by one, it would hold up all workers.
            asked = [self._readers.submit(self.agenda.settled, task) for task in ready]
            for task, answer in zip(ready, asked, strict=True):
                try:
                    settled_before = answer.result()
                except GanrayError as error:
                    if store_away(error, self.agenda.store.url) is not None:
                        raise
                    self._fail(task, str(error))
                    continue
                if settled_before:
                    self.agenda.finish(task)
                    self.tell(settled(task))
                else:
                    self.tell(Event(task.address, task.kind, details={"queued": True}))
                    self._queue(task)
                    self._moved = True
        return bool(self.waiting)

    def _queue(self, task: Task) -> None:
        units, slots = self.desk.units(task, self.watch.view.slots), self.watch.view.slots
        trainings = (unit for unit in self.waiting if unit.trains)
        if task.trains or next(islice(trainings, slots - 1, None), None) is None:
            self.waiting.extend(units)
        else:
            self.waiting.extendleft(reversed(list(units)))

    def _give_up(self) -> None:
        """Fail what nothing could start for long."""
        for unit, why in self.placement.hopeless(self.waiting):
            if unit.task.address not in self.agenda.failed:
                self._fail(unit.task, why)

    def _fail(self, task: Task, why: str, trace: str = "", lasting: bool = False) -> None:
        """Mark a task as failed, say so, and drop what is queued for it."""
        self.agenda.fail(task, why, lasting)
        self.tell(failure(task, why, trace))
        failed = self.agenda.failed  # whoever was told may have given up others
        self.waiting = deque(u for u in self.waiting if u.task.address not in failed)

    def _listen(self) -> None:
        """Hear whoever has something to say.

        With hundreds of workers a turn takes milliseconds, whether one or all of them have: some
        times as long as the last one took, more of them are waited for.
        """
        turn = min(_PAUSES * (time.monotonic() - self._heard), MOST_PAUSE)
        for slot in self.pool.slots:
            if slot.answer is not None and slot.listened is None:
                self.ear.listen(slot)
        heard = self.ear.wait(WAIT_SECONDS, turn)
        self._heard = time.monotonic()
        for one in heard:
            if one.counts:
                self._hear(one)

    def _hear(self, heard: Heard) -> None:
        slot = heard.slot
        slot.listened = None
        try:
            answer = heard.get()
        except (RayError, StopIteration) as error:
            if slot.unit is None:
                self._not_begun(slot, self._death(slot, error))
            else:
                self._lost(slot, self._death(slot, error))
            return
        if isinstance(answer, Place):
            slot.place, slot.answer, self.stillborn = answer, None, 0
            slot.since, self._moved = time.monotonic(), True
            return
        for event in answer:
            liveness.hear(slot, event)
            self.paces.hear(slot, event)
            self._news(slot, event)

    def _news(self, slot: Slot, event: Event) -> None:
        details, unit = event.details, slot.unit_of(event.address)
        if "beat" in details and slot.unit is not None:
            OUTAGES.hear(str(id(slot)), details.get("away"))
            WAITS.hear(str(id(slot)), slot.unit.task.title, details.get("waits", ()))
            return
        assert unit is not None
        unit.host = details.get("host", unit.host)
        slot.reserved = tuple(details.get("nodes", slot.reserved))  # where its ranks have come
        if event.total and unit.trains:
            unit.advanced(event.done)
        outcome, kept = details.get("outcome"), details.pop("kept", None)
        if outcome != "failed":  # `_fail` tells of that
            self.tell(event)
        if outcome is None:
            return
        self._end(slot, unit)
        if "store_away" in details:
            self._without_store(unit, details["store_away"])
        elif outcome == "failed":
            lasting = details.get("lasting", False)
            self._fail(unit.task, details["failed"], details["traceback"], lasting)
        elif outcome == "done":
            self._done(unit, *([kept] if kept else []))
        elif not self.should_stop():
            self._again(unit, f"{unit.task.title} was asked to leave {unit.host}: {details['why']}")

    def _end(self, slot: Slot, unit: Unit) -> None:
        slot.end(unit)
        self._moved = True
        if slot.units:
            return
        WAITS.hear(str(id(slot)), "")
        if slot.reserved or slot.leaving:
            self.pool.dismiss(slot)

    def _done(self, unit: Unit, *kept: tuple[str, bytes]) -> None:
        if (following := self.desk.after(unit, *kept)) is not None:
            self.waiting.appendleft(following)

    def _without_store(self, unit: Unit, why: str) -> None:
        """A worker has given the store up: everybody does, or its node alone cannot reach it."""
        if OUTAGES.own() is not None:
            raise StoreError(why, away=True)
        self._resubmit(unit, "could not use the store", Death(why, own_fault=True))

    def _again(self, unit: Unit, why: str) -> None:
        """Queue a preempted unit once more; it goes on from its checkpoint or last chunk."""
        self.tell(unit.assignment.event(preempted=why))
        if unit.task.address not in self.agenda.failed:
            self.waiting.appendleft(unit)

    def _not_begun(self, slot: Slot, death: Death) -> None:
        """A worker that never came: harmless when its node went, otherwise it may be for ever."""
        self.pool.dismiss(slot)
        self._moved = True
        self.stillborn += death.own_fault
        alike = next((unit for unit in self.waiting if unit.bundle == slot.bundle), None)
        if self.stillborn >= self.resources.attempts and alike is not None:
            self._fail(alike.task, f"no worker could be started: {death.what}")

    def _death(self, slot: Slot, error: BaseException) -> Death:
        view, node = self.watch.view, slot.place.node if slot.place else slot.node
        beside = [s.memory for s in self.pool.busy if s is not slot and s.on(node)]
        seen = Circumstances(
            leaving=slot.leaving or view.leaving(node),
            gone=bool(node) and view.node(node) is None,
            memory=slot.memory,
            hungriest=slot.memory >= max(beside, default=0),
        )
        return explain_death(error, seen)

    def _lost(self, slot: Slot, death: Death) -> None:
        """Resubmit what a dead worker did; it goes on from the last checkpoint or chunk.

        Of several that it trained together one may have killed it: each goes alone from then on,
        and what happens then is its own doing.
        """
        units = slot.end()
        self._moved = True
        WAITS.hear(str(id(slot)), "")
        self.pool.dismiss(slot)
        if len(units) > 1 and death.own_fault:
            death = dataclasses.replace(death, own_fault=False)
            for unit in units:
                unit.company = max(1, len(units) // 2)
        for unit in units:
            if unit.task.address in self.agenda.failed or self.should_stop():
                continue
            if death.preempted:
                self._again(unit, f"{unit.task.title} lost {unit.host}: {death.what}")
            else:
                self._resubmit(unit, "died", death)

    def _resubmit(self, unit: Unit, how: str, death: Death) -> None:
        """Queue a unit once more whose worker came to nothing, if it may be tried again."""
        limit = self.resources.attempts
        what = f"{unit.task.title}: its worker on {unit.host} {how} in attempt {unit.attempt}"
        if not unit.lost(death.own_fault, limit):
            self._fail(unit.task, f"{what} of {limit}: {death.what}")
            return
        told = f"{what} and is resubmitted: {death.what}"
        self.tell(unit.assignment.event(warning=told, resubmitted=True))
        self.waiting.appendleft(unit)

    def _leave_draining_nodes(self) -> None:
        """Ask those on draining nodes for a checkpoint, and send away whoever has no work there."""
        view = self.watch.view
        leaving = {node.id for node in view.nodes if node.draining}
        for slot in list(self.pool.slots) if leaving else []:
            if not any(slot.on(node) for node in leaving):
                continue
            if slot.unit is None:
                self.pool.dismiss(slot)
            elif not slot.leaving:
                slot.leaving = True
                slot.stop()

    def _look_after(self) -> None:
        """End workers that are silent or stuck; tell of those that are slow."""
        self._looked = time.monotonic()
        self._forgive_own_absence()
        for slot in [slot for slot in self.pool.slots if liveness.hangs(slot, START_SECONDS)]:
            self._not_begun(slot, Death(f"it did not begin within {START_SECONDS:g} s", True))
        for slot in self.pool.busy:
            begun = (
                not slot.reserved or slot.life.heard > slot.since
            )  # its own workers take their time
            most = self.resources.silence_seconds if begun else START_SECONDS
            wrong = slot.life.wrong(time.monotonic(), most)
            if wrong:
                self._lost(slot, Death(f"it {wrong} and was ended", own_fault=True))
        for slot, how in self.paces.slow(self.pool.busy):
            if slot.unit:
                what = f"{slot.unit.task.title} is slow on {slot.unit.host}: {how}"
                self.tell(slot.unit.assignment.event(warning=what))

    def _forgive_own_absence(self) -> None:
        """What nobody could hear is no silence."""
        away, self._here = time.monotonic() - self._here, time.monotonic()
        if away > AWAY_SECONDS:
            for slot in self.pool.slots:
                liveness.forgive(slot, away)

    def _tell_waits(self) -> None:
        """Once a second: of ten thousand units that wait this takes a while."""
        now = time.monotonic()
        if now - self._told >= _TELL_SECONDS:
            self._told = now
            waits = waits_of(self.waiting, self.pool, self.watch.view)
            if self.watch.silent > _QUIET_SECONDS:
                waits["the cluster's head to answer"] = OWN
            WAITS.put(_WAITS, waits)

    def _measure(self) -> None:
        bundles = [(slot.bundle, max(1, len(slot.reserved))) for slot in self.pool.busy]
        self.meter(
            math.fsum(bundle.cpus * count for bundle, count in bundles),
            math.fsum(bundle.gpus * count for bundle, count in bundles),
        )

    def _stop(self) -> None:
        """Let trainers make their checkpoints and shards keep their chunks, end everything else,
        and raise `Stopped`."""
        self.waiting.clear()
        for slot in list(self.pool.slots):
            if slot.unit is not None and (slot.unit.trains or slot.unit.assignment.shards):
                slot.stop()
            else:
                self.pool.dismiss(slot)
        deadline = time.monotonic() + STOP_SECONDS
        while self.pool.busy and time.monotonic() < deadline:
            self.watch.check()
            self._listen()
            self.waiting.clear()
            WAITS.put(_WAITS, {"workers to make their checkpoints": OWN})
        raise Stopped("stopped on request")
