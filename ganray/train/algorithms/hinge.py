"""The hinge loss (Lim and Ye, arXiv 1705.02894; Tran et al., arXiv 1702.08896)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.train.algorithms.adversarial import Adversarial
from ganray.train.steps import Noise

if TYPE_CHECKING:
    import torch


class Hinge(Adversarial):
    """E[max(0, 1 − D(x))] + E[max(0, 1 + D(G(z)))] against −E[D(G(z))]."""

    paper = "Lim and Ye, arXiv 1705.02894"

    algorithm: Literal["hinge"] = Field("hinge", description="the rule of updates")
    beta1: float = Field(0.0, ge=0, lt=1, description="Adam's decay of the mean gradient")
    beta2: float = Field(0.9, ge=0, lt=1, description="Adam's decay of the mean squared gradient")

    def critic_loss(
        self, real: Float[torch.Tensor, "n"], fake: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """Nothing for values beyond ±1 on the right side."""
        return (1 - real).clamp(min=0).mean() + (1 + fake).clamp(min=0).mean()

    def generator_loss(
        self, fake: Float[torch.Tensor, "n"], real: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """The critic's negated mean over generated images."""
        return -fake.mean()
