"""One worker of a run, as its driver knows it: asked for, idle, at work, about to be idle."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ganray.distributed.liveness import Liveness
from ganray.distributed.scheduler.units import Bundle, Unit
from ganray.distributed.worker.assignment import Assignment
from ganray.distributed.worker.worker import Place
from ganray.plan import Resources


class Ahead(NamedTuple):
    """A unit that a worker has been given beside the end of another, and its answer to come."""

    unit: Unit
    answer: Any


@dataclass(eq=False)
class Slot:
    """One worker: asked for, idle, or at work on a unit."""

    bundle: Bundle
    actor: Any
    answer: Any
    """Ray's promise of what comes next: its place, or news of its unit."""
    node: str
    reserved: tuple[str, ...] = ()
    """The nodes that its own workers take a place of, each."""
    place: Place | None = None
    units: list[Unit] = field(default_factory=list)
    """What it works on: one, or several that it trains together."""
    ahead: Ahead | None = None
    """What it begins when these have ended."""
    ending: bool = False
    """Whether its unit, of which it has one, is done but for what it commits."""
    turn: int = 0
    leaving: bool = False
    since: float = field(default_factory=time.monotonic)
    life: Liveness = field(default_factory=lambda: Liveness(0.0, 0.0))
    memory: int = 0
    free: float = field(default_factory=time.time)
    """Since when it has no unit; seconds of the epoch."""
    listened: Any = None
    """By what it is known that the next word of its answer is listened for; None: it is not."""

    def on(self, node: str) -> bool:
        """Whether it, or a worker of its own, is or will be on that node."""
        return node == (self.place.node if self.place else self.node) or node in self.reserved

    @property
    def unit(self) -> Unit | None:
        """What it works on, of several the first."""
        return self.units[0] if self.units else None

    def unit_of(self, address: str) -> Unit | None:
        """The one of that task."""
        return next((unit for unit in self.units if unit.task.address == address), None)

    @property
    def idle(self) -> bool:
        """Whether it waits for a unit."""
        return not self.units and self.place is not None

    def arrived(self, place: Place) -> None:
        """It has begun there, and is idle."""
        self.place, self.answer = place, None
        self.since, self.free = time.monotonic(), time.time()

    def begin(self, unit: Unit) -> None:
        """Give it a unit; its stream of events is what it then answers, when it has ended what
        it still works on."""
        self.turn += 1
        method = self.actor.train if unit.trains else self.actor.perform
        answer = method.options(num_returns="streaming").remote(self._handed(unit), self.turn)
        if self.units:
            self.ahead = Ahead(unit, answer)
        else:
            self._take([unit], answer)

    def begin_cohort(self, units: Sequence[Unit]) -> None:
        """The same for units that it trains together."""
        self.turn += 1
        method = self.actor.train_together.options(num_returns="streaming")
        answer = method.remote([self._handed(unit) for unit in units], self.turn)
        self._take(units, answer)

    def begin_together(self, unit: Unit, resources: Resources) -> None:
        """The same for a unit that needs several workers, which its actor starts itself."""
        train = self.actor.train.options(num_returns="streaming")
        self._take([unit], train.remote(unit.assignment, resources))

    def _handed(self, unit: Unit) -> Assignment:
        times = {"ready": unit.ready, "free": self.free, "given": time.time()}
        return dataclasses.replace(unit.assignment, handed=times)

    def _take(self, units: Sequence[Unit], answer: Any) -> None:
        self.units, self.answer = list(units), answer
        self.ending, self.memory = False, 0
        self.since = time.monotonic()
        self.life = Liveness(self.since, self.since)

    def end(self, unit: Unit | None = None) -> list[Unit]:
        """Take a unit back from it, or all that it works on; then it begins what it was given
        ahead, or is idle."""
        ended = self.units if unit is None else [unit]
        self.units = [one for one in self.units if one not in ended]
        if not self.units:
            self.answer, self.since, self.free = None, time.monotonic(), time.time()
            if self.ahead is not None:
                ahead, self.ahead = self.ahead, None
                self._take([ahead.unit], ahead.answer)
        return ended

    def lose(self) -> tuple[list[Unit], list[Unit]]:
        """Take all back from one that is lost: what it worked on, and what it had not begun."""
        ahead, self.ahead = self.ahead, None
        return self.end(), [ahead.unit] if ahead else []

    def stop(self) -> None:
        """Ask its unit to end soon, with a checkpoint if it trains."""
        if self.reserved:
            self.actor.stop.remote()
        else:
            self.actor.stop.remote(self.turn)
