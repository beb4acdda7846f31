"""The workers of a run: asked for where they fit, kept from one unit to the next, and let go."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ganray.distributed.cluster.watch import View
from ganray.distributed.scheduler.slot import Slot
from ganray.distributed.scheduler.units import Bundle, Unit
from ganray.distributed.worker.worker import Worker
from ganray.plan import Resources
from ganray.process.waits import WAITS

_TOLERANCE = 1e-9  # of sums of fractions
IDLE_SECONDS = 20.0
"""A worker without work for so long is let go: others may need its place."""


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
        actor, slot.actor = slot.actor, None  # whoever let go of it while Ray ends would end, too
        self.slots.remove(slot)
        ray.kill(actor)

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
            if idle_long or not_wanted:
                self.dismiss(slot)

    def _taken(self) -> Iterator[tuple[str, Bundle]]:
        for slot in self.slots:
            own = (slot.place.node if slot.place else slot.node,)
            for node in slot.reserved or own:
                yield node, slot.bundle
