"""MAD-GAN (Ghosh et al., arXiv 1704.02906): the critic says which generator an image is of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.models.spec import ModelSpec
from ganray.train.algorithms.adversarial import Adversarial
from ganray.train.algorithms.mgan import component, components_of, several_by_chance
from ganray.train.steps import Batch, Networks, Noise

if TYPE_CHECKING:
    import torch


class MadGan(Adversarial):
    """A critic of K + 1 classes: the K generators, and real images last.

    It ascends the log-likelihood of the right one (eq. 3); generators ascend that of "real".
    """

    paper = "Ghosh et al., arXiv 1704.02906"
    featured = ("critic",)
    unused = ("joined", "penalty")

    algorithm: Literal["mad_gan"] = Field("mad_gan", description="the rule of updates")

    def objection(self, model: ModelSpec, /) -> str | None:
        """It has several generators, which chance chooses among."""
        return super().objection(model) or several_by_chance(model)

    def heads(self, model: ModelSpec, _: int, /) -> dict[str, int]:
        """A logit for each generator, and for real images."""
        return {"source": components_of(model) + 1}

    def critic_objective(
        self, networks: Networks, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """Cross-entropy of real images and of each generator's."""
        from torch.nn.functional import cross_entropy

        iteration = batch.iteration
        fake = networks["generator"](noise["latents"])
        (of_real,) = networks["critic"](self.augment.real(batch.real, noise, iteration), "source")
        (of_fake,) = networks["critic"](self.augment.fake(fake, noise, iteration), "source")
        last = of_real.shape[1] - 1
        real = batch.real.new_full((len(of_real),), last).long()
        return cross_entropy(of_real, real) + cross_entropy(of_fake, component(noise, last))

    def fooling(
        self, networks: Networks, fake: torch.Tensor, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """−E[log p(real | G(z))]."""
        seen = self.augment.fake(fake, noise, batch.iteration)
        (logits,) = networks["critic"](seen, "source")
        return -logits.log_softmax(dim=1)[:, -1].mean()
