"""The workers of a run: asked for where they fit, kept from one unit to the next, and let go."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ganray.distributed.cluster.watch import View
from ganray.distributed.liveness import Liveness
from ganray.distributed.scheduler.units import Bundle, Unit
from ganray.distributed.worker.assignment import Assignment
from ganray.distributed.worker.worker import Place, Worker
from ganray.plan import Resources
from ganray.process.waits import WAITS

_TOLERANCE = 1e-9  # of sums of fractions
IDLE_SECONDS = 20.0
"""A worker without work for so long is let go: others may need its place."""


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


@dataclass
class Pool:
    """All workers of a run, and where there is room for more."""

    slots: list[Slot] = field(default_factory=list)

    @property
    def busy(self) -> list[Slot]:
        """Those at work."""
        return [slot for slot in self.slots if slot.units]

    def idle(self, bundle: Bundle) -> Slot | None:
        """One that waits and has this bundle."""
        return next((slot for slot in self.slots if slot.idle and slot.bundle == bundle), None)

    def ending(self, bundle: Bundle) -> Slot | None:
        """One of this bundle that is about to be idle, and has nothing to do then."""
        for slot in self.slots:
            if slot.ending and slot.ahead is None and slot.bundle == bundle and not slot.leaving:
                return slot
        return None

    def coming(self, bundle: Bundle) -> int:
        """How many of this bundle are asked for and have not begun."""
        return sum(slot.place is None and slot.bundle == bundle for slot in self.slots)

    def places(self, view: View, bundle: Bundle, most: int) -> int:
        """How many workers of a bundle are idle or coming, or find room; counted up to `most`."""
        there = self.coming(bundle) + self.waiting(bundle)
        return min(most, there + len(self._free(view, bundle, most)))

    def room(self, view: View, bundle: Bundle, count: int = 1) -> list[str]:
        """Nodes for `count` more workers, none of them draining; empty if they do not all fit."""
        found = self._free(view, bundle, count)
        return found if len(found) == count else []

    def _free(self, view: View, bundle: Bundle, most: int) -> list[str]:
        """Nodes for as many more workers as fit, at most so many."""
        free = {node.id: [node.cpus, node.gpus] for node in view.nodes if not node.draining}
        for node_id, taken in self._taken():
            if node_id in free:
                free[node_id][0] -= taken.cpus
                free[node_id][1] -= taken.whole_gpus
        found: list[str] = []
        for node_id, (cpus, gpus) in free.items():
            while (
                len(found) < most
                and cpus >= bundle.cpus - _TOLERANCE
                and gpus >= bundle.whole_gpus - _TOLERANCE
            ):
                found.append(node_id)
                cpus, gpus = cpus - bundle.cpus, gpus - bundle.whole_gpus
        return found

    def lacks_gpu_alone(self, view: View, bundle: Bundle) -> bool:
        """Whether it is only a GPU for which this bundle finds no room."""
        return bool(bundle.gpus) and bool(self.room(view, Bundle(bundle.cpus, 0.0)))

    def ask(self, bundle: Bundle, node: str = "") -> Slot:
        """Ask Ray for a worker, on that node if it still can be, else anywhere."""
        strategy: Any = "DEFAULT"
        if node:
            strategy = NodeAffinitySchedulingStrategy(node, soft=True, _spill_on_unavailable=True)
        actor = Worker.options(  # type: ignore[attr-defined]
            num_cpus=bundle.cpus, num_gpus=bundle.gpus, scheduling_strategy=strategy
        ).remote()
        slot = Slot(bundle, actor, actor.place.remote(), node)
        self.slots.append(slot)
        return slot

    def begin_together(self, unit: Unit, nodes: list[str], resources: Resources) -> None:
        """Start a data-parallel unit, whose ranks find room on these nodes all at once."""
        from ganray.distributed.joint.trainer import (  # Ray Train takes seconds to import
            JointTrainer,
            beside_caller,
        )

        actor = JointTrainer.options(  # type: ignore[attr-defined]
            scheduling_strategy=beside_caller()
        ).remote()
        slot = Slot(unit.bundle, actor, None, "", tuple(nodes))
        slot.begin_together(unit, resources)
        self.slots.append(slot)

    def close(self) -> None:
        """End all workers."""
        for slot in list(self.slots):
            WAITS.hear(str(id(slot)), "")
            with contextlib.suppress(RayError):
                self.dismiss(slot)

    def dismiss(self, slot: Slot) -> None:
        """End a worker, whatever it does."""
        # Ray's own thread may hold the slot last, and would wait for itself to let a stream go.
        slot.answer = slot.listened = slot.ahead = None
        ray.kill(slot.actor)
        self.slots.remove(slot)

    def make_room(self, view: View, bundle: Bundle, count: int = 1) -> bool:
        """Dismiss idle workers that do not serve if that lets `count` of this bundle fit.

        One of the same bundle serves where one is wanted, but not those who start their own.
        """
        spare = [slot for slot in self.slots if slot.idle and (slot.bundle != bundle or count > 1)]
        if not spare:
            return False
        kept = [slot for slot in self.slots if slot not in spare]
        if not Pool(kept).room(view, bundle, count):
            return False
        for slot in spare:
            self.dismiss(slot)
        return True

    def waiting(self, bundle: Bundle) -> int:
        """How many of this bundle wait for work."""
        return sum(slot.idle and slot.bundle == bundle for slot in self.slots)

    def let_go(self, wanted: set[Bundle]) -> None:
        """Dismiss whoever has long been idle, or waits for a new node and is not wanted."""
        now = time.monotonic()
        for slot in [slot for slot in self.slots if not slot.units]:
            idle_long = slot.idle and now - slot.since > IDLE_SECONDS
            not_wanted = slot.place is None and not slot.node and slot.bundle not in wanted
            if idle_long or (not_wanted and slot.unit is None):
                self.dismiss(slot)

    def _taken(self) -> Iterator[tuple[str, Bundle]]:
        for slot in self.slots:
            own = (slot.place.node if slot.place else slot.node,)
            for node in slot.reserved or own:
                yield node, slot.bundle
