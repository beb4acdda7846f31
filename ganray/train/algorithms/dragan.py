"""DRAGAN (Kodali et al., arXiv 1705.07215): the first GAN, and a penalty around real images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.train.algorithms.penalised import Seen
from ganray.train.algorithms.vanilla import CrossEntropy
from ganray.train.inputs.draws import Draw, Normals, Uniform

if TYPE_CHECKING:
    import torch


class Dragan(CrossEntropy):
    """E[(‖∇D(x̂)‖ − 1)²] at x̂ near real images; D is the logit, as in the authors' code."""

    paper = "Kodali et al., arXiv 1705.07215"
    whole = True
    own_penalty = "gradient penalty"
    unused = ("penalty",)
    factors = (*CrossEntropy.factors, "spread")

    algorithm: Literal["dragan"] = Field("dragan", description="the rule of updates")
    spread: float = Field(
        0.5, gt=0, description="x̂ = x + α·spread·δ·n: of the batch's deviation δ, n ~ N(0, 1)"
    )

    @property
    def critic_draws(self) -> dict[str, Draw]:
        """α uniform and the same for an image's pixels, n for each pixel."""
        near: dict[str, Draw] = {"mix": Uniform("train/mix"), "near": Normals("train/near")}
        return super().critic_draws | near

    def slope(self, seen: Seen) -> torch.Tensor:
        """As `Penalised.slope`; generated images have no part in it."""
        from ganray.losses import gradient_penalty

        real, noise = seen.real, seen.noise
        near = real + self.spread * real.std(correction=0) * noise["near"]
        return gradient_penalty(seen.critic, real, near, noise["mix"])
