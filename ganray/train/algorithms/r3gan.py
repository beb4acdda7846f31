"""R3GAN (Huang et al., arXiv 2501.05441): real and generated images in pairs, R1 and R2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.train.algorithms.adversarial import Adversarial
from ganray.train.algorithms.penalised import Seen
from ganray.train.steps import Noise

if TYPE_CHECKING:
    import torch


class R3Gan(Adversarial):
    """E[softplus(−(D(x) − D(G(z))))], and the reverse for the generator (eq. 2), with
    γ/2·(E‖∇D(x)‖² + E‖∇D(G(z))‖²)."""

    paper = "Huang et al., arXiv 2501.05441"
    paired = True
    own_penalty = "R1 and R2"
    unused = ("penalty", "penalty_weight")
    changeable = (*Adversarial.changeable, "gamma")
    factors = (*Adversarial.factors, "gamma")

    algorithm: Literal["r3gan"] = Field("r3gan", description="the rule of updates")
    beta1: float = Field(0.0, ge=0, lt=1, description="Adam's decay of the mean gradient")
    beta2: float = Field(0.99, ge=0, lt=1, description="Adam's decay of the mean squared gradient")
    gamma: float = Field(1.0, ge=0, description="γ of the penalties on real and generated images")

    @property
    def slope_weight(self) -> float | torch.Tensor:
        """γ."""
        return self.gamma

    def critic_loss(
        self, real: Float[torch.Tensor, "n"], fake: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """Real images above the generated ones beside them."""
        from torch.nn.functional import softplus

        return softplus(fake - real).mean()

    def generator_loss(
        self, fake: Float[torch.Tensor, "n"], real: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """The other way round."""
        from torch.nn.functional import softplus

        return softplus(real - fake).mean()

    def slope(self, seen: Seen) -> torch.Tensor:
        """Half of R1 and R2."""
        from ganray.losses import squared_gradient

        of_real, of_fake = (squared_gradient(seen.critic, one) for one in (seen.real, seen.fake))
        return (of_real + of_fake) / 2
