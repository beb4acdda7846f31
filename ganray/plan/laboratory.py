"""What the laboratory's tasks are told: trajectories of two Gaussians, and GANs of numbers."""

from __future__ import annotations

from typing import Any

from ganray.laboratory.networks import Mixture, NumberNetworks
from ganray.laboratory.spec import Dynamics, Example, Starts
from ganray.plan.parameters import Parameters
from ganray.train.algorithms import Training


class GaussiansParameters(Parameters):
    """Trajectories of the two-Gaussian game."""

    dynamics: Dynamics
    starts: Starts
    seed: int


class GaussianPathParameters(Parameters):
    """One of them."""

    example: Example

    def identity(self) -> dict[str, Any]:
        """Without what it is called."""
        told = self.example.identity()
        return {"example": {name: told[name] for name in told if name != "name"}}


class NumberGanParameters(Parameters):
    """One GAN of numbers, and how many of them it is judged by."""

    real: Mixture
    networks: NumberNetworks
    train: Training
    samples: int
    seed: int
