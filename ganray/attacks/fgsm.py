"""The fast gradient sign method: one step of the greatest growth of the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.attacks.attack import Attack, Victim

if TYPE_CHECKING:
    from jaxtyping import Float, Int64
    from torch import Tensor


class Fgsm(Attack):
    """x + ε·sign ∇ loss, cut to [0, 1] (Goodfellow et al., arXiv 1412.6572)."""

    title = "FGSM"

    name: Literal["fgsm"] = Field("fgsm", description="the attack")
    epsilon: float = Field(
        0.3, gt=0, le=1, description="change of each pixel of an image in [0, 1], at most"
    )

    def perturb(
        self, victim: Victim, images: Float[Tensor, "n c h w"], labels: Int64[Tensor, "n"]
    ) -> Float[Tensor, "n c h w"]:
        """The attacked images."""
        from ganray.attacks.gradients import ascent

        return (images + self.epsilon * ascent(victim.logits, images, labels)).clamp(0, 1)
