"""How a GAN and an encoder are trained: settings alone, free of torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, model_validator

from ganray.spec import Spec

if TYPE_CHECKING:
    from ganray.train.steps import Step


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
    """How a GAN is trained: a member of the open list `ganray.train.ALGORITHMS`.

    An algorithm is a file with its spec, which gives the steps of an iteration, and its losses. The
    number of iterations is not here: it ends a trajectory but does not change it.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    """The roles of the networks that it trains."""
    unnormalised: ClassVar[tuple[str, ...]] = ()
    """The roles whose networks may not normalise over a batch: a gradient penalty is of each image
    by itself."""

    algorithm: str
    batch: int = Field(50, ge=1, description="real images in each step")
    ema: float | None = Field(
        None, gt=0, lt=1, description="decay of the generator's moving average; none: not kept"
    )
    threads: int = Field(1, ge=1, description="torch threads; changes the last bits of results")
    schedule: tuple[Change, ...] = Field(
        (), description="changes on the way, e.g. those that population-based training found"
    )

    def steps(self) -> tuple[Step, ...]:
        """What one iteration consists of, in order."""
        raise NotImplementedError

    @property
    def images(self) -> int:
        """Real images seen in one iteration."""
        return self.batch * sum(step.times for step in self.steps() if step.real)

    @property
    def losses(self) -> tuple[str, ...]:
        """What the losses of its steps are called, in order."""
        return tuple(f"{step.name}_loss" for step in self.steps())

    def once(self) -> TrainSpec:
        """The same with every step done once in an iteration, to be timed quickly."""
        return self

    @model_validator(mode="after")
    def _changes_ascend(self) -> TrainSpec:
        iterations = [change.iteration for change in self.schedule]
        if iterations != sorted(set(iterations)):
            raise ValueError(f"schedule: iterations must ascend, none twice; they are {iterations}")
        names = [step.name for step in self.steps()]
        if len(set(names)) < len(names):  # each has an optimiser and a loss under its name
            raise ValueError(
                f"{self.algorithm}: steps must differ in their names; they are {names}"
            )
        for name in (name for change in self.schedule for name in change.fields):
            if name not in type(self).model_fields:
                raise ValueError(f"schedule: {self.algorithm} has no {name}")
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
