"""WGAN-GP (Gulrajani et al., arXiv 1704.00028) as Defense-GAN's public code trains by it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.train.spec import TrainSpec
from ganray.train.steps import Adam, Batch, Latents, Networks, Noise, Step, Uniform

if TYPE_CHECKING:
    import torch


class WganGp(TrainSpec):
    """Some critic steps, then one generator step; defaults are Defense-GAN's published settings."""

    implied = frozenset({"algorithm"})
    needs = ("generator", "critic")
    unnormalised = ("critic",)
    changeable = ("learning_rate", "beta1", "beta2", "penalty_weight")
    remedy = "a smaller train.learning_rate"

    algorithm: Literal["wgan_gp"] = Field("wgan_gp", description="the rule of updates")
    critic_steps: int = Field(5, ge=1, description="critic steps before each generator step")
    learning_rate: float = Field(1e-4, gt=0, description="Adam's step size, both networks")
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's decay of the mean gradient")
    beta2: float = Field(0.9, ge=0, lt=1, description="Adam's decay of the mean squared gradient")
    penalty_weight: float = Field(10.0, ge=0, description="λ of the gradient penalty")
    penalty: Literal["corrected", "as_published"] = Field(
        "corrected",
        description="norm over the whole image, or over its rows alone as in the public code",
    )
    penalty_interval: int = Field(
        1, ge=1, description="penalty on every k-th critic step only, with k times the weight"
    )

    def steps(self) -> tuple[Step, ...]:
        """The critic's, then the generator's."""
        adam = Adam(self.learning_rate, self.beta1, self.beta2)
        return (
            Step(
                name="critic",
                moves=("critic",),
                loss=partial(critic_loss, self),
                adam=adam,
                times=self.critic_steps,
                noise={"latents": Latents("train/critic"), "mix": Uniform("train/mix")},
                note="gradient penalty included",
                period=self.penalty_interval,
            ),
            Step(
                name="generator",
                moves=("generator",),
                loss=generator_loss,
                adam=adam,
                noise={"latents": Latents("train/generator")},
                real=False,
            ),
        )

    def once(self) -> WganGp:
        """One critic step, then one generator step."""
        return self.model_copy(update={"critic_steps": 1})


def critic_loss(spec: WganGp, networks: Networks, batch: Batch, noise: Noise) -> torch.Tensor:
    """The negated Wasserstein estimate, and on some batches the gradient penalty."""
    from ganray.losses import gradient_penalty, wasserstein_estimate

    critic, real = networks["critic"], batch.real
    fake = networks["generator"](noise["latents"])
    loss = -wasserstein_estimate(critic(real), critic(fake))
    if spec.penalty_weight > 0 and batch.index % spec.penalty_interval == 0:
        penalty = gradient_penalty(critic, real, fake, noise["mix"], spec.penalty)
        loss = loss + spec.penalty_weight * spec.penalty_interval * penalty
    return loss


def generator_loss(networks: Networks, _: Batch, noise: Noise) -> torch.Tensor:
    """The critic's negated mean over generated images."""
    return -networks["critic"](networks["generator"](noise["latents"])).mean()
