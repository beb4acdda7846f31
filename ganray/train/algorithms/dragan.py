"""DRAGAN (Kodali et al., arXiv 1705.07215): the first GAN, and a penalty around real images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ganray.train.algorithms.vanilla import CrossEntropy
from ganray.train.draws import Draw, Normals, Uniform
from ganray.train.steps import Batch, Networks, Noise, vanishes

if TYPE_CHECKING:
    import torch


class Dragan(CrossEntropy):
    """E[(‖∇D(x̂)‖ − 1)²] at x̂ near real images; D is the logit, as in the authors' code."""

    paper = "Kodali et al., arXiv 1705.07215"
    unnormalised = ("critic",)
    whole = True
    changeable = (*CrossEntropy.changeable, "penalty_weight")
    factors = (*CrossEntropy.factors, "penalty_weight", "spread")

    algorithm: Literal["dragan"] = Field("dragan", description="the rule of updates")
    penalty_weight: float = Field(10.0, ge=0, description="λ of the gradient penalty")
    spread: float = Field(
        0.5, gt=0, description="x̂ = x + α·spread·δ·n: of the batch's deviation δ, n ~ N(0, 1)"
    )

    @property
    def critic_draws(self) -> dict[str, Draw]:
        """α uniform and the same for an image's pixels, n for each pixel."""
        near: dict[str, Draw] = {"mix": Uniform("train/mix"), "near": Normals("train/near")}
        return super().critic_draws | near

    @property
    def critic_form(self) -> dict[str, Any]:
        """What its loss includes."""
        return {"note": "gradient penalty included"}

    def regulariser(
        self, networks: Networks, real: torch.Tensor, fake: torch.Tensor, batch: Batch, noise: Noise
    ) -> torch.Tensor | None:
        """λ times the penalty."""
        from ganray.losses import gradient_penalty

        if vanishes(self.penalty_weight):
            return None
        real = self.augment.data(real, noise)
        near = real + self.spread * real.std(correction=0) * noise["near"]
        penalty = gradient_penalty(networks["critic"], real, near, noise["mix"])
        return self.penalty_weight * penalty
