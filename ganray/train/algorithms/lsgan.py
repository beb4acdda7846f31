"""LSGAN (Mao et al., arXiv 1611.04076): least squares in place of cross-entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.train.algorithms.vanilla import Targets
from ganray.train.steps import Noise

if TYPE_CHECKING:
    import torch


class Lsgan(Targets):
    """½E[(D(x) − b)²] + ½E[(D(G(z)) − a)²] against ½E[(D(G(z)) − c)²] (eq. 8 and 9).

    By default a = 0 and b = c = 1, the paper's eq. 9; a = −1, b = 1, c = 0 is its eq. 8, which
    minimises Pearson's χ².
    """

    paper = "Mao et al., arXiv 1611.04076"
    factors = (*Targets.factors, "wanted")

    algorithm: Literal["lsgan"] = Field("lsgan", description="the rule of updates")
    wanted: float = Field(1.0, ge=-1, le=2, description="c, what the generator wants to hear")

    def critic_loss(
        self, real: Float[torch.Tensor, "n"], fake: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """Half the mean squared distances from a and b."""
        of_real, of_fake = self.targets(real, fake, noise)
        return ((real - of_real).square().mean() + (fake - of_fake).square().mean()) / 2

    def generator_loss(
        self, fake: Float[torch.Tensor, "n"], real: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """Half the mean squared distance from c."""
        return (fake - self.wanted).square().mean() / 2
