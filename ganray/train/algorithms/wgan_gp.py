"""WGAN-GP (Gulrajani et al., arXiv 1704.00028) as Defense-GAN's public code trains by it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganray.train.algorithms.penalised import PENALTY, Penalty
from ganray.train.algorithms.wgan import Wasserstein


class WganGp(Wasserstein):
    """Some critic steps, then one generator step; defaults are Defense-GAN's published settings."""

    implied = frozenset({"algorithm"})
    paper = "Gulrajani et al., arXiv 1704.00028"

    algorithm: Literal["wgan_gp"] = Field("wgan_gp", description="the rule of updates")
    batch: int = Field(50, ge=1, description="real images in each step")
    learning_rate: float = Field(1e-4, gt=0, description="step size of all networks")
    beta2: float = Field(0.9, ge=0, lt=1, description="Adam's decay of the mean squared gradient")
    penalty: Penalty = Field("corrected", description=PENALTY)
