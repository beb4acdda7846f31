"""What algorithms share whose optimiser is Adam."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ganray.train.spec import TrainSpec
from ganray.train.steps import Adam, Optimiser


class ByAdam(TrainSpec):
    """Such an algorithm, with the rates that most GANs are trained with."""

    changeable: ClassVar[tuple[str, ...]] = ("learning_rate", "beta1", "beta2")
    remedy = "a smaller train.learning_rate"

    batch: int = Field(64, ge=1, description="real images in each step")
    learning_rate: float = Field(2e-4, gt=0, description="step size of all networks")
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's decay of the mean gradient")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's decay of the mean squared gradient")

    def optimiser(self, learning_rate: float) -> Optimiser:
        """How weights go down a loss."""
        return Adam(learning_rate, self.beta1, self.beta2)
