"""What the tasks of a sweep are told: a trial's objective, and the candidates that it ends with."""

from __future__ import annotations

from typing import Any, Literal

from ganray.models import Model
from ganray.plan.measuring import ScoreParameters
from ganray.plan.parameters import Parameters, Spans
from ganray.spec import Spec
from ganray.specs import EmbedSpec, SampleSpec
from ganray.train.algorithms import Training


class Shares(Spec):
    """How many samples each GAN of a side gives, and from which sequence."""

    counts: list[int]
    seeds: list[int]


class ObjectiveParameters(ScoreParameters):
    """A trial's score on held-out images, and how its GANs' samples are drawn and embedded."""

    classes: list[int]
    rows: Spans
    model: Model
    sample: SampleSpec
    embed: EmbedSpec
    sides: dict[str, Shares]


_FIRST_SETTINGS = {
    *("name", "width", "latent"),
    *("algorithm", "batch", "ema", "threads", "schedule", "critic_steps", "learning_rate"),
    *("beta1", "beta2"),
}
_FIRST_PENALTIES = {
    "wgan_gp": {"penalty_weight", "penalty", "penalty_interval"},
    "dragan": {"penalty_weight"},
}
"""What models and algorithms were told when the first keys of candidates were made."""


class Candidate(Spec):
    """The settings that one trial ended with, and its value in the sweep."""

    trial: int
    model: Model
    train: Training
    value: float

    def identity(self) -> dict[str, Any]:
        """With the usual settings too, as far as the first keys had them."""
        plain = self.model_dump(mode="json")
        first = _FIRST_SETTINGS | _FIRST_PENALTIES.get(self.train.algorithm, set())
        for group, spec in (("model", self.model), ("train", self.train)):
            counted = spec.identity()
            plain[group] = {
                name: value
                for name, value in plain[group].items()
                if name in counted or name in first
            }
        return plain


class SpecParameters(Parameters):
    """The candidates of a sweep, the better first, and what they were compared by."""

    candidates: list[Candidate]
    sweep: str
    metric: str
    encoder: str
    better: Literal["lower", "higher"]
    side: str
    iterations: dict[str, int]
