"""What a plan will cost: operations, time and bytes of each task, before any of it is run.

Operations of training are counted exactly, those of the other stages by their leading terms. Times
follow from the speed at which this machine does one real critic step of the plan's own networks.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ganray.cost.timing import seconds_per_iteration
from ganray.plan import Plan, Task
from ganray.plan.parameters import TrainParameters
from ganray.stages.stage import image_shape, stage_of
from ganray.train.flops import gan_flops

_PROBED_FLOPS = 4e9  # of a timed step, at most


@dataclass(frozen=True)
class Estimate:
    """Floating-point operations, seconds on one core like this one, bytes in the store."""

    flops: float
    seconds: float
    bytes: int

    def part(self, share: float) -> Estimate:
        """What a share of it, from 0 to 1, costs."""
        return Estimate(self.flops * share, self.seconds * share, round(self.bytes * share))

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(
            self.flops + other.flops, self.seconds + other.seconds, self.bytes + other.bytes
        )


NOTHING = Estimate(0.0, 0.0, 0)


def estimate(plan: Plan, pace: Mapping[str, float] | None = None) -> dict[str, Estimate]:
    """The cost of every task, by its address.

    Args:
        pace: seconds of one operation of each kind of task, where these were measured; else one
            critic step is timed, and every kind taken to run at its speed.
    """
    gans = [task for task in plan.tasks if task.kind == "train"]
    each = 0.0 if pace else 1 / training_speed(plan, gans[0]) if gans else 1e-10
    if not pace and not gans:
        pace = _timed_here(plan)
    found = {}
    for task in plan.tasks:
        flops, size = stage_of(task.kind).cost(task, plan)
        found[task.address] = Estimate(flops, flops * (pace or {}).get(task.kind, each), size)
    return found


def _timed_here(plan: Plan) -> dict[str, float]:
    """Seconds of one operation of each kind that trains something else than GANs of images.

    Of networks so small most of the time is none of their operations', and no other kind's speed.
    """
    found: dict[str, float] = {}
    for task in plan.tasks:
        code = stage_of(task.kind)
        if not task.trains or code.timed is None or task.kind in found:
            continue
        piece = code.timed(task, plan, "cpu")
        piece.work()  # loads what later ones reuse
        started = time.perf_counter()
        piece.work()
        flops = code.cost(task, plan).flops * piece.part
        found[task.kind] = (time.perf_counter() - started) / flops
    return found


def operations(plan: Plan) -> dict[str, float]:
    """The floating-point operations of every task, by its address; nothing is run for them."""
    return {task.address: stage_of(task.kind).cost(task, plan).flops for task in plan.tasks}


def training_speed(plan: Plan, gan: Task) -> float:
    """Operations per second of one real critic and generator step here, on one thread.

    Of a large batch only so much is taken that it takes a second at the most.
    """
    shape, told = image_shape(plan), TrainParameters.of(gan)
    spec = told.train.once().model_copy(update={"threads": 1})
    classes = len(told.kinds)
    flops = gan_flops(shape, told.model, spec, classes)
    batch = max(1, min(spec.batch, int(spec.batch * _PROBED_FLOPS / flops)))
    small = spec.model_copy(update={"batch": batch})
    seconds = seconds_per_iteration(shape, told.model, small, rounds=1, classes=classes)
    return flops * batch / spec.batch / seconds


def table(plan: Plan, costs: dict[str, Estimate], stored: set[str]) -> list[dict[str, Any]]:
    """One JSON row a task: what it is called, where it lies, whether it is there, what it costs."""
    return [
        {
            "task": task.title,
            "kind": task.kind,
            "address": task.address,
            "stored": task.address in stored,
            "flops": costs[task.address].flops,
            "seconds": round(costs[task.address].seconds, 1),
            "bytes": costs[task.address].bytes,
        }
        for task in plan.tasks
    ]
