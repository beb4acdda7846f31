"""Units of work: an assignment, how often it was tried, and what became of its workers."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from ganray.cost.speed import training_device
from ganray.distributed.worker.assignment import Assignment
from ganray.plan import Resources, Task
from ganray.runs.agenda import Agenda
from ganray.runs.cohorts import at_most, shape_of
from ganray.stages.stage import stage_of
from ganray.stages.training.cohort_room import UNKNOWN, member_needs

UNITS_PER_SLOT = 2
"""Units are small enough that a late one does not hold up the rest."""
_LEAST_OPERATIONS = 2e9
"""Of a unit, about: what one core does in a tenth of a second, to two with small networks, is not
shared out, as to hand out a unit and to commit what comes of it takes as long."""
_LEAST_PAUSE, _PAUSE_OF_A_WORKER, _MOST_PAUSE = 0.1, 0.008, 3.0  # seconds
BLAMELESS_LOSSES = 10
"""For each attempt that a task has, so many losses in a row that are not its own doing."""


def pause_of(workers: int) -> float:
    """For so long what a worker tells may wait for more: so all are heard some hundred times a
    second, however many they are."""
    return min(_MOST_PAUSE, max(_LEAST_PAUSE, _PAUSE_OF_A_WORKER * workers))


class Bundle(NamedTuple):
    """What a worker holds of its node."""

    cpus: float
    gpus: float

    def __str__(self) -> str:
        return f"{self.cpus:g} CPUs and {self.gpus:g} GPUs"

    @property
    def whole_gpus(self) -> float:
        """The part of a GPU that is lost to others: of 0.6 each only one fits a GPU."""
        return self.gpus if self.gpus >= 1 or not self.gpus else 1 / math.floor(1 / self.gpus)


@dataclass(eq=False)
class Unit:
    """An assignment with its history. `attempt` counts what may be its own fault.

    A task that kills its worker fails after `resources.attempts` of them. A node that dies, a
    partition or a neighbour's hunger for memory is not the task's fault: such losses end it only
    when many come in a row and it gets no further. Being asked to leave a node never counts.
    """

    assignment: Assignment
    bundle: Bundle
    attempt: int = 1
    blameless: int = 0
    furthest: int = 0
    host: str = "no node yet"
    ready: float = field(default_factory=time.time)
    """When it could be begun first; seconds of the epoch."""
    company: int = sys.maxsize
    """At most so many share a worker: half of those of whom one may have been a worker's end."""

    @property
    def task(self) -> Task:
        return self.assignment.task

    @property
    def trains(self) -> bool:
        """Whether it is long and keeps checkpoints."""
        return self.task.trains

    @cached_property
    def shape(self) -> str:
        """What it has in common with those that it can be trained together with; empty: none."""
        return shape_of(self.task)

    @cached_property
    def work(self) -> str:
        """Of a trainer what it does at each iteration: those of which it is equal do the same."""
        told = self.task.parameters
        chosen = {name: told.get(name) for name in ("model", "train", "world_size")}
        return json.dumps([self.task.kind, chosen], sort_keys=True, default=str)

    @property
    def world_size(self) -> int:
        """How many workers it needs at once; more than one trains data-parallel."""
        return self.task.ranks

    def advanced(self, done: int) -> None:
        """Take note of how far its work is: further than ever before proves that it can go on."""
        if done > self.furthest:
            self.furthest, self.blameless = done, 0

    def lost(self, own_fault: bool, attempts: int) -> bool:
        """Count one more loss of its worker; whether it may be tried again."""
        if own_fault:
            self.attempt += 1
            return self.attempt <= attempts
        self.blameless += 1
        return self.blameless <= BLAMELESS_LOSSES * attempts


@dataclass
class Desk:
    """Makes the units of tasks, and knows when a task's shards are all done."""

    agenda: Agenda
    resources: Resources
    open_units: dict[str, int] = field(default_factory=dict)

    def units(self, task: Task, slots: int) -> Iterator[Unit]:
        """All of a task, or some of its shards each, for `slots` workers beside each other."""
        if not task.chunks:
            yield self._unit(task, None, pause_of(slots))
            return
        shards = task.shards
        flops = stage_of(task.kind).cost(task, self.agenda.plan).flops
        worth = min(max(1, slots) * UNITS_PER_SLOT, max(1, round(flops / _LEAST_OPERATIONS)))
        size = max(1, len(shards) // worth)
        units = [tuple(shards[at : at + size]) for at in range(0, len(shards), size)]
        self.open_units[task.address] = len(units)
        for unit in units:
            yield self._unit(task, unit, pause_of(slots), whole=len(units) == 1)

    def after(self, unit: Unit, *kept: tuple[str, bytes]) -> Unit | None:
        """What follows a unit that is done: the whole, once all shards are there.

        Args:
            kept: of the whole what was committed, where that is known.
        """
        if unit.assignment.is_whole:
            self.agenda.finish(unit.task, *kept)
            return None
        self.open_units[unit.task.address] -= 1
        if self.open_units[unit.task.address]:
            return None
        return self._unit(unit.task, None, unit.assignment.pause)

    def _may_share(self, task: Task) -> bool:
        """Whether it can be trained together with others, as far as is known before it begins."""
        device = training_device(self.resources)
        return task.trains and bool(at_most(self.resources.cohort, device) and shape_of(task))

    def _unit(
        self, task: Task, shards: tuple[range, ...] | None, pause: float, whole: bool = False
    ) -> Unit:
        resources, agenda = self.resources, self.agenda
        assignment = Assignment(
            store_url=agenda.store.url,
            task=task,
            shards=shards,
            whole=whole,
            dataset_url=agenda.plan.dataset.get("url"),
            device=resources.device_of(task),
            checkpoint_seconds=resources.checkpoint_seconds,
            redo=task.address in agenda.forced,
            share=min(1.0, resources.num_gpus or 1.0),
            needs=member_needs(task, agenda.plan) if self._may_share(task) else UNKNOWN,
            pause=pause,
        )
        return Unit(assignment, self.bundle(task))

    def bundle(self, task: Task) -> Bundle:
        """What a worker is to hold that works on it."""
        resources = self.resources
        if task.trains:
            return Bundle(resources.num_cpus, resources.num_gpus)
        return Bundle(1.0, resources.evaluate if task.evaluates else 0.0)
