"""Timed probes: a little of the real work of each kind of task, for what a study will take.

Each probe runs the plan's own networks on images without content and divides the time by the
operations that `estimate` counts for that work. The fastest and the slowest of a few rounds bound
what is told; the work of the store and of starting processes is not in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ganray.cost.estimate import USUAL_SPEED, fits_now, operations
from ganray.plan import Plan
from ganray.process.numerics import threads
from ganray.stages.stage import Timed, stage_of

ROUNDS = 3


@dataclass(frozen=True)
class Timing:
    """Seconds of one operation: the fastest and the slowest round."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """Their mean."""
        return (self.low + self.high) / 2


_UNTIMED = Timing(1e-14, 1 / USUAL_SPEED)
"""As fast as any device is, and as slow as a usual core."""


def probe(plan: Plan, device: str = "cpu", rounds: int = ROUNDS) -> dict[str, Timing]:
    """The speed of each kind of task of the plan that computes anything.

    What takes more memory than is free is not tried: its bounds are wide.

    Args:
        device: of the trainers, the GANs' and the encoder's.
    """
    flops, done = operations(plan), dict[Any, dict[str, Timing]]()
    for task in plan.tasks:
        code = stage_of(task.kind)
        if code.timed is None or not flops[task.address]:
            continue
        work = task.kind, code.alike(task, plan)
        if work in done:
            continue
        if fits_now(code.memory(task, plan), device if task.trains else "cpu"):
            with threads(1):
                timing = _timed(code.timed(task, plan, device), flops[task.address], rounds)
            done[work] = {task.kind: timing}
        else:
            done[work] = {task.kind: _UNTIMED}
    return merge(done.values())


def merge(several: Iterable[dict[str, Timing]]) -> dict[str, Timing]:
    """The bounds over several probes, of several nodes."""
    merged: dict[str, Timing] = {}
    for timings in several:
        for kind, new in timings.items():
            old = merged.get(kind, new)
            merged[kind] = Timing(min(old.low, new.low), max(old.high, new.high))
    return merged


def _timed(timed: Timed, flops: float, rounds: int) -> Timing:
    timed.work()  # the first one loads and plans what later ones reuse
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        timed.work()
        seconds.append((time.perf_counter() - started) / (flops * timed.part))
    return Timing(min(seconds), max(seconds))
