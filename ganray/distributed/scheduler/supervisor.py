"""The loop of a run on a cluster: what waits begins where there is room, and workers are heard."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ray.exceptions import RayError

from ganray.distributed.cluster.watch import Watch
from ganray.distributed.scheduler import liveness
from ganray.distributed.scheduler.backlog import Backlog
from ganray.distributed.scheduler.care import Care
from ganray.distributed.scheduler.ear import Ear, Heard
from ganray.distributed.scheduler.placement import Placement
from ganray.distributed.scheduler.pool import Pool
from ganray.distributed.scheduler.slot import Slot
from ganray.distributed.scheduler.units import Unit
from ganray.distributed.scheduler.waiting import waits_of
from ganray.distributed.worker.worker import Place
from ganray.errors import Stopped
from ganray.plan import Resources
from ganray.process.waits import OWN, WAITS
from ganray.runs.agenda import Agenda
from ganray.runs.progress.events import ENDING, Event
from ganray.store.outage import OUTAGES

WAIT_SECONDS = 0.25
MOST_PAUSE = 0.05
"""For so long at most it is waited for more to be told, once something was."""
_MANY = 64  # workers; of fewer it is waited for less
STOP_SECONDS = 120.0
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
    pool: Pool = field(default_factory=Pool)
    ear: Ear = field(default_factory=Ear)
    keeps: bool = False

    def __post_init__(self) -> None:
        self.backlog = Backlog(self.agenda, self.resources, lambda event: self.tell(event))
        self.care = Care(self.pool, self.watch, self.backlog, lambda: self.should_stop())
        self.placement = Placement(self.pool, self.watch, self.resources)
        self._told = self._shared = float("-inf")
        self._heard = time.monotonic()

    def run(self) -> None:
        """Finish or fail every task.

        Raises:
            Stopped: on request, when all trainers have made their checkpoints.
            StoreError: the store is away for good.
            HeadLost: the cluster is gone.
        """
        try:
            self._foresee()
            while self.backlog.enlist(self.watch.view.slots) or self.pool.busy:
                if self.should_stop():
                    self._stop()
                self.watch.check()
                self._share_out()
                self._listen()
                self.care.look_after()
                self._tell_waits()
            if self.agenda.pending and self.should_stop():  # as the last of them left its node
                self._stop()
        finally:
            self.meter(0.0, 0.0)  # what workers hold is paid for while they have work
            WAITS.put(_WAITS, {})
            self.backlog.close()
            if not self.keeps:
                self.pool.close()
                self.ear.close()

    def _share_out(self) -> None:
        """See who works on what: when somebody has come or gone, and now and then in any case.

        With hundreds of workers that takes milliseconds, and most of what is told changes nothing.
        """
        if not self.backlog.moved and time.monotonic() - self._shared < WAIT_SECONDS:
            return
        self.backlog.moved, self._shared = False, time.monotonic()
        self.care.leave_draining_nodes()
        self.placement.place(self.backlog.waiting)
        self._give_up()
        self._measure()

    def _foresee(self) -> None:
        """Ask for workers of those tasks, too, that become ready with the first ones.

        A worker takes seconds to begin, which it does beside them.
        """
        soon = (task for task in self.agenda.soon() if task.ranks == 1)
        self.placement.foresee(self.backlog.desk.bundle(task) for task in soon)

    def _give_up(self) -> None:
        """Fail what nothing could start for long."""
        for unit, why in self.placement.hopeless(self.backlog.waiting):
            if unit.task.address not in self.agenda.failed:
                self.backlog.fail(unit.task, why)

    def _listen(self) -> None:
        """Hear whoever has something to say.

        With hundreds of workers a turn takes milliseconds, whether one or all of them have: some
        times as long as the last one took, more of them are waited for. Of a few none are.
        """
        most = MOST_PAUSE * min(1.0, len(self.pool.slots) / _MANY)
        turn = min(_PAUSES * (time.monotonic() - self._heard), most)
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
                self.care.not_begun(slot, self.care.death(slot, error))
            else:
                self.care.lost(slot, self.care.death(slot, error))
            return
        if isinstance(answer, Place):
            slot.arrived(answer)
            self.care.stillborn, self.backlog.moved = 0, True
            return
        for event in answer:
            liveness.hear(slot, event)
            self.care.paces.hear(slot, event)
            self._news(slot, event)

    def _news(self, slot: Slot, event: Event) -> None:
        details, unit = event.details, slot.unit_of(event.address)
        if "beat" in details and slot.unit is not None:
            OUTAGES.hear(str(id(slot)), details.get("away"))
            WAITS.hear(str(id(slot)), slot.unit.task.title, details.get("waits", ()))
            return
        assert unit is not None
        if ENDING in details:
            slot.ending = len(slot.units) == 1 and not slot.reserved
            self.backlog.moved |= slot.ending
            return
        unit.host = details.get("host", unit.host)
        slot.reserved = tuple(details.get("nodes", slot.reserved))  # where its ranks have come
        if event.total and unit.trains:
            unit.advanced(event.done)
        outcome, kept = details.get("outcome"), details.pop("kept", None)
        if outcome != "failed":  # `fail` tells of that
            self.tell(event)
        if outcome is not None:
            next_one = slot.ahead
            self._end(slot, unit)
            self._ended(unit, outcome, details, *([kept] if kept else []))
            if next_one is not None and next_one.unit.task.address in self.agenda.failed:
                slot.stop()  # its task was given up meanwhile

    def _ended(
        self, unit: Unit, outcome: str, details: Mapping[str, Any], *kept: tuple[str, bytes]
    ) -> None:
        """See what follows of a unit that has ended so, where something was committed with it."""
        if "store_away" in details:
            self.backlog.without_store(unit, details["store_away"])
        elif outcome == "failed":
            lasting = details.get("lasting", False)
            self.backlog.fail(unit.task, details["failed"], details["traceback"], lasting)
        elif outcome == "done":
            self.backlog.done(unit, *kept)
        elif not self.should_stop():
            left = f"{unit.task.title} was asked to leave {unit.host}: {details['why']}"
            self.backlog.again(unit, left)

    def _end(self, slot: Slot, unit: Unit) -> None:
        slot.end(unit)
        self.backlog.moved = True
        if slot.units:
            return
        WAITS.hear(str(id(slot)), "")
        if slot.reserved or slot.leaving:
            self.pool.dismiss(slot)

    def _tell_waits(self) -> None:
        """Once a second: of ten thousand units that wait this takes a while."""
        now = time.monotonic()
        if now - self._told >= _TELL_SECONDS:
            self._told = now
            waits = waits_of(self.backlog.waiting, self.pool, self.watch.view)
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
        self.backlog.waiting.clear()
        for slot in list(self.pool.slots):
            if slot.unit is not None and (slot.unit.trains or slot.unit.assignment.shards):
                slot.stop()
            else:
                self.pool.dismiss(slot)
        deadline = time.monotonic() + STOP_SECONDS
        while self.pool.busy and time.monotonic() < deadline:
            self.watch.check()
            self._listen()
            self.backlog.waiting.clear()
            WAITS.put(_WAITS, {"workers to make their checkpoints": OWN})
        raise Stopped("stopped on request")
