"""MIX+GAN (Arora et al., arXiv 1703.00573, section 4): mixtures whose weights are trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.models.spec import ModelSpec
from ganray.train.algorithms.adversarial import Adversarial
from ganray.train.steps import Batch, Networks, Noise

if TYPE_CHECKING:
    import torch


class MixGan(Adversarial):
    """Every generator against every critic, weighted by both mixtures' weights.

    The payoff is the first GAN's (algorithm 1); a weight of the entropy's kind, −mean log w, keeps
    each mixture from becoming one of its members.
    """

    paper = "Arora et al., arXiv 1703.00573"

    unused = ("diversity", "tie", "joined", "penalty")
    factors = (*Adversarial.factors, "entropy")

    algorithm: Literal["mix_gan"] = Field("mix_gan", description="the rule of updates")
    entropy: float = Field(1e-3, ge=0, description="weight of −mean log w of each mixture")

    def objection(self, model: ModelSpec, /) -> str | None:
        """Generators and critics are mixtures by chance."""
        if set(model.several) == {"generator", "critic"} and not model.labelled:
            return None
        return "it has not mixtures of both, as model.name mixture with model.critics each"

    def critic_objective(
        self, networks: Networks, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """The negated payoff, and the critics' −mean log w."""
        from torch.nn.functional import softplus

        iteration = batch.iteration
        seen = self.augment.real(batch.real, noise, iteration)
        of_real, critics = networks["critic"](seen, "every")
        of_fake, generators, _ = self._against_each(networks, noise, iteration)
        payoff = softplus(-of_real).mean(dim=1) + generators @ softplus(of_fake).mean(dim=2)
        return critics @ payoff - self.entropy * critics.log().mean()

    def generator_objective(
        self, networks: Networks, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """−E[log D(G(z))] of each against each, weighted, and the generators' −mean log w."""
        from torch.nn.functional import softplus

        iteration = batch.iteration
        of_fake, generators, critics = self._against_each(networks, noise, iteration)
        fooled = softplus(-of_fake).mean(dim=2)
        return generators @ fooled @ critics - self.entropy * generators.log().mean()

    def _against_each(
        self, networks: Networks, noise: Noise, iteration: int
    ) -> tuple[
        Float[torch.Tensor, "k m n"],
        Float[torch.Tensor, "k"],
        Float[torch.Tensor, "m"],
    ]:
        """What each critic says of each generator's images; both mixtures' weights."""
        import torch

        every, generators = networks["generator"](noise["latents"], "every")
        seen = [self.augment.fake(images, noise, iteration) for images in every.unbind()]
        values, critics = networks["critic"](torch.cat(seen), "every")
        return values.unflatten(1, every.shape[:2]).transpose(0, 1), generators, critics
