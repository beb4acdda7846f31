"""Reading a run's stored results by the study's own names for them; what is missing is None."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import safetensors.numpy

from ganray.data import Dataset
from ganray.errors import GanrayError, StoreError
from ganray.plan import Plan, Task
from ganray.plan.roles import Gan, floor_role, gans_of, measurements
from ganray.report.reading.measured import Measured, Undefined, measured
from ganray.runs.agenda import Agenda
from ganray.runs.progress.failures import CONSEQUENCE, by_cause
from ganray.runs.records.inputs import dataset_location
from ganray.runs.records.outcome import read_outcome
from ganray.runs.records.parts import read_joined, span, stored_shards
from ganray.scores import Score, ScoreName
from ganray.store import Manifest, Store
from ganray.train.history import read_history

_READERS = 8  # a remote store answers slowly, but many questions at once
T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """A task whose result is not there, and why; `consequence` where another task is to blame."""

    title: str
    why: str
    consequence: bool = False


@dataclass
class Results:
    """What a store holds of a plan: only results that fit their inputs as they are now.

    `damaged` collects, while a report is made, the files that could not be read.
    """

    store: Store
    plan: Plan
    manifests: dict[str, Manifest]
    outcome: dict[str, Any] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What sections have computed of all results, for each other."""

    @classmethod
    def open(cls, store: Store, plan: Plan) -> Results:
        """Look at the store.

        Raises:
            StoreError: the store as a whole cannot be read.
        """
        manifests = Agenda.open(plan, store).manifests
        try:
            outcome = read_outcome(store, plan)
        except StoreError as error:
            if error.away:
                raise
            outcome = {}  # that file is damaged
        return cls(store, plan, manifests, outcome)

    def manifest(self, which: str | Task) -> Manifest | None:
        """The finished artifact of a task, or of the one that the study calls so."""
        named = which if isinstance(which, str) else which.address
        return self.manifests.get(self.plan.roles.get(named, named))

    def result(self, which: str | Task) -> dict[str, Any]:
        """What that artifact's manifest says of it; empty where there is none."""
        manifest = self.manifest(which)
        return manifest.result if manifest else {}

    def arrays(self, which: str | Task, name: str) -> dict[str, np.ndarray] | None:
        """The arrays of a safetensors file of that artifact."""
        return self._read(which, name, safetensors.numpy.load)

    def rows(self, which: str | Task, stem: str) -> dict[str, np.ndarray] | None:
        """The arrays of a sharded task, whose shards' files begin with `stem`."""
        return self._checked(which, lambda manifest: read_joined(self.store, manifest, stem))

    def history(self, which: str | Task) -> dict[str, np.ndarray] | None:
        """Iterations and losses of a training."""
        return self._read(which, "history.parquet", read_history)

    def _read(self, which: str | Task, name: str, decode: Callable[[bytes], T]) -> T | None:
        return self._checked(which, lambda one: decode(self.store.read(one, name)))

    def _checked(self, which: str | Task, read: Callable[[Manifest], T]) -> T | None:
        manifest = self.manifest(which)
        if manifest is None:
            return None
        try:
            return read(manifest)
        except (StoreError, ValueError) as error:
            if isinstance(error, StoreError) and error.away:  # that is no damage
                raise
            self.damaged[self.plan.by_address[manifest.address].title] = str(error)
            return None

    @cached_property
    def dataset(self) -> Dataset | None:
        """The data set of the run."""
        address = self.plan.roles.get("data") or next(
            (a for task in self.plan.tasks for r, a in task.inputs.items() if r == "data"), ""
        )
        try:
            url = dataset_location(self.store, address, self.plan.dataset.get("url"))
            return Dataset.open(url)
        except GanrayError as error:
            if address in self.manifests:
                self.damaged["data"] = str(error)
            return None

    def real_images(self, split: str, label: int) -> np.ndarray | None:
        """Every image of one class of one split, uint8 of shape (n, channels, height, width)."""
        if self.dataset is None:
            return None
        try:
            return self.dataset.images(split, [label])[0]
        except GanrayError as error:
            self.damaged["data"] = str(error)
            return None

    @property
    def class_names(self) -> list[str]:
        """The name of class k at position k."""
        return self.plan.class_names

    @property
    def covered(self) -> list[int]:
        """The classes that GANs of the plan are trained on; scores have a term for each of them."""
        return self.plan.covered

    def classes_of(self, name: ScoreName) -> list[int]:
        """The classes that the terms of a score are of."""
        role = next(one.roles[0] for one in measurements(self.plan) if one.name == name)
        subset = self.plan.task(role).parameters.get("subset")
        return list(subset["classes"]) if subset else self.covered

    def names(self, classes: Sequence[int]) -> list[str]:
        """What some classes are called."""
        return [self.class_names[index] for index in classes]

    @cached_property
    def gans(self) -> list[Gan]:
        """Every GAN of the plan, finished or not, in the plan's order."""
        return gans_of(self.plan)

    @cached_property
    def scores(self) -> list[Measured]:
        """Every score that was measured, in the plan's order."""
        found = (
            (one, [Score(**told) for role in one.roles if (told := self.result(role).get("score"))])
            for one in measurements(self.plan)
        )
        return [measured(one, known) for one, known in found if len(known) == len(one.roles)]

    @cached_property
    def undefined(self) -> list[Undefined]:
        """Every score that could not be measured, in the plan's order."""
        found = (
            (one, (self.result(role).get("undefined") for role in one.roles))
            for one in measurements(self.plan)
        )
        return [
            Undefined(one.name, one.side, one.replicate, why)
            for one, whys in found
            if (why := next(filter(None, whys), None)) is not None
        ]

    def floor(self, name: ScoreName) -> Score | None:
        """The score of held-out real images, where it was measured."""
        score = self.result(floor_role(name)).get("score")
        return Score(**score) if score else None

    def side_scores(self, side: str, name: ScoreName) -> list[Score]:
        """One side's replicates of one score, in their order."""
        mine = [m for m in self.scores if (m.side, m.name) == (side, name)]
        return [m.score for m in sorted(mine, key=lambda m: m.replicate)]

    def made_of(self, task: Task, kind: str) -> list[Task]:
        """The tasks of a kind whose input another task is, in the plan's order."""
        users = self.plan.dependents.get(task.address, [])
        return [user for user in users if user.kind == kind]

    @property
    def sides(self) -> list[str]:
        """The sides that were measured, in the order in which they are compared."""
        measured = {one.side for one in self.scores} | {one.side for one in self.undefined}
        return [side for side in self.plan.sides if side in measured]

    @property
    def measured(self) -> list[ScoreName]:
        """The scores that at least one side was measured by, in the plan's order."""
        known = {one.name for one in self.scores} | {one.name for one in self.undefined}
        return [n for n in dict.fromkeys(m.name for m in measurements(self.plan)) if n in known]

    @cached_property
    def seconds(self) -> dict[str, float]:
        """The time that each finished task and its chunks took, wherever they were worked.

        A training's time counts from where the shorter one ended that it continues.
        """
        tasks = [task for task in self.plan.tasks if task.address in self.manifests]
        with ThreadPoolExecutor(_READERS) as readers:
            return dict(
                zip((t.address for t in tasks), readers.map(self._spent, tasks), strict=True)
            )

    def _spent(self, task: Task) -> float:
        stored = stored_shards(self.store, task) if task.chunks else []
        parts = [one for one in stored if span(one).start < task.chunks]
        spent = sum(_seconds(manifest) for manifest in [self.manifests[task.address], *parts])
        begun = self.plan.continued(task) if task.trains else None
        before = self.manifests.get(begun.address) if begun else None
        return max(0.0, spent - _seconds(before)) if before else spent

    def within(self, prefix: str) -> Results:
        """The same results, with the roles that begin with `prefix` in place of their namesakes.

        What the whole is measured by, and that part is not, is no score of the part.
        """
        known = self.plan.roles
        measured = (role for one in measurements(self.plan) for role in one.roles)
        lacking = {role for role in measured if prefix + role not in known}
        roles = {role: address for role, address in known.items() if role not in lacking}
        for role, address in self.plan.roles.items():
            if role.startswith(prefix):
                roles[role.removeprefix(prefix)] = address
        plan = self.plan.model_copy(update={"roles": roles})
        return Results(self.store, plan, self.manifests, self.outcome, self.damaged)

    @property
    def complete(self) -> bool:
        """Whether every task of the plan has its result, and all that was read could be."""
        return not self.problems

    @property
    def problems(self) -> list[Problem]:
        """What is missing, causes before their consequences."""
        reasons = self.outcome.get("failed", {})
        absent = {
            task.title: reasons.get(task.address, "not finished yet")
            for task in self.plan.tasks
            if task.address not in self.manifests
        }
        missing = [
            _problem(titles[0] if len(titles) == 1 else f"{len(titles)} tasks", why)
            for titles, why in by_cause(absent)
        ]
        damaged = [Problem(title, why) for title, why in self.damaged.items()]
        return sorted([*damaged, *missing], key=lambda problem: problem.consequence)


def _seconds(manifest: Manifest) -> float:
    record = manifest.record
    return float(record.get("device_seconds") or record.get("seconds") or 0.0)


def _problem(title: str, why: str) -> Problem:
    return Problem(title, why, why.startswith(CONSEQUENCE))
