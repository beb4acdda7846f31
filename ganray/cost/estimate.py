"""What a plan will cost: operations, time and bytes of each task, before any of it is run.

Operations of training are counted exactly, those of the other stages by their leading terms. Times
follow from the speed at which this machine does one real critic step of the plan's own networks.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ganray.cost.timing import seconds_per_iteration
from ganray.plan import Plan, Task
from ganray.plan.parameters import TrainParameters
from ganray.process.memory import memory_free
from ganray.stages.stage import image_shape, stage_of
from ganray.train.costs.flops import gan_flops
from ganray.train.costs.memory import gan_memory
from ganray.train.device import choose_device

_PROBED_FLOPS = 4e9  # of a timed step, at most
_LONGEST_FLOPS = 1e11  # of a step of one image that is timed: more takes seconds
_LARGEST_BYTES = 2**31  # of a step that is timed
USUAL_SPEED = 2e10
"""Operations per second of one core, where none was timed."""


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


def estimate(
    plan: Plan,
    pace: Mapping[str, float] | None = None,
    own: Mapping[str, float] | None = None,
) -> dict[str, Estimate]:
    """The cost of every task, by its address.

    Args:
        pace: seconds of one operation of each kind of task, where these were measured; else one
            critic step is timed, and every kind taken to run at its speed. A step that is too large
            for that is not, and a usual speed is taken.
        own: the same of single tasks, by their addresses, where they have speeds of their own.
    """
    gans = [task for task in plan.tasks if task.kind == "train"]
    speed = training_speed(plan, gans[0]) if gans and not pace else None
    each = 0.0 if pace else 1 / (speed or USUAL_SPEED) if gans else 1e-10
    if not pace and not gans:
        pace = _timed_here(plan)
    found = {}
    for task in plan.tasks:
        flops, size = stage_of(task.kind).cost(task, plan)
        of_kind = (pace or {}).get(task.kind, each)
        seconds = flops * (own or {}).get(task.address, of_kind)
        found[task.address] = Estimate(flops, seconds, size)
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
        if not may_be_timed(code.memory(task, plan)):
            found[task.kind] = 1 / USUAL_SPEED
            continue
        piece = code.timed(task, plan, "cpu")
        piece.work()  # loads what later ones reuse
        started = time.perf_counter()
        piece.work()
        flops = code.cost(task, plan).flops * piece.part
        found[task.kind] = (time.perf_counter() - started) / flops
    return found


def may_be_timed(size: int) -> bool:
    """Whether work that takes so many bytes may be done to see how fast it is: there is twice that
    now, and it is not large."""
    return size <= _LARGEST_BYTES and fits_now(2 * size)


def fits_now(size: int, device: str = "cpu") -> bool:
    """Whether so many bytes are free on a device, as far as anything tells."""
    cuda = choose_device(device).type == "cuda"
    free = torch.cuda.mem_get_info()[0] if cuda else memory_free()
    return free is None or size <= free


def operations(plan: Plan) -> dict[str, float]:
    """The floating-point operations of every task, by its address; nothing is run for them."""
    return {task.address: stage_of(task.kind).cost(task, plan).flops for task in plan.tasks}


def training_speed(plan: Plan, gan: Task) -> float | None:
    """Operations per second of one real critic and generator step here, on one thread.

    Of a large batch only so much is taken that it takes a second at the most. None: even of one
    image it would take many seconds, or more memory than a plan should.
    """
    shape, told = image_shape(plan), TrainParameters.of(gan)
    spec = told.train.once().model_copy(update={"threads": 1})
    classes = len(told.kinds)
    flops = gan_flops(shape, told.model, spec, classes)
    batch = max(1, min(spec.batch, int(spec.batch * _PROBED_FLOPS / flops)))
    small, all_steps = (one.model_copy(update={"batch": batch}) for one in (spec, told.train))
    if flops * batch / spec.batch > _LONGEST_FLOPS or not may_be_timed(
        gan_memory(shape, told.model, all_steps, classes)  # often the plan's own, and known
    ):
        return None
    seconds = seconds_per_iteration(shape, told.model, small, rounds=1, classes=classes)
    return flops * batch / spec.batch / seconds


def table(
    plan: Plan, costs: dict[str, Estimate], stored: set[str], needed: Mapping[str, int]
) -> list[dict[str, Any]]:
    """One JSON row a task: what it is called, where it lies, whether it is there, what it costs.

    Args:
        needed: the bytes of memory that each takes, by its address.
    """
    return [
        {
            "task": task.title,
            "kind": task.kind,
            "address": task.address,
            "stored": task.address in stored,
            "flops": costs[task.address].flops,
            "seconds": round(costs[task.address].seconds, 1),
            "bytes": costs[task.address].bytes,
            "memory": needed[task.address],
        }
        for task in plan.tasks
    ]
