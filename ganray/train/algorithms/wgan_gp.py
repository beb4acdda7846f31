"""WGAN-GP (Gulrajani et al., arXiv 1704.00028) as Defense-GAN's public code trains by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ganray.train.algorithms.wgan import Wasserstein
from ganray.train.draws import Draw, Uniform
from ganray.train.steps import Batch, Networks, Noise, vanishes

if TYPE_CHECKING:
    import torch


class WganGp(Wasserstein):
    """Some critic steps, then one generator step; defaults are Defense-GAN's published settings."""

    implied = frozenset({"algorithm"})
    paper = "Gulrajani et al., arXiv 1704.00028"
    unnormalised = ("critic",)
    changeable = (*Wasserstein.changeable, "penalty_weight")
    factors = (*Wasserstein.factors, "penalty_weight")

    algorithm: Literal["wgan_gp"] = Field("wgan_gp", description="the rule of updates")
    batch: int = Field(50, ge=1, description="real images in each step")
    learning_rate: float = Field(1e-4, gt=0, description="step size of all networks")
    beta2: float = Field(0.9, ge=0, lt=1, description="Adam's decay of the mean squared gradient")
    penalty_weight: float = Field(10.0, ge=0, description="λ of the gradient penalty")
    penalty: Literal["corrected", "as_published"] = Field(
        "corrected",
        description="norm over the whole image, or over its rows alone as in the public code",
    )
    penalty_interval: int = Field(
        1, ge=1, description="penalty on every k-th critic step only, with k times the weight"
    )

    @property
    def critic_draws(self) -> dict[str, Draw]:
        """Where between a real and a generated image each penalty is taken."""
        return {"mix": Uniform("train/mix")}

    @property
    def critic_form(self) -> dict[str, Any]:
        """Every `penalty_interval`-th critic step has the penalty."""
        return {"note": "gradient penalty included", "period": self.penalty_interval}

    def regulariser(
        self, networks: Networks, real: torch.Tensor, fake: torch.Tensor, batch: Batch, noise: Noise
    ) -> torch.Tensor | None:
        """λ times the penalty, on some batches."""
        from ganray.losses import gradient_penalty

        if vanishes(self.penalty_weight) or batch.index % self.penalty_interval:
            return None
        real = self.augment.data(real, noise)
        penalty = gradient_penalty(networks["critic"], real, fake, noise["mix"], self.penalty)
        return self.penalty_weight * self.penalty_interval * penalty
