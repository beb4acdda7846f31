"""WGAN with clipped weights (Arjovsky et al., arXiv 1701.07875)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.train.algorithms.adversarial import Adversarial
from ganray.train.steps import Noise, Optimiser, RmsProp

if TYPE_CHECKING:
    import torch


class Wasserstein(Adversarial):
    """The critic estimates the Wasserstein distance, which the generator makes small."""

    critic_steps: int = Field(5, ge=1, description="critic steps in each iteration")

    def critic_loss(
        self, real: Float[torch.Tensor, "n"], fake: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """The negated Wasserstein estimate."""
        from ganray.losses import wasserstein_estimate

        return -wasserstein_estimate(real, fake)

    def generator_loss(
        self, fake: Float[torch.Tensor, "n"], real: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """The critic's negated mean over generated images."""
        return -fake.mean()


class Wgan(Wasserstein):
    """As the paper has it (algorithm 1): RMSprop, 5 critic steps, weights in ±0.01.

    The public code beside one of the source documents (Evil-Incorporated/basic-gans) keeps a
    sigmoid in the critic, one critic step and Adam: `as_published` with
    `rule: adam`.
    """

    paper = "Arjovsky et al., arXiv 1701.07875"
    moving = (*Wasserstein.moving, "clip")

    algorithm: Literal["wgan"] = Field("wgan", description="the rule of updates")
    learning_rate: float = Field(5e-5, gt=0, description="step size of all networks")
    clip: float = Field(0.01, gt=0, description="the critic's weights are cut off at ± this")
    rule: Literal["rmsprop", "adam"] = Field("rmsprop", description="how weights are moved")
    critic: Literal["unbounded", "as_published"] = Field(
        "unbounded", description="values as they are, or within (0, 1) as in one public code"
    )

    @property
    def critic_form(self) -> dict[str, Any]:
        """Its weights are clipped."""
        return {**super().critic_form, "clip": self.clip}

    def optimiser(self, learning_rate: float) -> Optimiser:
        """As `rule` says."""
        return (
            RmsProp(learning_rate) if self.rule == "rmsprop" else super().optimiser(learning_rate)
        )

    def critic_loss(
        self, real: Float[torch.Tensor, "n"], fake: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """The negated Wasserstein estimate."""
        return super().critic_loss(self.said(real), self.said(fake), noise)

    def generator_loss(
        self, fake: Float[torch.Tensor, "n"], real: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """The critic's negated mean over generated images."""
        return super().generator_loss(self.said(fake), real, noise)

    def said(self, values: Float[torch.Tensor, "n"]) -> Float[torch.Tensor, "n"]:
        """The values, or their sigmoid."""
        return values.sigmoid() if self.critic == "as_published" else values
