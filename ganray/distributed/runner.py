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
from ganray.errors import Stopped
from ganray.pipeline.agenda import Agenda
from ganray.pipeline.local import failure
from ganray.pipeline.workspace import Event
from ganray.plan import Resources, Task

TRAINED = ("train", "encoder")
"""The stages that take long, keep checkpoints and may use a GPU: they run in actors."""

_WAIT_SECONDS = 0.25
_STOP_SECONDS = 120.0
_SHARDS_PER_SLOT = 2  # small enough shards that a late one does not hold up the rest


@dataclass
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

    def run(self) -> None:
        while self._enlist() or self.waiting or self.in_flight:
            if self.runner.should_stop():
                self._stop()
            self._launch()
            self._listen(_WAIT_SECONDS)

    def _enlist(self) -> bool:
        """Queue the units of every task that has become ready, in the plan's order."""
        settled = True
        while settled:
            settled = False
            for task in self.agenda.pending:
                if task.address in self.started or not self.agenda.ready(task):
                    continue
                self.started.add(task.address)
                if self.agenda.settled(task):
                    self.agenda.finish(task)
                    settled = True
                else:
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
        """Start what fits; Ray would queue the rest, but in an order of its own."""
        while self.waiting and self._fits(self.waiting[0]):
            unit = self.waiting.popleft()
            if unit.trains:
                resources = self.runner.resources
                unit.actor = Trainer.options(  # type: ignore[attr-defined]
                    num_cpus=resources.num_cpus, num_gpus=resources.num_gpus
                ).remote()
                generator = unit.actor.train.options(num_returns="streaming").remote(
                    unit.assignment
                )
            else:
                generator = perform.remote(unit.assignment)
            self.in_flight[generator] = unit

    def _fits(self, unit: _Unit) -> bool:
        have = ray.cluster_resources()
        cpus, gpus = self._demand(unit)
        for other in self.in_flight.values():
            other_cpus, other_gpus = self._demand(other)
            cpus, gpus = cpus + other_cpus, gpus + other_gpus
        return not self.in_flight or (cpus <= have.get("CPU", 0) and gpus <= have.get("GPU", 0))

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
        self.runner.tell(event)
        outcome = event.details.get("outcome")
        if outcome is None:
            return
        del self.in_flight[generator]
        self._release(unit)
        if outcome == "failed":
            self.agenda.fail(unit.task, event.details["failed"])
            self._forget(unit.task)
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
            why = f"{what} of {limit}: {cause}"
            self.agenda.fail(unit.task, why)
            self.runner.tell(failure(unit.task, why))
            self._forget(unit.task)
            return
        self.runner.tell(unit.assignment.event(warning=f"{what} and is resubmitted: {cause}"))
        self.waiting.appendleft(_Unit(unit.assignment, unit.attempt + 1))

    def _forget(self, task: Task) -> None:
        """Drop what is queued for a task that has failed."""
        self.waiting = deque(u for u in self.waiting if u.task.address != task.address)

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
