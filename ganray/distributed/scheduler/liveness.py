"""Who has fallen silent, who is stuck, and who is much slower than others at the same work."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ganray.distributed.scheduler.slot import Slot
from ganray.distributed.scheduler.units import Unit
from ganray.runs.progress.events import Event

SLOW_SECONDS = 30.0
"""A trainer is reported when it has been slow for so long."""
SLOW_SHARE = 0.5
"""Slow is less than this part of the median of equal trainers."""


def hear(slot: Slot, event: Event) -> None:
    """Take note of a sign of life: news is progress, a beat only if its process has worked, or
    waits for the store.
    """
    slot.memory = event.details.get("peak_memory", slot.memory)
    slot.life.hear(time.monotonic(), event.details.get("beat"), "away" in event.details)


def hangs(slot: Slot, seconds: float) -> bool:
    """Whether a worker has had room on a node for so long and has not begun there."""
    awaited = slot.place is None and slot.unit is None and bool(slot.node)
    return awaited and time.monotonic() - slot.since > seconds


def forgive(slot: Slot, seconds: float) -> None:
    """Count so many seconds neither as silence nor as idleness: nobody listened."""
    now = time.monotonic()
    if slot.unit is None:
        slot.since = min(now, slot.since + seconds)
    else:
        slot.life.forgive(now, seconds)


@dataclass
class Paces:
    """The speeds of trainers, each over the last `SLOW_SECONDS`."""

    _steps: dict[Slot, deque[tuple[float, int]]] = field(default_factory=dict)
    _slow_since: dict[Slot, float] = field(default_factory=dict)
    _told: set[Unit] = field(default_factory=set)

    def hear(self, slot: Slot, event: Event) -> None:
        """Take note of a trainer's progress."""
        if slot.unit is None or not slot.unit.trains or not event.total:
            return
        if event.address != slot.unit.task.address:  # of several the first stands for all
            return
        steps, now = self._steps.setdefault(slot, deque()), time.monotonic()
        if steps and event.done < steps[-1][1]:  # another unit
            steps.clear()
        steps.append((now, event.done))
        while now - steps[0][0] > SLOW_SECONDS and len(steps) > 2:
            steps.popleft()

    def slow(self, slots: Iterable[Slot]) -> list[tuple[Slot, str]]:
        """Those that have just been found slow, and how slow; each unit is named once."""
        paces = self._paces(slots)
        self._slow_since = {slot: at for slot, at in self._slow_since.items() if slot in paces}
        found, now = [], time.monotonic()
        alike: dict[str, list[float]] = defaultdict(list)
        for kind, pace in sorted(paces.values()):
            alike[kind].append(pace)
        for slot, (kind, pace) in paces.items():
            usual = _median_beside(alike[kind], pace)
            if usual is None or pace >= SLOW_SHARE * usual:
                self._slow_since.pop(slot, None)
                continue
            since = self._slow_since.setdefault(slot, now)
            if now - since >= SLOW_SECONDS and slot.unit and slot.unit not in self._told:
                self._told.add(slot.unit)
                found.append((slot, f"{pace:.2g} iterations/s where others do {usual:.2g}"))
        return found

    def _paces(self, slots: Iterable[Slot]) -> dict[Slot, tuple[str, float]]:
        """Kind of work and iterations per second of every trainer that runs steadily."""
        alive = {slot for slot in slots if slot.unit is not None and slot.unit.trains}
        self._steps = {slot: steps for slot, steps in self._steps.items() if slot in alive}
        paces = {}
        for slot, steps in self._steps.items():
            seconds = time.monotonic() - steps[0][0]
            if slot.unit and seconds > SLOW_SECONDS / 2:
                kind = f"{slot.unit.work} of {len(slot.units)}"  # that are trained together
                paces[slot] = kind, (steps[-1][1] - steps[0][1]) / seconds
        return paces


def _median_beside(paces: Sequence[float], own: float) -> float | None:
    """The median of the others' paces, which are in order, as its own is among them; None: there
    are fewer than two."""
    place, middle, even = bisect_left(paces, own), (len(paces) - 1) // 2, len(paces) % 2
    if len(paces) < 3:
        return None

    def other(index: int) -> float:
        return paces[index + (index >= place)]

    return (other(middle - 1) + other(middle)) / 2 if even else other(middle)
