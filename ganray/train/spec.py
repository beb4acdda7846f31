"""How a GAN and an encoder are trained: settings alone, free of torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ganray.spec import Spec


class Change(Spec):
    """Settings of the optimisers and of the penalty from some iteration on; none: as before."""

    iteration: int = Field(ge=1, description="iterations done when it comes into force")
    learning_rate: float | None = Field(None, gt=0, description="from then on; none: as before")
    beta1: float | None = Field(None, ge=0, lt=1, description="from then on; none: as before")
    beta2: float | None = Field(None, ge=0, lt=1, description="from then on; none: as before")
    penalty_weight: float | None = Field(None, ge=0, description="from then on; none: as before")

    @property
    def fields(self) -> dict[str, float]:
        """What changes: the fields of `TrainSpec` that are named, with their new values."""
        values = {name: getattr(self, name) for name in OPTIMISER_FIELDS}
        return {name: value for name, value in values.items() if value is not None}


OPTIMISER_FIELDS = ("learning_rate", "beta1", "beta2", "penalty_weight")
"""The settings that may change while a GAN is trained."""


class TrainSpec(Spec):
    """WGAN-GP (arXiv 1704.00028) with Defense-GAN's published settings as defaults.

    The number of iterations is not here: it ends a trajectory but does not change it.
    """

    implied = frozenset({"algorithm"})

    algorithm: Literal["wgan_gp"] = Field("wgan_gp", description="the rule of updates")
    batch: int = Field(50, ge=1, description="real images in each critic step")
    critic_steps: int = Field(5, ge=1, description="critic steps before each generator step")
    learning_rate: float = Field(1e-4, gt=0, description="Adam's step size, both networks")
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's decay of the mean gradient")
    beta2: float = Field(0.9, ge=0, lt=1, description="Adam's decay of the mean squared gradient")
    penalty_weight: float = Field(10.0, ge=0, description="λ of the gradient penalty")
    penalty: Literal["corrected", "as_published"] = Field(
        "corrected",
        description="norm over the whole image, or over its rows alone as in the public code",
    )
    penalty_interval: int = Field(
        1, ge=1, description="penalty on every k-th critic step only, with k times the weight"
    )
    ema: float | None = Field(
        None, gt=0, lt=1, description="decay of the generator's moving average; none: not kept"
    )
    threads: int = Field(1, ge=1, description="torch threads; changes the last bits of results")
    schedule: tuple[Change, ...] = Field(
        (), description="changes on the way, e.g. those that population-based training found"
    )

    @model_validator(mode="after")
    def _changes_ascend(self) -> TrainSpec:
        iterations = [change.iteration for change in self.schedule]
        if iterations != sorted(set(iterations)):
            raise ValueError(f"schedule: iterations must ascend, none twice; they are {iterations}")
        return self

    def at(self, iteration: int) -> TrainSpec:
        """The settings in force after `iteration` iterations, as if they had always been so."""
        if not self.schedule:
            return self
        past = (change.fields for change in self.schedule if change.iteration <= iteration)
        values = {name: value for fields in past for name, value in fields.items()}
        return self.model_copy(update=values | {"schedule": ()})


class EncoderSpec(Spec):
    """Training of the CAFD encoder: Adam, cross-entropy, learning rate decayed linearly to zero."""

    epochs: int = Field(4, ge=1, description="passes over the training split")
    batch: int = Field(50, ge=1, description="images in each step")
    learning_rate: float = Field(1e-3, gt=0, description="Adam's step size at the beginning")
    threads: int = Field(1, ge=1, description="torch threads; changes the last bits of results")
