"""Which waiting unit begins on which worker, which workers are asked for, and what cannot begin."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from ganray.distributed.cluster.watch import Watch
from ganray.distributed.scheduler.pool import Pool, Slot
from ganray.distributed.scheduler.units import Bundle, Unit
from ganray.plan import Resources
from ganray.runs.cohorts import at_most

STARVED_SECONDS = 300.0
"""An operator may bring lost nodes back within this time."""
GROWING_SECONDS = 1800.0
"""So long may an autoscaler need for its first node: clouds may have none to give just then."""


@dataclass
class Placement:
    """Finds workers for units on the cluster that `watch` looks at."""

    pool: Pool
    watch: Watch
    resources: Resources
    starved_since: float | None = None

    def place(self, waiting: deque[Unit]) -> None:
        """Give waiting units to idle workers, and ask for more workers where they fit.

        A unit for which CPUs are lacking holds up those behind it, or small ones would starve it
        for ever; what lacks only a GPU lets others pass, since they would not take it, and so does
        what would find no room if all workers were gone.
        """
        wanted = Counter[tuple[Bundle, int]]()
        lacking: set[tuple[Bundle, int]] = set()
        begun: set[Unit] = set()
        for unit in list(waiting):
            if unit in begun:
                continue
            slot = self._free(unit) if unit.world_size == 1 else None
            if slot is not None:
                begun |= self._begin(slot, unit, waiting)
                continue
            kind = unit.bundle, unit.world_size
            wanted[kind] += 1
            if kind in lacking or self._ask_for(unit, wanted[kind], waiting):
                continue
            lacking.add(kind)
            if not self._may_be_passed(unit):
                break
        self.pool.let_go({unit.bundle for unit in waiting})

    def foresee(self, bundles: Iterable[Bundle]) -> None:
        """Ask for a worker of each bundle, in order, as long as they fit on the nodes there are."""
        for bundle in bundles:
            nodes = self.pool.room(self.watch.view, bundle)
            if not nodes:
                return
            self.pool.ask(bundle, nodes[0])

    def _free(self, unit: Unit) -> Slot | None:
        """A worker that waits for such a unit, or is about to; a cohort is formed by one that
        waits, as more may be ready by then."""
        slot = self.pool.idle(unit.bundle)
        if slot is None:
            slot = self.pool.ending(unit.bundle)
            if slot is not None and self._company(slot, unit):
                return None
        return slot

    def _company(self, slot: Slot, unit: Unit) -> int:
        """How many GANs a worker trains together at most that are like this one; 0: each alone."""
        assert slot.place is not None
        device = "cpu" if self.resources.device == "cpu" else slot.place.device
        most = min(at_most(self.resources.cohort, device), unit.company)
        return most if most and unit.shape else 0

    def _begin(self, slot: Slot, unit: Unit, waiting: deque[Unit]) -> set[Unit]:
        """Give an idle worker a unit, and where it can train several together its part of those
        that wait and are alike; these."""
        most = self._company(slot, unit)
        if not most:
            waiting.remove(unit)
            slot.begin(unit)
            return {unit}
        alike = [one for one in waiting if (one.shape, one.company) == (unit.shape, unit.company)]
        workers = self.pool.places(self.watch.view, unit.bundle, len(alike))
        cohort = alike[: min(most, math.ceil(len(alike) / workers))]
        for one in cohort:
            waiting.remove(one)
        slot.begin_cohort(cohort)
        return set(cohort)

    def hopeless(self, waiting: deque[Unit]) -> list[tuple[Unit, str]]:
        """Units that nothing could start for long, and why: no node came, or the nodes are gone.

        They are those that are like the first; others then have as long again.
        """
        if self.pool.busy or not waiting:
            self.starved_since = None
            return []
        self.starved_since = self.starved_since or time.monotonic()
        patience = GROWING_SECONDS if self.watch.view.groups else STARVED_SECONDS
        if time.monotonic() - self.starved_since <= patience:
            return []
        self.starved_since = None
        first = waiting[0]
        alike = [u for u in waiting if (u.bundle, u.world_size) == (first.bundle, first.world_size)]
        return [(unit, self._why(unit, patience)) for unit in alike]

    def _ask_for(self, unit: Unit, nth: int, waiting: deque[Unit]) -> bool:
        """See that a worker comes for the n-th unit of its bundle; whether one does."""
        pool, view, bundle, ranks = self.pool, self.watch.view, unit.bundle, unit.world_size
        if ranks == 1 and pool.coming(bundle) >= nth:
            return True
        nodes = pool.room(view, bundle, ranks)
        if not nodes and pool.make_room(view, bundle, ranks):
            nodes = pool.room(view, bundle, ranks)
        if nodes and ranks > 1:
            waiting.remove(unit)
            pool.begin_together(unit, nodes, self.resources)
        elif nodes:
            pool.ask(bundle, nodes[0])
        elif pool.coming(bundle) + len(pool.busy) < sum(
            group.holds(bundle) for group in view.groups
        ):
            # Ray tells its autoscaler of who waits; with this driver that demand dies too. For
            # ranks as many workers are asked for, which leave when the ranks find room.
            if ranks == 1 or pool.coming(bundle) + pool.waiting(bundle) < ranks:
                pool.ask(bundle)
            return ranks == 1
        else:
            return False
        return True

    def _may_be_passed(self, unit: Unit) -> bool:
        """Whether those behind it would not take what it lacks."""
        view, bundle, ranks = self.watch.view, unit.bundle, unit.world_size
        if not Pool().room(view, bundle, ranks):
            return True
        may_come = bool(bundle.gpus) and bool(view.groups)
        return ranks == 1 and (may_come or self.pool.lacks_gpu_alone(view, bundle))

    def _why(self, unit: Unit, patience: float) -> str:
        nodes, ranks = self.watch.view.nodes, unit.world_size
        have = ", ".join(f"{n.host} {n.cpus:g} CPUs {n.gpus:g} GPUs" for n in nodes[:5])
        together = f"{ranks} workers at once, each with {unit.bundle}" if ranks > 1 else unit.bundle
        return (
            f"{unit.task.title} has waited {patience:g} s for {together}; the "
            f"cluster has {len(nodes)} nodes ({have}): nodes were lost or are held by others. "
            "Lower resources, or add nodes and run the same command"
        )
