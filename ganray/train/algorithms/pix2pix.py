"""pix2pix (Isola et al., arXiv 1611.07004): a pair is to look like a pair, and be near its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.train.algorithms.translating import Translating
from ganray.train.steps import Batch, Networks, Noise, Step

if TYPE_CHECKING:
    import torch


class Pix2Pix(Translating):
    """−E[log D(x, G(x))] + λ·‖y − G(x)‖₁ (equation 4) against half the cross-entropy of pairs.

    The norm is a mean over pixels.
    """

    paper = "Isola et al., arXiv 1611.07004"
    needs = ("translator", "critic")
    together = True
    changeable = (*Translating.changeable, "distance_weight")

    algorithm: Literal["pix2pix"] = Field("pix2pix", description="the rule of updates")
    distance_weight: float = Field(100.0, ge=0, description="λ, weight of the distance from y")

    def steps(self) -> tuple[Step, ...]:
        """The critic's, then the translator's."""
        adam, own = self.optimiser(self.learning_rate), partial(translator_loss, self)
        return (
            Step("critic", ("critic",), critic_loss, adam, real=False, shown=True),
            Step("translator", ("translator",), own, adam, real=False, shown=True),
        )


def critic_loss(networks: Networks, batch: Batch, _: Noise) -> Float[torch.Tensor, ""]:
    """−½(E[log D(x, y)] + E[log(1 − D(x, G(x)))]), patch by patch."""
    from torch.nn.functional import softplus

    x, y = batch.more["a"].images, batch.more["b"].images
    of_real = _judged(networks, x, y)
    of_made = _judged(networks, x, networks["translator"](x, 1))
    return (softplus(-of_real).mean() + softplus(of_made).mean()) / 2


def translator_loss(
    spec: Pix2Pix, networks: Networks, batch: Batch, _: Noise
) -> Float[torch.Tensor, ""]:
    """Equation 4, with −log D in place of log(1 − D), as the paper trains (section 3.3)."""
    from torch.nn.functional import softplus

    x, y = batch.more["a"].images, batch.more["b"].images
    made = networks["translator"](x, 1)
    judged = softplus(-_judged(networks, x, made)).mean()
    return judged + spec.distance_weight * (made - y).abs().mean()


def _judged(
    networks: Networks, x: torch.Tensor, y: torch.Tensor
) -> Float[torch.Tensor, "n patches"]:
    import torch

    return networks["critic"](torch.cat([x, y], dim=1))
