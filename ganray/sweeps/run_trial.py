"""A sweep's trial in its worker: from rung to rung, branching off where it takes another one over.

All that it needs to go on lies in the store, and in the few facts that it reports: whoever chooses
settings and decides which trial goes on is told numbers alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from ganray.errors import GanrayError, Stopped, StoreError, TrainingDiverged, lasts
from ganray.models import ModelSpec
from ganray.plan import Plan, Resources
from ganray.runs.agenda import Agenda
from ganray.runs.progress.outages import store_away
from ganray.stages import Workspace, run_whole
from ganray.stages.remedies import explain
from ganray.stages.training.checkpoints import LOSSES, STATE
from ganray.store import Store
from ganray.sweeps.needs import save_needs
from ganray.sweeps.trials import Move, Point, Trial, read_trial, save_trial
from ganray.train.algorithms import ALGORITHMS
from ganray.train.spec import TrainSpec

Values = dict[str, Any]
Memory = dict[str, Any]
"""What a trial reports beside its objective, to go on from: `trial`, `iterations`, `train`."""


@runtime_checkable
class TrialPlans(Protocol):
    """What a trial asks of its sweep."""

    @property
    def folder(self) -> str:
        """Where the store keeps the records of its trials."""

    @property
    def steps(self) -> list[int]:
        """The iterations of a joint GAN at each rung."""

    @property
    def resources(self) -> Resources:
        """What each trial is given."""

    @property
    def population(self) -> bool:
        """Whether trials take each other over on their way."""

    def specs(self, values: Values) -> tuple[ModelSpec, TrainSpec]:
        """The networks and the training that these values stand for."""

    def own_iterations(self, step: int) -> int:
        """The iterations of each GAN where a joint one has `step`."""

    def rung(self, model: ModelSpec, train: TrainSpec, step: int) -> Plan:
        """A trial up to one rung."""


@dataclass
class TrialRunner:
    """One trial in its worker.

    Args:
        report: hears, at each rung, its iterations, the objective and what to go on from.
        should_stop: asked at every iteration; the trial then makes a checkpoint and ends.
    """

    sweep: TrialPlans
    store: Store
    name: str
    report: Callable[[int, float, Memory], None]
    should_stop: Callable[[], bool] = lambda: False

    def run(self, values: Values, memory: Memory) -> None:
        """Go from rung to rung and report each.

        Args:
            memory: what was last reported by this trial, or by the one that it takes over; empty
                at its beginning.

        Raises:
            Stopped: on request; what it has done is kept.
            GanrayError: whatever else stopped it; the record says so, too.
        """
        record = read_trial(self.store, self.sweep.folder, self.name)
        if record.final:
            raise TrainingDiverged(record.why)
        model, train = self.sweep.specs(values)
        behind = int(memory.get("iterations", 0))
        if behind >= self.sweep.steps[-1]:
            return  # a population perturbs its members even when they have arrived
        record.moves = [move for move in record.moves if move.iterations < behind]
        if memory:
            before = ALGORITHMS.parse(memory["train"], "train")
            train = self._gone_on_with(record, memory, model, before, train)
        record.values = record.values or values
        record.begun = record.begun or time.time()
        record.model, record.train = (spec.model_dump(mode="json") for spec in (model, train))
        record.points = [point for point in record.points if point.iterations <= behind]
        record.state, record.why = "running", ""
        save_trial(self.store, self.sweep.folder, record)
        try:
            plans = {step: self.sweep.rung(model, train, step) for step in self.sweep.steps}
            save_needs(self.store, self.sweep.folder, list(plans.values()))
            for step, plan in plans.items():
                if step <= behind:
                    continue
                result = run_rung(self.store, plan, self.sweep.resources, self.should_stop)
                self._reached(record, train, step, result)
        except Stopped:
            raise
        except Exception as error:
            record.state, record.why = "failed", _reason(error)
            record.final = lasts(error)
            if store_away(error, self.store.url) is None:
                save_trial(self.store, self.sweep.folder, record)
            raise

    def _gone_on_with(
        self,
        record: Trial,
        memory: Memory,
        model: ModelSpec,
        before: TrainSpec,
        wanted: TrainSpec,
    ) -> TrainSpec:
        if not self.sweep.population:
            return before
        donor, step = str(memory["trial"]), int(memory["iterations"])
        return taken_over(self.sweep, self.store, record, donor, step, model, before, wanted)

    def _reached(self, record: Trial, train: TrainSpec, step: int, result: dict[str, Any]) -> None:
        sides = {side: score["value"] for side, score in result["sides"].items()}
        record.points.append(Point(iterations=step, value=result["value"], sides=sides))
        save_trial(self.store, self.sweep.folder, record)
        memory = {"trial": self.name, "iterations": step, "train": train.model_dump(mode="json")}
        self.report(step, result["value"], memory)


def taken_over(
    sweep: TrialPlans,
    store: Store,
    record: Trial,
    donor: str,
    step: int,
    model: ModelSpec,
    before: TrainSpec,
    wanted: TrainSpec,
) -> TrainSpec:
    """A member's training of a population that takes another's GANs over, or goes on with its own:
    that one's so far, with one more change where settings are wanted that it has not.

    Args:
        record: of the member; takes the move down.
        donor: the name of the other, or its own.
        step: the iterations at the rung.
        before: the donor's training.
    """
    own = sweep.own_iterations(step)
    now = before.scheduled(own)
    changed = {
        name: getattr(wanted, name)
        for name in type(wanted).changeable
        if getattr(wanted, name) != getattr(now, name)
    }
    if donor != record.name or changed:
        record.moves.append(Move(iterations=step, donor=donor, values=changed))
    if not changed:
        return before
    after = before.changed(own, changed)
    branch(store, *(sweep.rung(model, train, step) for train in (before, after)))
    return after


def run_rung(
    store: Store,
    plan: Plan,
    resources: Resources,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Do what the store lacks of one rung's plan; the result of its task `objective`.

    Args:
        should_stop: asked at every iteration; a GAN then has its checkpoint made.

    Raises:
        Stopped: on request.
        TrainingDiverged: a GAN came to nothing.
        StoreError: the store fails, or lacks what was to be prepared.
    """
    agenda = Agenda.open(plan, store)
    for task in agenda.pending:
        if should_stop():
            raise Stopped("the trial was stopped on request and is kept")
        work = Workspace(
            store=store,
            task=task,
            dataset_url=plan.dataset.get("url"),
            device=resources.device_of(task),
            checkpoint_seconds=resources.checkpoint_seconds,
            should_stop=should_stop,
        )
        run_whole(work)
    manifest = store.manifest(plan.roles["objective"])
    if manifest is None:
        raise StoreError(f"{plan.roles['objective']} was committed, but is not in {store.url}")
    return manifest.result


def branch(store: Store, old: Plan, new: Plan) -> None:
    """Let the GANs of `new` go on from where those of `old` are.

    Both are plans of one rung whose settings are equal until then: a schedule has one more change.
    Without this the new GANs would be trained from the start, and come out the same.
    """
    for role, address in new.roles.items():
        if not role.startswith("train/"):
            continue
        task, source = new.by_address[address], old.task(role)
        horizon = task.horizon or 0
        reached = store.latest_checkpoint(source.trajectory, horizon)
        if reached is None or store.latest_checkpoint(task.trajectory, horizon) is not None:
            continue
        files = {name: store.read(reached, name) for name in (STATE, LOSSES)}
        attempt = store.claim_attempt(task.trajectory, {"branched": source.trajectory})
        attempt.checkpoint(reached.step, files, reached.info)


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, GanrayError) else explain(error)
