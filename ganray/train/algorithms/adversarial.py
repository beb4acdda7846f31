"""What the algorithms of two players share: their steps, rates and the usual rules of thumb.

A paper's own file adds what its critic and its generator minimise, as functions of the critic's
values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from jaxtyping import Float
from pydantic import Field, model_validator

from ganray.models.spec import ModelSpec
from ganray.train.algorithms.penalised import Penalised, Seen
from ganray.train.inputs.augment import Augment
from ganray.train.inputs.draws import Draw, Latents
from ganray.train.steps import Batch, Networks, Noise, Step, vanishes

if TYPE_CHECKING:
    import torch


class Adversarial(Penalised):
    """Some critic steps, then some generator steps, each down its own loss."""

    needs = ("generator", "critic")
    rates = ("learning_rate", "critic_learning_rate")
    counts = ("critic_steps", "generator_steps")
    changeable = (*Penalised.changeable, *counts)
    moving = (*Penalised.moving, "critic_learning_rate")
    factors = (*Penalised.factors, "diversity", "tie")
    unused: ClassVar[tuple[str, ...]] = ()
    """Settings that its own losses do not look at, and which are refused."""
    paired: ClassVar[bool] = False
    """Whether the generator's loss looks at real images too."""

    critic_steps: int = Field(1, ge=1, description="critic steps in each iteration")
    generator_steps: int = Field(1, ge=1, description="generator steps after them")
    generator_batches: int = Field(
        1, ge=1, description="so many times the batch are generated in a generator step"
    )
    critic_learning_rate: float | None = Field(
        None, gt=0, description="the critic's own, for two time-scales; none: the same"
    )
    critic_frozen: int = Field(
        0, ge=0, description="so many of the critic's first layers keep their first weights"
    )
    joined: bool = Field(
        False, description="real and generated images judged in one batch, not one after another"
    )
    diversity: float = Field(
        0.0, ge=0, description="weight of a term against collapse: distance of z over that of G(z)"
    )
    tie: float = Field(
        0.0, ge=0, description="weight that draws several generators (and critics) to their mean"
    )
    augment: Augment = Field(Augment(), description="what the critic sees of images")

    def critic_loss(
        self, real: Float[torch.Tensor, "n"], fake: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """What the critic goes down, but for a penalty; of its values."""
        raise NotImplementedError

    def generator_loss(
        self, fake: Float[torch.Tensor, "n"], real: Float[torch.Tensor, "n"], noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """What the generator goes down; `real` are values of real images only where `paired`."""
        raise NotImplementedError

    def said(self, values: Float[torch.Tensor, "n"]) -> Float[torch.Tensor, "n"]:
        """What a critic with these values says of images: the values themselves."""
        return values

    def regulariser(
        self, networks: Networks, real: torch.Tensor, fake: torch.Tensor, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""] | None:
        """What is added to the critic's loss beside its penalty; none: nothing is."""
        return None

    def critic_objective(
        self, networks: Networks, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """All that the critic goes down: its loss on real and generated images, and a penalty."""
        fake = networks["generator"](noise["latents"])
        seen = (
            self.augment.real(batch.real, noise, batch.iteration),
            self.augment.fake(fake, noise, batch.iteration),
        )
        loss = self.critic_loss(*judged(networks, *seen, self.joined), noise)
        more = self.regulariser(networks, batch.real, fake, batch, noise)
        loss = loss if more is None else loss + more
        penalty = self.slope_penalty(networks, fake, batch, noise)
        loss = loss if penalty is None else loss + penalty
        if vanishes(self.tie):
            return loss
        return loss + self.tie * spread(networks["critic"], batch.real)

    def slope_penalty(
        self, networks: Networks, fake: torch.Tensor, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""] | None:
        """The penalty with its weight; none: this batch has none."""
        if not self.has_penalty(batch.index):
            return None
        real = self.augment.data(batch.real, noise)
        penalty = self.slope(Seen(networks["critic"], real, fake, noise))
        return self.slope_weight * self.penalty_interval * penalty

    def generator_objective(
        self, networks: Networks, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """All that the generator goes down: its loss, and the term against collapse."""
        fake = networks["generator"](noise["latents"])
        loss = self.fooling(networks, fake, batch, noise)
        if not vanishes(self.tie):
            loss = loss + self.tie * spread(networks["generator"], noise["latents"])
        if not vanishes(self.diversity):
            z, others = noise["latents"], noise["others"]
            loss = loss + self.diversity * sameness(z, others, fake, networks["generator"](others))
        return loss

    def fooling(
        self, networks: Networks, fake: torch.Tensor, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """The generator's loss on generated images, as the critic sees them."""
        seen = self.augment.fake(fake, noise, batch.iteration)
        if not self.paired:
            values = networks["critic"](seen)
            return self.generator_loss(values, values[:0], noise)
        real = self.augment.real(batch.real, noise, batch.iteration)
        of_real, of_fake = judged(networks, real, seen, self.joined)
        return self.generator_loss(of_fake, of_real, noise)

    def objection(self, model: ModelSpec, /) -> str | None:
        """`tie` needs several networks, `critic_frozen` a single critic."""
        if self.tie and not model.several:
            return f"train.tie (={self.tie:g}) is between several generators, as of mixture"
        if self.critic_frozen and "critic" in model.several:
            return f"train.critic_frozen (={self.critic_frozen}) is of a single critic"
        return None

    @property
    def frozen(self) -> dict[str, int]:
        """As `critic_frozen` says."""
        return {"critic": self.critic_frozen} if self.critic_frozen else {}

    @property
    def generator_draws(self) -> dict[str, Draw]:
        """What its generator's loss draws, beside latent vectors."""
        return {}

    def steps(self) -> tuple[Step, ...]:
        """The critic's, then the generator's."""
        others = {} if vanishes(self.diversity) else {"others": Latents("train/others")}
        rate = self.critic_learning_rate
        return (
            Step(
                name="critic",
                moves=("critic",),
                loss=self.critic_objective,
                optimiser=self.optimiser(self.learning_rate if rate is None else rate),
                times=self.critic_steps,
                noise={
                    "latents": Latents("train/critic"),
                    **self.critic_draws,
                    **self.augment.draws("critic"),
                },
                **self.critic_form,
            ),
            Step(
                name="generator",
                moves=("generator",),
                loss=self.generator_objective,
                optimiser=self.optimiser(self.learning_rate),
                times=self.generator_steps,
                noise={
                    "latents": Latents("train/generator"),
                    **others,
                    **self.generator_draws,
                    **self.augment.draws("generator"),
                },
                real=self.paired,
                rows=self.generator_batches,
            ),
        )

    def once(self) -> Adversarial:
        """One critic step, then one generator step."""
        return self.model_copy(update={"critic_steps": 1, "generator_steps": 1, "schedule": ()})

    @model_validator(mode="after")
    def _used(self) -> Adversarial:
        for name in self.unused:
            self._refuse_unused(name, self.told("algorithm"))
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Adversarial:
        if self.paired and self.generator_batches > 1:
            raise ValueError(
                f"generator_batches (={self.generator_batches}) must be 1 with algorithm "
                f"(={self.algorithm!r}), which compares each generated image with a real one"
            )
        return self


def spread(network: Callable[..., Any], given: torch.Tensor) -> Float[torch.Tensor, ""]:
    """How far the members of several networks are from their mean; 0 of a single one."""
    made = network(given, "spread")
    return made[0] if isinstance(made, tuple) else made


def judged(
    networks: Networks, real: torch.Tensor, fake: torch.Tensor, joined: bool
) -> tuple[Float[torch.Tensor, "n"], Float[torch.Tensor, "n"]]:
    """The critic's values of real and of generated images.

    They are judged in one batch if they are `joined`, or where that is known to make no difference.
    """
    import torch

    if not joined and not getattr(networks["critic"], "by_itself", False):
        return networks["critic"](real), networks["critic"](fake)
    values: tuple[Float[torch.Tensor, "n"], ...] = networks["critic"](
        torch.cat([real, fake])
    ).split(len(real))
    return values[0], values[1]


def sameness(
    z: torch.Tensor, other_z: torch.Tensor, images: torch.Tensor, others: torch.Tensor
) -> Float[torch.Tensor, ""]:
    """E[|z − z′| / |G(z) − G(z′)|], mean absolute differences (MSGAN, arXiv 1903.05628, eq. 2)."""
    far = (images - others).abs().mean(dim=(1, 2, 3))
    return ((z - other_z).abs().mean(dim=1) / (far + 1e-5)).mean()
