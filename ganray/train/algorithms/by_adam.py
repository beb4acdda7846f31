"""What algorithms share whose optimiser is Adam."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from ganray.train.spec import TrainSpec
from ganray.train.steps import Adam, Optimiser


class ByAdam(TrainSpec):
    """Such an algorithm, with the rates that most GANs are trained with."""

    changeable: ClassVar[tuple[str, ...]] = ("learning_rate", "beta1", "beta2")
    moving: ClassVar[tuple[str, ...]] = (
        *TrainSpec.moving,
        "learning_rate",
        "beta1",
        "beta2",
        "decay_from",
        "decay_until",
    )
    rates: ClassVar[tuple[str, ...]] = ("learning_rate",)
    """The settings that fall where rates do."""
    remedy = "a smaller train.learning_rate"

    batch: int = Field(64, ge=1, description="real images in each step")
    learning_rate: float = Field(2e-4, gt=0, description="step size of all networks")
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's decay of the mean gradient")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's decay of the mean squared gradient")

    decay_from: int = Field(
        0, ge=0, description="the iteration from which rates fall linearly, if they do"
    )
    decay_until: int | None = Field(
        None, ge=1, description="the iteration at which they are 0; none: rates stay"
    )

    def optimiser(self, learning_rate: float) -> Optimiser:
        """How weights go down a loss."""
        return Adam(learning_rate, self.beta1, self.beta2)

    @property
    def varies(self) -> bool:
        """Whether some setting is not the same in all iterations."""
        return super().varies or self.decay_until is not None

    def at(self, iteration: int) -> ByAdam:
        """The settings in force after `iteration` iterations, rates as they are by then."""
        here = self.scheduled(iteration)
        assert isinstance(here, ByAdam)
        if here.decay_until is None:
            return here
        span = here.decay_until - here.decay_from
        left = max(0.0, min(1.0, (here.decay_until - iteration) / span))
        known = {name: getattr(here, name) for name in self.rates}
        fallen = {name: left * rate for name, rate in known.items() if rate is not None}
        return here.model_copy(update={**fallen, "decay_until": None})

    @model_validator(mode="after")
    def _falls_in_time(self) -> ByAdam:
        if self.decay_until is not None and self.decay_until <= self.decay_from:
            raise ValueError(
                f"decay_until (={self.decay_until}) must be above {self.told('decay_from')}"
            )
        return self
