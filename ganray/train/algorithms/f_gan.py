"""f-GAN (Nowozin et al., arXiv 1606.00709): any f-divergence as a game."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.train.algorithms.adversarial import Adversarial
from ganray.train.steps import Noise

if TYPE_CHECKING:
    import torch

Divergence = Literal[
    "total_variation", "kl", "reverse_kl", "pearson", "neyman", "hellinger", "jensen_shannon", "gan"
]


class FGan(Adversarial):
    """The critic's V(x) gives T(x) = g_f(V(x)); it makes E[T(x)] − E[f*(T(G(z)))] large (eq. 6).

    `trick` is the generator's loss −E[T(G(z))] of the paper's section 3.2, the form of the
    non-saturating loss; without it the generator makes the critic's own bound small.
    """

    paper = "Nowozin et al., arXiv 1606.00709"

    algorithm: Literal["f_gan"] = Field("f_gan", description="the rule of updates")
    divergence: Divergence = Field("jensen_shannon", description="which f")
    trick: bool = Field(True, description="generator's loss −E[T(G(z))], not −E[f*(T(G(z)))]")

    def critic_loss(
        self, real: Float[torch.Tensor, "n"], fake: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """The negated bound."""
        return -(activated(self.divergence, real).mean() - conjugate(self.divergence, fake).mean())

    def generator_loss(
        self, fake: Float[torch.Tensor, "n"], real: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """As `trick` says."""
        made = activated if self.trick else conjugate
        return -made(self.divergence, fake).mean()


def activated(divergence: Divergence, v: Float[torch.Tensor, "n"]) -> Float[torch.Tensor, "n"]:
    """T = g_f(v), which lies where f* is defined (table 6 of the paper's appendix)."""
    import torch
    from torch.nn.functional import softplus

    match divergence:
        case "total_variation":
            return torch.tanh(v) / 2
        case "kl" | "pearson":
            return v
        case "reverse_kl":
            return -torch.exp(-v)
        case "neyman" | "hellinger":
            return 1 - torch.exp(-v)
        case "jensen_shannon":
            return math.log(2) - softplus(-v)
        case "gan":
            return -softplus(-v)


def conjugate(divergence: Divergence, v: Float[torch.Tensor, "n"]) -> Float[torch.Tensor, "n"]:
    """f*(g_f(v)) (table 6 of the paper's appendix), in forms that do not overflow early."""
    import torch
    from torch.nn.functional import softplus

    match divergence:
        case "total_variation":
            return torch.tanh(v) / 2
        case "kl":
            return torch.exp(v - 1)
        case "reverse_kl":
            return v - 1  # −1 − log(−t) at t = −exp(−v)
        case "pearson":
            return v.square() / 4 + v
        case "neyman":
            return 2 - 2 * torch.exp(-v / 2)  # 2 − 2√(1 − t)
        case "hellinger":
            return torch.exp(v) - 1  # t / (1 − t)
        case "jensen_shannon":
            return softplus(v) - math.log(2)  # −log(2 − exp t)
        case "gan":
            return softplus(v)  # −log(1 − exp t)
