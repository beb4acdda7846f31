"""What the file of each kind of task declares: its code, its cost, and how its speed is timed."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from ganray.models.spec import Shape
from ganray.plan import Plan, Task
from ganray.plan.kinds import KINDS
from ganray.runs.records.parts import Arrays
from ganray.stages.workspace import Workspace


class Cost(NamedTuple):
    """Floating-point operations of one task, and the bytes that it commits."""

    flops: float
    bytes: int


class Timed(NamedTuple):
    """A little of a task's real work, to be timed, and its part of the task's operations."""

    work: Callable[[], object]
    part: float


FLOAT_BYTES = 4
CHECKPOINT_COPIES = 3
"""Weights and two moments of an optimiser lie in a checkpoint."""


def image_shape(plan: Plan) -> Shape:
    """Channels, height and width of the data set's images."""
    channels, height, width = plan.dataset["shape"]
    return channels, height, width


def blank(shape: Shape, count: int) -> UInt8[np.ndarray, "count c h w"]:
    """Images without content, for probes."""
    return np.zeros((count, *shape), dtype=np.uint8)


def _nothing(_: Task, __: Plan) -> Cost:
    return Cost(0.0, 0)


def _next_to_nothing(_: Task, __: Plan) -> int:
    return 2**26


@dataclass(frozen=True)
class Stage:
    """One kind of task.

    Attributes:
        whole: does a task, or puts its chunks together, and commits its artifact.
        chunk: works one chunk and answers its arrays; none: the kind has no chunks.
        parts: how the files of its shards begin.
        cost: what a task costs, as far as is known before it is run.
        memory: the most bytes that a process takes for a task, or for a chunk of it, beyond what it
            takes that does nothing yet. It is reckoned, and nothing of that size is allocated.
        lowered_by: the settings that lower it.
        timed: real work of a task on images without content, on a device; none: not timed.
        alike: tasks for which it answers alike run at one speed.
        end: the iteration at which a task that trains ends.
        losses: what the losses of a task that trains are called.
    """

    whole: Callable[[Workspace], None]
    chunk: Callable[[Workspace, int], Arrays] | None = None
    parts: str = "part"
    cost: Callable[[Task, Plan], Cost] = _nothing
    memory: Callable[[Task, Plan], int] = _next_to_nothing
    lowered_by: str = "data.size"
    timed: Callable[[Task, Plan, str], Timed] | None = None
    alike: Callable[[Task, Plan], str | None] = lambda *_: None
    end: Callable[[Task, Plan], int] = lambda task, _: task.horizon or 0
    losses: Callable[[Task], tuple[str, ...]] = lambda _: ()


def stage_of(kind: str) -> Stage:
    """The code of a kind, loaded when it is first needed."""
    found: Stage = importlib.import_module(KINDS[kind].module).STAGE
    return found
