"""Who looks after the workers of a run: ends the stuck, and sees what becomes of the lost."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ganray.distributed.cluster.watch import Watch
from ganray.distributed.scheduler import liveness
from ganray.distributed.scheduler.backlog import Backlog
from ganray.distributed.scheduler.pool import Pool, Slot
from ganray.distributed.worker.deaths import Circumstances, Death, explain_death
from ganray.process.waits import WAITS

LOOK_SECONDS = 1.0
"""How often workers are looked after: with hundreds of them that takes milliseconds."""
START_SECONDS = 300.0
"""A worker that has room on its node, and has not begun within this time, has hung."""
AWAY_SECONDS = 5.0
"""When this process was away for longer (stopped, or waiting for the store), others were not."""


@dataclass
class Care:
    """Looks after a pool's workers; what they had to do goes back to the backlog.

    Args:
        should_stop: whether what is lost is not begun again.
    """

    pool: Pool
    watch: Watch
    backlog: Backlog
    should_stop: Callable[[], bool]
    paces: liveness.Paces = field(default_factory=liveness.Paces)
    stillborn: int = 0
    """How many workers in a row have not begun."""

    def __post_init__(self) -> None:
        self.here = self._looked = time.monotonic()

    @property
    def silence(self) -> float:
        """Seconds after which a worker that says nothing is ended."""
        return self.backlog.resources.silence_seconds

    def look_after(self) -> None:
        """Once in `LOOK_SECONDS`: end workers that are silent or stuck; tell of slow ones."""
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self.look()

    def look(self) -> None:
        """The same at once."""
        self._looked = time.monotonic()
        self._forgive_own_absence()
        for slot in [slot for slot in self.pool.slots if liveness.hangs(slot, START_SECONDS)]:
            self.not_begun(slot, Death(f"it did not begin within {START_SECONDS:g} s", True))
        for slot in self.pool.busy:
            # Its own workers take their time.
            begun = not slot.reserved or slot.life.heard > slot.since
            wrong = slot.life.wrong(time.monotonic(), self.silence if begun else START_SECONDS)
            if wrong:
                self.lost(slot, Death(f"it {wrong} and was ended", own_fault=True))
        for slot, how in self.paces.slow(self.pool.busy):
            if slot.unit:
                what = f"{slot.unit.task.title} is slow on {slot.unit.host}: {how}"
                self.backlog.tell(slot.unit.assignment.event(warning=what))

    def leave_draining_nodes(self) -> None:
        """Ask those on draining nodes for a checkpoint, and send away whoever has no work there."""
        leaving = {node.id for node in self.watch.view.nodes if node.draining}
        for slot in list(self.pool.slots) if leaving else []:
            if not any(slot.on(node) for node in leaving):
                continue
            if slot.unit is None:
                self.pool.dismiss(slot)
            elif not slot.leaving:
                slot.leaving = True
                slot.stop()

    def not_begun(self, slot: Slot, death: Death) -> None:
        """A worker that never came: harmless when its node went, otherwise it may be for ever."""
        self._dismiss(slot)
        self.stillborn += death.own_fault
        waiting = self.backlog.waiting
        alike = next((unit for unit in waiting if unit.bundle == slot.bundle), None)
        if self.stillborn >= self.backlog.resources.attempts and alike is not None:
            self.backlog.fail(alike.task, f"no worker could be started: {death.what}")

    def death(self, slot: Slot, error: BaseException) -> Death:
        """What a worker has died of, by what Ray raises and by what is known of it here."""
        view, node = self.watch.view, slot.place.node if slot.place else slot.node
        beside = [s.memory for s in self.pool.busy if s is not slot and s.on(node)]
        seen = Circumstances(
            leaving=slot.leaving or view.leaving(node),
            gone=bool(node) and view.node(node) is None,
            memory=slot.memory,
            hungriest=slot.memory >= max(beside, default=0),
        )
        return explain_death(error, seen)

    def lost(self, slot: Slot, death: Death) -> None:
        """Resubmit what a dead worker did; it goes on from the last checkpoint or chunk.

        Of several that it trained together one may have killed it: each goes alone from then on,
        and what happens then is its own doing.
        """
        units, unbegun = slot.lose()
        WAITS.hear(str(id(slot)), "")
        self._dismiss(slot)
        if len(units) > 1 and death.own_fault:
            death = dataclasses.replace(death, own_fault=False)
            for unit in units:
                unit.company = max(1, len(units) // 2)
        if not self.should_stop():
            self.backlog.give_back(unbegun)
        for unit in units:
            if unit.task.address in self.backlog.agenda.failed or self.should_stop():
                continue
            if death.preempted:
                self.backlog.again(unit, f"{unit.task.title} lost {unit.host}: {death.what}")
            else:
                self.backlog.resubmit(unit, "died", death)

    def _dismiss(self, slot: Slot) -> None:
        self.pool.dismiss(slot)
        self.backlog.moved = True

    def _forgive_own_absence(self) -> None:
        """What nobody could hear is no silence."""
        away, self.here = time.monotonic() - self.here, time.monotonic()
        if away > AWAY_SECONDS:
            for slot in self.pool.slots:
                liveness.forgive(slot, away)
