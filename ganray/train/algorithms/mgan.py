"""MGAN (Hoang et al., arXiv 1708.02556): generators that a classifier can tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.models.spec import ModelSpec
from ganray.train.algorithms.vanilla import CrossEntropy
from ganray.train.steps import Batch, Networks, Noise

if TYPE_CHECKING:
    import torch


def component(noise: Noise, components: int) -> torch.Tensor:
    """Which of so many equally likely generators each latent vector goes through."""
    return (noise["latents"][:, -1] * components).long().clamp(max=components - 1)


class Mgan(CrossEntropy):
    """The first GAN's game, and a classifier on the critic's body that tells the generators apart.

    Classifier and generators are for the right component, with the weight β (eq. 2): that of the
    generators' part is what keeps them from making the same images.
    """

    paper = "Hoang et al., arXiv 1708.02556"
    featured = ("critic",)
    changeable = (*CrossEntropy.changeable, "apart")
    factors = (*CrossEntropy.factors, "apart")

    algorithm: Literal["mgan"] = Field("mgan", description="the rule of updates")
    apart: float = Field(0.01, ge=0, description="β, weight of telling the generators apart")

    def objection(self, model: ModelSpec, /) -> str | None:
        """It has several generators, which chance chooses among."""
        return super().objection(model) or several_by_chance(model)

    def heads(self, model: ModelSpec, _: int, /) -> dict[str, int]:
        """A logit for each generator."""
        return {"component": components_of(model)}

    def regulariser(
        self, networks: Networks, real: torch.Tensor, fake: torch.Tensor, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """β times the classifier's cross-entropy."""
        iteration = batch.iteration
        return self.apart * self._confusion(networks, fake, iteration, noise)

    def fooling(
        self, networks: Networks, fake: torch.Tensor, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """As in the first GAN, and β times the classifier's cross-entropy."""
        confusion = self._confusion(networks, fake, batch.iteration, noise)
        return super().fooling(networks, fake, batch, noise) + self.apart * confusion

    def _confusion(
        self, networks: Networks, fake: torch.Tensor, iteration: int, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        from torch.nn.functional import cross_entropy

        (logits,) = networks["critic"](self.augment.fake(fake, noise, iteration), "component")
        return cross_entropy(logits, component(noise, logits.shape[1]))


def several_by_chance(model: ModelSpec) -> str | None:
    """Why networks are no mixture by chance with one critic; None: they are."""
    if "generator" in model.several and not model.labelled:
        return None
    return "it has not several generators that chance chooses among, as model.name mixture"


def components_of(model: ModelSpec) -> int:
    """How many generators a mixture has."""
    return int(getattr(model, "components", 1))
