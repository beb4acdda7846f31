"""GANs of one number, which can be seen whole: densities, the critic's curve, how far they are.

The games of the first figures of "Understanding Generative Adversarial Networks" (Mangal and
Banerjee): a critic that is always the best one, a generator far ahead of it, and both in step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from ganray.laboratory.networks import SHAPE, Mixture
from ganray.models.spec import Shape
from ganray.train.algorithms.adversarial import Adversarial
from ganray.train.gan import GanTrainer

PLACES = 201
"""Of the critic's curve, from −1 to 1."""
BINS = 100
"""Of the density of generated numbers."""
_FLOOR_PAIRS = 32


@dataclass(frozen=True)
class Numbers:
    """Endless batches of real numbers, each drawn anew; as `Batches`."""

    real: Mixture
    batch: int
    seed: int

    @property
    def shape(self) -> Shape:
        """One pixel."""
        return SHAPE

    def __len__(self) -> int:
        """None is kept: those of one batch."""
        return self.batch

    def __call__(
        self, step: int, part: slice = slice(None)
    ) -> tuple[Float[Tensor, "part 1 1 1"], Int64[np.ndarray, "part"]]:
        """As `Batches`; the numbers are in [−1, 1]."""
        rows = np.arange(step * self.batch, (step + 1) * self.batch)[part]
        drawn = self.real.rows(self.seed, "numbers", int(rows[0]), len(rows))
        return pixels(drawn), rows


def pixels(numbers: Float64[np.ndarray, "n"]) -> Float[Tensor, "n 1 1 1"]:
    """Numbers as images of one pixel."""
    return torch.from_numpy(numbers).float().reshape(-1, *SHAPE)


def wasserstein(one: Float64[np.ndarray, "n"], other: Float64[np.ndarray, "n"]) -> float:
    """W₁ of two samples of one size: the mean distance of their values in order, which on a line
    is the cheapest way from the one to the other (Villani, 2003, theorem 2.18)."""
    return float(np.abs(np.sort(one) - np.sort(other)).mean())


def floor(real: Mixture, seed: int, count: int) -> float:
    """W₁ of two samples of real numbers, the mean over some pairs."""
    drawn = [real.rows(seed, f"look/floor/{n}", 0, count) for n in range(2 * _FLOOR_PAIRS)]
    return float(np.mean([wasserstein(*drawn[n : n + 2]) for n in range(0, len(drawn), 2)]))


@dataclass(frozen=True)
class Look:
    """A GAN of numbers as it is in some iteration.

    Attributes:
        critic: what the critic says at `PLACES` places from −1 to 1: D for a classifier, else its
            value.
        density: of generated numbers, in `BINS` bins from −1 to 1.
        distance: W₁ of generated and real numbers.
        gradient: mean |d said / dx| over generated numbers.
        pull: mean |d loss / dx| over generated numbers, of the generator's loss on each: how
            strongly it is told to move it.
    """

    critic: Float64[np.ndarray, "n"]
    density: Float64[np.ndarray, "m"]
    distance: float
    gradient: float
    pull: float


def look(trainer: GanTrainer, real: Mixture, count: int) -> Look:
    """At `count` generated and as many real numbers, that no training sees."""
    train = trainer.spec
    assert isinstance(train, Adversarial)
    critic, sampler = trainer.networks["critic"], trainer.sampler()
    with torch.no_grad():
        made = sampler(sampler.noise(trainer.seed, "look", 0, count))
        curve = train.said(critic(pixels(np.linspace(-1, 1, PLACES))))
    numbers, reals = made.flatten().double().numpy(), real.rows(trainer.seed, "look", 0, count)
    points = made.requires_grad_(True)
    values = critic(points)
    (slope,) = torch.autograd.grad(train.said(values).sum(), points, retain_graph=True)
    # Only where a loss pairs them does it look at real numbers.
    loss = train.generator_loss(values, critic(pixels(reals)) if train.paired else values[:0], {})
    (pull,) = torch.autograd.grad(count * loss, points)
    density, _ = np.histogram(numbers, bins=BINS, range=(-1, 1), density=True)
    return Look(
        critic=curve.double().numpy(),
        density=density,
        distance=wasserstein(numbers, reals),
        gradient=float(slope.abs().mean()),
        pull=float(pull.abs().mean()),
    )
