"""Sweeps: what a trial trains up to each rung, and how the best two are compared.

Each rung of a trial is a small plan. Its GANs are ordinary training trajectories, the same that a
study with these settings and this seed has as its first replicate; its score is an `objective`
task. All trials share one training seed and one set of latent vectors, so that they differ in
their settings alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ganray.cost.spending import Cost
from ganray.models import ModelSpec
from ganray.plan import Plan, Resources, Task
from ganray.plan.candidates import Candidate, SpecParameters
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.data import Data
from ganray.sweeps.scores import Scores
from ganray.sweeps.settings import SweepSettings
from ganray.sweeps.space import Values
from ganray.sweeps.trials import Trial, ranked, specs_of
from ganray.train.spec import TrainSpec

NAME = "sweep"


@dataclass(frozen=True)
class SweepPlan:
    """A sweep file with its data: gives the plan of every piece of work.

    Raises:
        RefusedInput: settings and data do not fit, e.g. a class smaller than a trial's batch.
    """

    settings: SweepSettings
    data: Data

    def __post_init__(self) -> None:
        for values in self._extremes():
            self.rung(*self.settings.specs(values), self.steps[-1])

    @property
    def resources(self) -> Resources:
        """What each trial is given."""
        return self.settings.resources

    @property
    def cost(self) -> Cost:
        """Prices, and caps for trials and comparison together."""
        return self.settings.cost

    @cached_property
    def classes(self) -> list[int]:
        """The classes that every trial trains."""
        return self.settings.classes(self.data.info)

    @cached_property
    def steps(self) -> list[int]:
        """The iterations of a joint GAN at each rung."""
        return self.settings.steps(len(self.classes))

    @cached_property
    def _scores(self) -> Scores:
        return Scores(self.settings, self.data, self.classes)

    @property
    def name(self) -> str:
        """The sweep's name with the first digits of its hash: its folders bear it, from its first
        trial to its report."""
        identity = self.settings.identity_of(self.data.fingerprint)
        return f"{self.settings.name}-{identity[:12]}"

    @property
    def folder(self) -> str:
        """Where the store keeps the records of its trials."""
        return f"sweeps/{self.name}"

    @property
    def population(self) -> bool:
        """Whether trials take each other's GANs over on their way."""
        return self.settings.sweep.scheduler == "pbt"

    def specs(self, values: Values) -> tuple[ModelSpec, TrainSpec]:
        """The networks and the training that a trial's values stand for."""
        return self.settings.specs(values)

    def own_iterations(self, step: int) -> int:
        """The iterations of each GAN where a joint one has `step`: equal compute on both sides."""
        marginal = self.settings.sweep.side == "marginal"
        return step // len(self.classes) if marginal else step

    def preparation(self) -> Plan:
        """What all trials need: data set, network and the features of the held-out images."""
        blocks = self._blocks()
        self._scores.ruler(blocks)
        return self._plan(blocks)

    def rung(self, model: ModelSpec, train: TrainSpec, step: int) -> Plan:
        """A trial up to one rung; its score is the task `objective`, its GANs are `train/…`."""
        blocks = self._blocks()
        self._scores.add(blocks, "objective", model, train, step, 0)
        return self._plan(blocks)

    def least(self) -> Plan:
        """What all trials do at the least, what they need included: up to the first rung where
        worse ones end early. Of trials that a search chooses one by one, nothing is known.
        """
        settings = self.settings.sweep
        step = self.steps[0 if settings.scheduler == "asha" else -1]
        known = self.settings.trials() if settings.search != "optuna" else []
        return self.several(dict(enumerate(map(self.specs, known))), [step])

    def largest(self) -> Plan:
        """Of the trials those that may need the most memory, up to the last rung: the greatest of
        all numbers together, with each of the values that are none."""
        probes = {path: domain.probes() for path, domain in self.settings.sweep.over.items()}
        numbers = {path: all(map(_is_number, values)) for path, values in probes.items()}
        most = {path: max(v) if numbers[path] else v[0] for path, v in probes.items()}
        words = ({path: v} for path in probes if not numbers[path] for v in probes[path][1:])
        trials = (self.specs(most | values) for values in ({}, *words))
        return self.several(dict(enumerate(trials)), self.steps[-1:])

    def several(
        self, trials: Mapping[int, tuple[ModelSpec, TrainSpec]], steps: Sequence[int]
    ) -> Plan:
        """What trials need, and do up to some rungs; their scores are `objective/<trial>/<step>`,
        their GANs `trial/<trial>/<step>/train/…`."""
        blocks = self._blocks()
        self._scores.ruler(blocks)
        for number, (model, train) in trials.items():
            for step in steps:
                role, name = f"objective/{number}/{step}", f"trial {number} at {step} iterations"
                with blocks.within(f"trial/{number}/{step}/", ""):
                    self._scores.add(blocks, role, model, train, step, 0, name)
        return self._plan(blocks)

    def candidates(self, trials: Sequence[Trial]) -> list[Candidate]:
        """The best two of those that were trained to the end, with settings of their own."""
        best = ranked(trials, self.settings.score.better)
        arrived = [one for one in best if one.state == "finished"]
        distinct: dict[str, Candidate] = {}
        for one in arrived:
            model, train = specs_of(one)
            value = one.points[-1].value
            candidate = Candidate(trial=one.number, model=model, train=train, value=value)
            distinct.setdefault(json.dumps([one.model, one.train], sort_keys=True), candidate)
        return list(distinct.values())[:2]

    def final(self, candidates: Sequence[Candidate]) -> Plan:
        """The run that ends a sweep: the candidates on fresh seeds, and the spec of the better.

        Args:
            candidates: at most two, the better first; none where no trial arrived.
        """
        blocks = self._blocks()
        self._scores.ruler(blocks)
        seeds = range(1, self.settings.sweep.confirm.seeds + 1)
        scored: dict[str, Task] = {}
        for index, candidate in reversed(list(enumerate(candidates))):
            part = f"trial/{candidate.trial}/" if index else ""  # roles `train/…` are the winner's
            for seed in seeds:
                role = f"objective/{index}/{seed}"
                name = f"trial {candidate.trial} seed {seed}"
                with blocks.within(part, ""):
                    scored[f"{index}/{seed}"] = self._scores.add(
                        blocks, role, candidate.model, candidate.train, self.steps[-1], seed, name
                    )
        if candidates:
            blocks.builder.add("spec", "spec", "choice", self._choice(candidates), scored)
        return self._plan(blocks)

    def _choice(self, candidates: Sequence[Candidate]) -> SpecParameters:
        """What the stage that chooses is told; what each candidate is enters the key."""
        return SpecParameters(
            candidates=list(candidates),
            sweep=self.name,
            **self.settings.score._asdict(),
            better=self.settings.score.better,
            side=self.settings.sweep.side,
            iterations={
                side: self.steps[-1] // len(self._scores.groups(side))
                for side in self.settings.sweep.sides
            },
        )

    def _blocks(self) -> Blocks:
        return Blocks(self.data, self.settings.seed, self.classes)

    def _extremes(self) -> list[dict[str, Any]]:
        """Every value that stands for others, each beside first values of the other fields."""
        probes = {path: domain.probes() for path, domain in self.settings.sweep.over.items()}
        first = {path: values[0] for path, values in probes.items()}
        return [first | {path: value} for path, values in probes.items() for value in values]

    def _plan(self, blocks: Blocks) -> Plan:
        settings = self.settings.model_dump(mode="json") | {"folder": self.folder}
        dataset = self.data.info.model_dump(mode="json") | {"url": self.data.url}
        sides = self.settings.sweep.sides
        plan = blocks.builder.plan(self.settings.name, NAME, settings, dataset, sides=sides)
        return plan.model_copy(update={"known_as": self.name})


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
