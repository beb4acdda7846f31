"""The ceiling: whether the tasks of a plan fit into the memory that there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from ganray.errors import RefusedInput
from ganray.plan import Plan, Resources, Task
from ganray.process.memory import memory_given
from ganray.stages.stage import stage_of
from ganray.train.device import choose_device

BASE_BYTES = 400_000_000
"""What a process takes that has loaded torch and does nothing yet."""


def needs(plan: Plan) -> dict[str, int]:
    """The memory that each task takes at most, in bytes, by its address; nothing is allocated."""
    return {task.address: stage_of(task.kind).memory(task, plan) for task in plan.tasks}


@dataclass(frozen=True)
class Room:
    """What there is for a task, in bytes; None: nothing tells.

    Attributes:
        memory: of the machine or its container.
        gpu: of each trainer's share of a GPU, where trainers are given one.
        where: what has it, within a sentence.
    """

    memory: int | None
    gpu: int | None = None
    where: str = "this machine"

    @classmethod
    def here(cls, resources: Resources) -> Room:
        """Of this machine."""
        gpu = None
        if resources.device != "cpu" and choose_device("auto").type == "cuda":
            share = min(1.0, resources.num_gpus or 1.0)
            gpu = int(share * torch.cuda.get_device_properties(0).total_memory)
        return cls(memory_given(), gpu)

    def of(self, task: Task) -> tuple[int | None, str]:
        """How much there is for such a task, and of what."""
        if task.trains and self.gpu is not None:
            return self.gpu, f"a trainer's share of {self.where}'s GPU"
        return self.memory, self.where


def largest(tasks: Sequence[Task], needed: Mapping[str, int]) -> Task | None:
    """The task that takes the most memory, the first of equals."""
    return max(tasks, key=lambda task: needed[task.address], default=None)


def told_of_largest(tasks: Sequence[Task], needed: Mapping[str, int]) -> str:
    """ "largest task: joint r0, about 2.1 GB"; empty where there are none."""
    task = largest(tasks, needed)
    if task is None:
        return ""
    return f"largest task: {task.title}, about {gigabytes(needed[task.address])} of memory"


def beyond(tasks: Sequence[Task], needed: Mapping[str, int], room: Room) -> str:
    """In one line the task that takes most beyond what there is, and what lowers it; empty: all
    fit."""
    excess = {}
    for task in tasks:
        have, _ = room.of(task)
        if have is not None and needed[task.address] + BASE_BYTES > have:
            excess[task.address] = needed[task.address] + BASE_BYTES - have
    most = max(tasks, key=lambda task: excess.get(task.address, 0), default=None)
    if most is None or most.address not in excess:
        return ""
    have, where = room.of(most)
    more = f", as {len(excess) - 1} more do" if len(excess) > 1 else ""
    return (
        f"{most.title} needs about {gigabytes(needed[most.address] + BASE_BYTES)} of memory{more}, "
        f"and {where} has {gigabytes(have or 0)}; lower {stage_of(most.kind).lowered_by}"
    )


def refuse_beyond(
    tasks: Sequence[Task], needed: Mapping[str, int], room: Room, resources: Resources
) -> str:
    """Refuse what does not fit, or answer it as a line of warning where the study goes on anyway.

    Raises:
        RefusedInput: naming the task, what it needs, what there is, and what to do.
    """
    said = beyond(tasks, needed, room)
    if said and resources.beyond_memory == "refuse":
        raise RefusedInput(f"{said}, or set resources.beyond_memory=warn to run all the same")
    return said


def gigabytes(count: int) -> str:
    """As memory is told: 2.1 GB, 40 GB, 80 MB."""
    if count < 950_000_000:
        return f"{max(1, round(count / 1e6))} MB"
    size = count / 1e9
    return f"{size:.1f} GB" if size < 99.95 else f"{size:,.0f} GB"
