"""RayRunner: a plan's ready tasks on a cluster, supervised, resubmitted when their worker dies."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ganray.distributed.cluster import connected  # first: it sets Ray's environment

import ray  # isort: skip
from ray.exceptions import RayError  # isort: skip

from ganray.distributed import preflight
from ganray.distributed.workers import Assignment, Trainer, perform
from ganray.errors import GanrayError, Stopped
from ganray.pipeline.agenda import Agenda
from ganray.pipeline.local import failure, settled
from ganray.pipeline.workspace import Event
from ganray.plan import TRAINED, Resources, Task

_WAIT_SECONDS = 0.25
_STOP_SECONDS = 120.0
_STARVED_SECONDS = 300.0  # an autoscaler or an operator may bring lost nodes back
_SHARDS_PER_SLOT = 2  # small enough shards that a late one does not hold up the rest


@dataclass(eq=False)
class _Unit:
    """An assignment and its worker, as long as the worker lives."""

    assignment: Assignment
    attempt: int = 1
    actor: Any = None
    host: str = "no node yet"

    @property
    def task(self) -> Task:
        return self.assignment.task

    @property
    def trains(self) -> bool:
        """Whether it runs in an actor rather than a task."""
        return self.task.kind in TRAINED


@dataclass
class RayRunner:
    """Runs what an agenda still holds, on Ray.

    Args:
        address: of a cluster; None starts a local one.
        tell: hears of every event, from this thread.
        should_stop: asked a few times a second; trainers then make a checkpoint and end.
    """

    resources: Resources
    address: str | None = None
    tell: Callable[[Event], None] = lambda _: None
    should_stop: Callable[[], bool] = lambda: False

    def run(self, agenda: Agenda) -> None:
        """Finish or fail every pending task; a failure stops only what depends on it.

        Raises:
            Stopped: on request, when all trainers have made their checkpoints.
            RefusedInput, StoreError: the cluster cannot run this; see `preflight.check`.
        """
        with connected(self.address):
            preflight.check(self.resources, agenda.store, agenda.pending)
            _Supervisor(self, agenda).run()


@dataclass
class _Supervisor:
    """The state of one run: what waits, what is in flight, and what it still lacks."""

    runner: RayRunner
    agenda: Agenda
    waiting: deque[_Unit] = field(default_factory=deque)
    in_flight: dict[Any, _Unit] = field(default_factory=dict)
    started: set[str] = field(default_factory=set)
    open_shards: dict[str, int] = field(default_factory=dict)
    stopping: bool = False
    starved_since: float | None = None

    def run(self) -> None:
        while self._enlist() or self.waiting or self.in_flight:
            if self.runner.should_stop():
                self._stop()
            self._launch()
            self._listen(_WAIT_SECONDS)

    def _enlist(self) -> bool:
        """Queue the units of every task that has become ready, in the plan's order."""
        progressed = True
        while progressed:
            progressed = False
            for task in self.agenda.pending:
                if task.address in self.started or not self.agenda.ready(task):
                    continue
                self.started.add(task.address)
                try:
                    settled_before = self.agenda.settled(task)
                except GanrayError as error:  # the store: others may still finish or be stopped
                    self._fail(task, str(error))
                    continue
                if settled_before:
                    self.agenda.finish(task)
                    self.runner.tell(settled(task))
                    progressed = True
                else:
                    self.runner.tell(Event(task.address, task.kind, details={"queued": True}))
                    self.waiting.extend(self._units(task))
        return bool(self.waiting)

    def _units(self, task: Task) -> Iterator[_Unit]:
        if not task.chunks:
            yield _Unit(self._assignment(task, None))
            return
        slots = max(1, int(ray.cluster_resources().get("CPU", 1)))
        size = max(1, task.chunks // (slots * _SHARDS_PER_SLOT))
        shards = [range(task.chunks)[at : at + size] for at in range(0, task.chunks, size)]
        self.open_shards[task.address] = len(shards)
        for shard in shards:
            yield _Unit(self._assignment(task, tuple(shard)))

    def _assignment(self, task: Task, chunks: tuple[int, ...] | None) -> Assignment:
        resources, agenda = self.runner.resources, self.agenda
        return Assignment(
            store_url=agenda.store.url,
            task=task,
            chunks=chunks,
            dataset_url=agenda.plan.dataset.get("url"),
            device=resources.device,
            checkpoint_seconds=resources.checkpoint_seconds,
            redo=task.address in agenda.forced,
        )

    def _launch(self) -> None:
        """Start what fits; Ray would queue the rest, but in an order of its own.

        What lacks only a GPU lets others pass: they would not take it.
        """
        cpus, gpus = self._free() if self.waiting else (0.0, 0.0)
        for unit in list(self.waiting):
            wanted_cpus, wanted_gpus = self._demand(unit)
            if wanted_cpus > cpus:
                break
            if wanted_gpus <= gpus:
                self.waiting.remove(unit)
                self._start(unit)
                cpus, gpus = cpus - wanted_cpus, gpus - wanted_gpus
        self._give_up_on_lost_capacity()

    def _start(self, unit: _Unit) -> None:
        if unit.trains:
            resources = self.runner.resources
            unit.actor = Trainer.options(  # type: ignore[attr-defined]
                num_cpus=resources.num_cpus, num_gpus=resources.num_gpus
            ).remote()
            train = unit.actor.train.options(num_returns="streaming")
            self.in_flight[train.remote(unit.assignment)] = unit
        else:
            self.in_flight[perform.remote(unit.assignment)] = unit

    def _free(self) -> tuple[float, float]:
        """CPUs and GPUs of the cluster as it is now, less what is in flight."""
        have, taken = ray.cluster_resources(), map(self._demand, self.in_flight.values())
        cpus, gpus = (sum(column) for column in zip((0.0, 0.0), *taken, strict=True))
        return have.get("CPU", 0.0) - cpus, have.get("GPU", 0.0) - gpus

    def _give_up_on_lost_capacity(self) -> None:
        """Fail what nothing could start for long: the nodes that preflight saw are gone."""
        if self.in_flight or not self.waiting:
            self.starved_since = None
            return
        self.starved_since = self.starved_since or time.monotonic()
        if time.monotonic() - self.starved_since > _STARVED_SECONDS:
            (cpus, gpus), task = self._demand(self.waiting[0]), self.waiting[0].task
            have = ray.cluster_resources()
            self._fail(
                task,
                f"{task.title} needs {cpus:g} CPUs and {gpus:g} GPUs, but for "
                f"{_STARVED_SECONDS:g} s the cluster has had {have.get('CPU', 0):g} and "
                f"{have.get('GPU', 0):g}: nodes were lost",
            )

    def _fail(self, task: Task, why: str, trace: str = "") -> None:
        """Mark a task as failed, say so, and drop what is queued for it."""
        self.agenda.fail(task, why)
        self.runner.tell(failure(task, why, trace))
        self.waiting = deque(u for u in self.waiting if u.task.address != task.address)

    def _demand(self, unit: _Unit) -> tuple[float, float]:
        resources = self.runner.resources
        return (resources.num_cpus, resources.num_gpus) if unit.trains else (1.0, 0.0)

    def _listen(self, timeout: float) -> None:
        if not self.in_flight:
            return
        ready, _ = ray.wait(list(self.in_flight), num_returns=1, timeout=timeout)
        for generator in ready:
            unit = self.in_flight[generator]
            try:
                event = ray.get(next(generator))
            except (RayError, StopIteration) as error:
                del self.in_flight[generator]
                self._lost(unit, error)
            else:
                self._hear(generator, unit, event)

    def _hear(self, generator: Any, unit: _Unit, event: Event) -> None:
        unit.host = event.details.get("host", unit.host)
        outcome = event.details.get("outcome")
        if outcome != "failed":  # `_fail` tells of that
            self.runner.tell(event)
        if outcome is None:
            return
        del self.in_flight[generator]
        self._release(unit)
        if outcome == "failed":
            self._fail(unit.task, event.details["failed"], event.details["traceback"])
        elif outcome == "done":
            self._done(unit)

    def _done(self, unit: _Unit) -> None:
        task = unit.task
        if unit.assignment.chunks is None:
            self.agenda.finish(task)
            return
        self.open_shards[task.address] -= 1
        if not self.open_shards[task.address]:
            self.waiting.appendleft(_Unit(self._assignment(task, None)))

    def _lost(self, unit: _Unit, error: BaseException) -> None:
        """Resubmit what a dead worker did; it goes on from the last checkpoint or chunk."""
        self._release(unit)
        if self.stopping or unit.task.address in self.agenda.failed:
            return
        cause = " ".join(str(error).split())[:300] or type(error).__name__
        what = f"{unit.task.title}: its worker on {unit.host} died in attempt {unit.attempt}"
        limit = self.runner.resources.attempts
        if unit.attempt >= limit:
            self._fail(unit.task, f"{what} of {limit}: {cause}")
            return
        warning = f"{what} and is resubmitted: {cause}"
        self.runner.tell(unit.assignment.event(warning=warning, resubmitted=True))
        self.waiting.appendleft(_Unit(unit.assignment, unit.attempt + 1))

    def _release(self, unit: _Unit) -> None:
        if unit.actor is not None:
            ray.kill(unit.actor)
            unit.actor = None

    def _stop(self) -> None:
        """Let trainers make their checkpoints, end everything else, and raise `Stopped`."""
        self.stopping = True
        self.waiting.clear()
        for generator, unit in list(self.in_flight.items()):
            if unit.actor is not None:
                unit.actor.stop.remote()
            else:
                ray.cancel(generator, force=True)
                del self.in_flight[generator]
        deadline = time.monotonic() + _STOP_SECONDS
        while self.in_flight and time.monotonic() < deadline:
            self._listen(_WAIT_SECONDS)
        raise Stopped("stopped on request")
