"""The state of one run: what waits, who works on what, and what is done about every loss."""

from __future__ import annotations

import contextlib
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import ray
from ray.exceptions import RayError

from ganray.distributed import vigil
from ganray.distributed.failures import Circumstances, Death, explain_death
from ganray.distributed.pool import Pool, Slot
from ganray.distributed.units import Desk, Shape, Unit
from ganray.distributed.watch import Watch
from ganray.distributed.workers import Place
from ganray.errors import GanrayError, Stopped
from ganray.pipeline.agenda import Agenda
from ganray.pipeline.local import failure, settled
from ganray.pipeline.workspace import Event
from ganray.plan import Resources, Task

WAIT_SECONDS = 0.25
STOP_SECONDS = 120.0
STARVED_SECONDS = 300.0
"""An operator may bring lost nodes back within this time."""
GROWING_SECONDS = 1800.0
"""So long may an autoscaler need for its first node: clouds may have none to give just then."""


@dataclass
class Supervisor:
    """Runs an agenda on a cluster that `watch` looks at.

    Args:
        tell: hears of every event, from this thread.
        should_stop: asked a few times a second.
        meter: hears, as often, how many CPUs and GPUs are held by workers that have work.
    """

    agenda: Agenda
    resources: Resources
    watch: Watch
    tell: Callable[[Event], None]
    should_stop: Callable[[], bool]
    meter: Callable[[float, float], None] = lambda _, __: None
    waiting: deque[Unit] = field(default_factory=deque)
    pool: Pool = field(default_factory=Pool)
    started: set[str] = field(default_factory=set)
    paces: vigil.Paces = field(default_factory=vigil.Paces)
    starved_since: float | None = None
    stillborn: int = 0

    def __post_init__(self) -> None:
        self.desk = Desk(self.agenda, self.resources)

    def run(self) -> None:
        """Finish or fail every task.

        Raises:
            Stopped: on request, when all trainers have made their checkpoints.
            HeadLost: the cluster is gone.
        """
        try:
            while self._enlist() or self.waiting or self.pool.busy:
                if self.should_stop():
                    self._stop()
                self.watch.check()
                self._leave_draining_nodes()
                self._staff()
                self._listen()
                self._look_after()
                self._measure()
        finally:
            for slot in list(self.pool.slots):
                with contextlib.suppress(RayError):
                    self.pool.dismiss(slot)

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
                    self.tell(settled(task))
                    progressed = True
                else:
                    self.tell(Event(task.address, task.kind, details={"queued": True}))
                    self.waiting.extend(self.desk.units(task, self.watch.view.slots))
        return bool(self.waiting)

    def _staff(self) -> None:
        """Give waiting units to idle workers, and ask for more workers where they fit.

        A unit for which CPUs are lacking holds up those behind it, or small ones would starve it
        for ever; what lacks only a GPU lets others pass, since they would not take it.
        """
        wanted: dict[Shape, int] = {}
        lacking: set[Shape] = set()
        for unit in list(self.waiting):
            slot = self.pool.idle(unit.shape) if unit.world_size == 1 else None
            if slot is not None:
                self.waiting.remove(unit)
                slot.begin(unit)
                continue
            wanted[unit.shape] = wanted.get(unit.shape, 0) + 1
            if unit.shape in lacking or self._ask_for(unit, wanted[unit.shape]):
                continue
            lacking.add(unit.shape)
            if not self._may_be_passed(unit):
                break
        self.pool.let_go({unit.shape for unit in self.waiting})
        self._give_up_on_lost_capacity()

    def _ask_for(self, unit: Unit, nth: int) -> bool:
        """See that a worker comes for the n-th unit of its shape; whether one does."""
        pool, view, shape, ranks = self.pool, self.watch.view, unit.shape, unit.world_size
        if ranks == 1 and pool.coming(shape) >= nth:
            return True
        nodes = pool.room(view, shape, ranks)
        if not nodes and pool.make_room(view, shape, ranks):
            nodes = pool.room(view, shape, ranks)
        if nodes and ranks > 1:
            self.waiting.remove(unit)
            pool.begin_together(unit, nodes, self.resources)
        elif nodes:
            pool.ask(shape, nodes[0])
        elif pool.coming(shape) + len(pool.busy) < sum(group.holds(shape) for group in view.groups):
            # Ray tells its autoscaler of who waits; with this driver that demand dies too. For
            # ranks as many workers are asked for, which leave when the ranks find room.
            if ranks == 1 or pool.coming(shape) + pool.waiting(shape) < ranks:
                pool.ask(shape)
            return ranks == 1
        else:
            return False
        return True

    def _may_be_passed(self, unit: Unit) -> bool:
        """Whether those behind it would not take what it lacks, which is a GPU."""
        view, shape = self.watch.view, unit.shape
        may_come = bool(shape.gpus) and bool(view.groups)
        return unit.world_size == 1 and (may_come or self.pool.lacks_gpu_alone(view, shape))

    def _give_up_on_lost_capacity(self) -> None:
        """Fail what nothing could start for long: no node came, or the nodes are gone."""
        if self.pool.busy or not self.waiting:
            self.starved_since = None
            return
        self.starved_since = self.starved_since or time.monotonic()
        patience = GROWING_SECONDS if self.watch.view.groups else STARVED_SECONDS
        if time.monotonic() - self.starved_since > patience:
            unit, nodes = self.waiting[0], self.watch.view.nodes
            have = ", ".join(f"{n.host} {n.cpus:g} CPUs {n.gpus:g} GPUs" for n in nodes[:5])
            self._fail(
                unit.task,
                f"{unit.task.title} has waited {patience:g} s for {unit.shape}; the "
                f"cluster has {len(nodes)} nodes ({have}): nodes were lost or are held by others. "
                "Lower resources, or add nodes and run the same command",
            )

    def _fail(self, task: Task, why: str, trace: str = "") -> None:
        """Mark a task as failed, say so, and drop what is queued for it."""
        self.agenda.fail(task, why)
        self.tell(failure(task, why, trace))
        self.waiting = deque(u for u in self.waiting if u.task.address != task.address)

    def _listen(self) -> None:
        """Hear whoever has something to say."""
        answers = {slot.answer: slot for slot in self.pool.slots if slot.answer is not None}
        if not answers:
            time.sleep(WAIT_SECONDS)
            return
        ready, _ = ray.wait(list(answers), num_returns=1, timeout=WAIT_SECONDS)
        if ready:
            ready, _ = ray.wait(list(answers), num_returns=len(answers), timeout=0)
        for answer in ready:
            self._hear(answers[answer])

    def _hear(self, slot: Slot) -> None:
        try:
            answer = ray.get(slot.answer if slot.unit is None else next(slot.answer))
        except (RayError, StopIteration) as error:
            if slot.unit is None:
                self._not_begun(slot, error)
            else:
                self._lost(slot, self._death(slot, error))
            return
        if isinstance(answer, Place):
            slot.place, slot.answer, self.stillborn = answer, None, 0
            slot.since = time.monotonic()
            return
        vigil.hear(slot, answer)
        self.paces.hear(slot, answer)
        self._news(slot, answer)

    def _news(self, slot: Slot, event: Event) -> None:
        unit, details = slot.unit, event.details
        assert unit is not None
        if "beat" in details:
            return
        unit.host = details.get("host", unit.host)
        slot.reserved = tuple(details.get("nodes", slot.reserved))  # where its ranks have come
        if event.total and unit.trains:
            unit.advanced(event.done)
        outcome = details.get("outcome")
        if outcome != "failed":  # `_fail` tells of that
            self.tell(event)
        if outcome is None:
            return
        self._end(slot)
        if outcome == "failed":
            self._fail(unit.task, details["failed"], details["traceback"])
        elif outcome == "done":
            self._done(unit)
        elif not self.should_stop():
            self._again(unit, f"{unit.task.title} was asked to leave {unit.host}: {details['why']}")

    def _end(self, slot: Slot) -> None:
        slot.end()
        if slot.reserved or slot.leaving:
            self.pool.dismiss(slot)

    def _done(self, unit: Unit) -> None:
        following = self.desk.after(unit)
        if following is not None:
            self.waiting.appendleft(following)

    def _again(self, unit: Unit, why: str) -> None:
        """Queue a preempted unit once more; it goes on from its checkpoint or last chunk."""
        self.tell(unit.assignment.event(preempted=why))
        if unit.task.address not in self.agenda.failed:
            self.waiting.appendleft(unit)

    def _not_begun(self, slot: Slot, error: BaseException) -> None:
        """A worker that never came: harmless when its node went, otherwise it may be for ever."""
        self.pool.dismiss(slot)
        death = self._death(slot, error)
        self.stillborn += death.own_fault
        if self.stillborn >= self.resources.attempts and self.waiting:
            self._fail(self.waiting[0].task, f"no worker could be started: {death.what}")

    def _death(self, slot: Slot, error: BaseException) -> Death:
        view, node = self.watch.view, slot.place.node if slot.place else slot.node
        beside = [s.memory for s in self.pool.busy if s is not slot and s.on(node)]
        seen = Circumstances(
            leaving=slot.leaving or view.leaving(node),
            gone=bool(node) and view.node(node) is None,
            memory=slot.memory,
            hungriest=slot.memory >= max(beside, default=0),
        )
        return explain_death(error, seen)

    def _lost(self, slot: Slot, death: Death) -> None:
        """Resubmit what a dead worker did; it goes on from the last checkpoint or chunk."""
        unit = slot.end()
        self.pool.dismiss(slot)
        if unit.task.address in self.agenda.failed or self.should_stop():
            return
        title, limit = unit.task.title, self.resources.attempts
        if death.preempted:
            self._again(unit, f"{title} lost {unit.host}: {death.what}")
            return
        attempt = unit.attempt
        what = f"{title}: its worker on {unit.host} died in attempt {attempt}"
        if not unit.lost(death.own_fault, limit):
            self._fail(unit.task, f"{what} of {limit}: {death.what}")
            return
        told = f"{what} and is resubmitted: {death.what}"
        self.tell(unit.assignment.event(warning=told, resubmitted=True))
        self.waiting.appendleft(unit)

    def _leave_draining_nodes(self) -> None:
        """Ask those on draining nodes for a checkpoint, and send away whoever has no work there."""
        view = self.watch.view
        leaving = {node.id for node in view.nodes if node.draining}
        for slot in list(self.pool.slots) if leaving else []:
            if not any(slot.on(node) for node in leaving):
                continue
            if slot.unit is None:
                self.pool.dismiss(slot)
            elif not slot.leaving:
                slot.leaving = True
                slot.stop()

    def _look_after(self) -> None:
        """End workers that are silent or stuck; tell of those that are slow."""
        for slot in self.pool.busy:
            if slot.reserved and slot.heard == slot.since:
                continue  # its own workers have not all begun, for which it has a limit of its own
            wrong = vigil.silent(slot, self.resources.silence_seconds)
            if wrong:
                self._lost(slot, Death(f"it {wrong} and was ended", own_fault=True))
        for slot, how in self.paces.slow(self.pool.busy):
            if slot.unit:
                what = f"{slot.unit.task.title} is slow on {slot.unit.host}: {how}"
                self.tell(slot.unit.assignment.event(warning=what))

    def _measure(self) -> None:
        shapes = [(slot.shape, max(1, len(slot.reserved))) for slot in self.pool.busy]
        self.meter(
            math.fsum(shape.cpus * count for shape, count in shapes),
            math.fsum(shape.gpus * count for shape, count in shapes),
        )

    def _stop(self) -> None:
        """Let trainers make their checkpoints, end everything else, and raise `Stopped`."""
        self.waiting.clear()
        for slot in list(self.pool.slots):
            if slot.unit is not None and slot.unit.trains:
                slot.stop()
            else:  # finished chunks are kept
                self.pool.dismiss(slot)
        deadline = time.monotonic() + STOP_SECONDS
        while self.pool.busy and time.monotonic() < deadline:
            self.watch.check()
            self._listen()
            self.waiting.clear()
        raise Stopped("stopped on request")
