"""The fast gradient sign method from a random place nearby."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from ganray.attacks.attack import Attack, Victim

if TYPE_CHECKING:
    from jaxtyping import Float, Int64
    from torch import Tensor


class RandFgsm(Attack):
    """x′ = x + α·sign(N(0, I)) in [0, 1], then FGSM by ε − α (Tramèr et al., arXiv 1705.07204).

    A classifier whose gradients are masked at its training images has others beside them.
    """

    title = "RAND+FGSM"

    name: Literal["rand_fgsm"] = Field("rand_fgsm", description="the attack")
    alpha: float = Field(0.05, gt=0, le=1, description="random change of each pixel")
    epsilon: float = Field(0.3, gt=0, le=1, description="change of each pixel in all, at most")

    @model_validator(mode="after")
    def _leaves_a_step(self) -> RandFgsm:
        if self.alpha >= self.epsilon:
            raise ValueError(
                f"{self.told('alpha')} must be below {self.told('epsilon')}: the rest is the step"
            )
        return self

    def perturb(
        self, victim: Victim, images: Float[Tensor, "n c h w"], labels: Int64[Tensor, "n"]
    ) -> Float[Tensor, "n c h w"]:
        """The attacked images."""
        import numpy as np
        import torch

        from ganray.attacks.gradients import ascent
        from ganray.randomness import uniforms

        size = images[0].numel()
        rows = [uniforms(victim.seed, f"rand/{row}", 0, 1, size) for row in victim.rows]
        signs = np.sign(np.concatenate(rows) - 0.5)  # of a symmetric law, whichever it is
        drawn = torch.from_numpy(signs).to(images).reshape(images.shape)
        begun = (images + self.alpha * drawn).clamp(0, 1)
        step = (self.epsilon - self.alpha) * ascent(victim.logits, begun, labels)
        return (begun + step).clamp(0, 1)
