"""A sweep file: a study's blocks, and `sweep:`, which says what varies and what is best."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from pydantic import Field, model_validator

from ganray.cost.spending import Cost
from ganray.data.spec import SourceInfo
from ganray.errors import RefusedInput
from ganray.models import ModelSpec
from ganray.models.encoders import AnyEncoder, Classifier, Encoder
from ganray.plan.classes import class_index
from ganray.scores import ScoreName
from ganray.spec import RUN_NAME, Spec, content_hash
from ganray.studies.parts.scoring.evaluate import Evaluate, NamedOnce, check_needs, usual_metrics
from ganray.studies.parts.settings import MOST_ITERATIONS, Setup
from ganray.sweeps.block import Sweep
from ganray.sweeps.space import Values, check_domains, combinations, configured, drawn
from ganray.train.spec import TrainSpec

_PLACEMENT = {"resources", "cost"}


class EvaluateOnOne(Evaluate):
    """On which encoder trials are measured, on how many images."""

    encoders: NamedOnce[AnyEncoder] = Field(
        [Classifier()], min_length=1, description="the one network whose features are measured"
    )


class SweepBudget(Spec):
    """How long a trial that is not ended early trains each side."""

    iterations: int = Field(
        1000,
        ge=1,
        le=MOST_ITERATIONS,
        description="of a joint GAN; k marginal GANs have a k-th of them each",
    )


class SweepSettings(Setup):
    """A sweep file."""

    name: str = Field("sweep", pattern=RUN_NAME, description="its runs bear it")
    budget: SweepBudget = SweepBudget()
    evaluate: EvaluateOnOne = EvaluateOnOne()
    cost: Cost = Cost()
    sweep: Sweep

    @model_validator(mode="after")
    def _values_are_valid(self) -> SweepSettings:
        check_domains(self.sweep.over, self.base)
        threads, cpus = self.sweep.over.get("train.threads"), max(1.0, self.resources.num_cpus)
        most = max(threads.probes()) if threads else 1
        if most > cpus:
            raise ValueError(
                f"sweep.over.train.threads (={most}) must be at most resources.num_cpus "
                f"(={self.resources.num_cpus:g}); raise the one or lower the other"
            )
        if self.sweep.scheduler == "pbt":
            self._check_changes()
        if len(self.evaluate.encoders) > 1:
            raise ValueError("evaluate.encoders: a sweep measures on one; leave the others out")
        check_needs(self.sweep.metric, self.evaluate.encoders, "sweep.metric")
        if self.evaluate.metrics != usual_metrics(self.evaluate.encoders):
            raise ValueError("evaluate.metrics: a sweep measures sweep.metric; leave it out")
        return self

    def _check_changes(self) -> None:
        able = [f"train.{name}" for name in self.train.changeable]
        wrong = [path for path in self.sweep.over if path not in able]
        if wrong:
            raise ValueError(
                f"sweep.over (={wrong[0]!r}): sweep.scheduler (='pbt') changes GANs while they are "
                f"trained, which train.{self.train.told('algorithm')} allows for "
                + (", ".join(able) or "no setting")
            )
        if self.train.schedule:
            raise ValueError(
                "train.schedule: sweep.scheduler (='pbt') makes one of its own; leave it out"
            )

    @property
    def score(self) -> ScoreName:
        """What trials are compared by."""
        return ScoreName(self.sweep.metric.name, self.measured_on.name)

    @property
    def measured_on(self) -> Encoder:
        """What trials are measured on."""
        return self.evaluate.encoders[0]

    @property
    def base(self) -> dict[str, Spec]:
        """What holds for every trial, beside its values."""
        return {"train": self.train, "model": self.model}

    def specs(self, values: Values) -> tuple[ModelSpec, TrainSpec]:
        """The networks and the training of the trial with these values."""
        both = configured(self.base, values)
        return both["model"], both["train"]

    def trials(self) -> list[Values]:
        """The values of every trial that is known beforehand; Optuna's are not."""
        if self.sweep.search == "grid":
            return list(combinations(self.sweep.over))
        return [drawn(self.sweep.over, self.seed, index) for index in range(self.sweep.count)]

    def classes(self, info: SourceInfo) -> list[int]:
        """The classes that every trial trains, in ascending order.

        Raises:
            RefusedInput: the data set has no such class, or one is named twice or none at all.
        """
        if self.sweep.classes == "all":
            return list(range(len(info.class_names)))
        names = info.class_names
        named = [class_index(name, names, "sweep.classes: class") for name in self.sweep.classes]
        if not named or len(set(named)) != len(named):
            raise RefusedInput(
                f"sweep.classes (={self.sweep.classes!r}) must be 'all' or classes, none twice: "
                + ", ".join(info.class_names)
            )
        return sorted(named)

    def steps(self, groups: int) -> list[int]:
        """The iterations of a joint GAN at each rung; of marginal ones divided by `groups`.

        Raises:
            RefusedInput: the rungs are less than an iteration apart.
        """
        budget, rungs = self.budget.iterations, self.sweep.rungs
        least = rungs * (groups if "marginal" in self.sweep.sides else 1)
        if budget < least:
            raise RefusedInput(
                f"budget.{self.budget.told('iterations')} must be at least {least}: each of "
                f"sweep.{self.sweep.told('rungs')} needs an iteration of every GAN"
            )
        return rung_steps(budget, rungs)

    def identity_of(self, fingerprint: str) -> str:
        """The hash of all that determines the sweep's trials, by which it is known."""
        content: dict[str, Any] = {
            name: value for name, value in self.identity().items() if name not in _PLACEMENT
        }
        content["sweep"] = {k: v for k, v in content["sweep"].items() if k != "concurrent"}
        measured = {k: v for k, v in content.pop("evaluate", {}).items() if k != "weak_below"}
        content |= {"evaluate": measured} if measured else {}
        return content_hash([content | {"data": fingerprint}])


def rung_steps(budget: int, rungs: int) -> list[int]:
    """The iterations at each rung, the last of them the budget."""
    return [budget * (rung + 1) // rungs for rung in range(rungs)]


def judged_by(settings: Mapping[str, Any]) -> ScoreName:
    """What a sweep's trials are compared by, as the settings in its plan have it."""
    (encoder,) = settings["evaluate"]["encoders"]
    return ScoreName(settings["sweep"]["metric"]["name"], encoder["name"])


def check_search(sweep: Sweep) -> None:
    """Refuse a search whose package is missing.

    Raises:
        RefusedInput: optuna is not installed.
    """
    if sweep.search == "optuna" and find_spec("optuna") is None:
        raise RefusedInput(
            "sweep.search (='optuna') needs the package optuna: pip install '.[optuna]' in the "
            "folder of ganray's source; or choose random or grid"
        )
