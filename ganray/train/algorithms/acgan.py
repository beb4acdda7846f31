"""AC-GAN (Odena et al., arXiv 1610.09585): the critic also tells the class of each image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.models.spec import ModelSpec
from ganray.train.algorithms.vanilla import CrossEntropy
from ganray.train.steps import Batch, Networks, Noise

if TYPE_CHECKING:
    import torch


class AcGan(CrossEntropy):
    """Both networks are for the right class; the critic for the right source, the generator not.

    The critic ascends L_S + L_C and the generator L_C − L_S (section 3); by default the latter's
    −L_S is −E[log D(G(z))], so that it learns from what the critic falsely calls generated.
    """

    paper = "Odena et al., arXiv 1610.09585"
    told_labels = True
    conditional = ("generator",)
    untold = ("critic",)
    featured = ("critic",)
    changeable = (*CrossEntropy.changeable, "class_weight")
    factors = (*CrossEntropy.factors, "class_weight")

    algorithm: Literal["acgan"] = Field("acgan", description="the rule of updates")
    class_weight: float = Field(1.0, ge=0, description="weight of the class's log-likelihood")

    def heads(self, _: ModelSpec, classes: int, /) -> dict[str, int]:
        """A logit for each class."""
        return {"classes": classes}

    def regulariser(
        self, networks: Networks, real: torch.Tensor, fake: torch.Tensor, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """−L_C of real and of generated images."""
        iteration = batch.iteration
        seen = self.augment.real(real, noise, iteration), self.augment.fake(fake, noise, iteration)
        of_real, of_fake = (self._misread(networks, images, batch) for images in seen)
        return self.class_weight * (of_real + of_fake)

    def fooling(
        self, networks: Networks, fake: torch.Tensor, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """As in the first GAN, and −L_C of generated images."""
        seen = self.augment.fake(fake, noise, batch.iteration)
        wrong = self._misread(networks, seen, batch)
        return super().fooling(networks, fake, batch, noise) + self.class_weight * wrong

    def _misread(
        self, networks: Networks, images: torch.Tensor, batch: Batch
    ) -> Float[torch.Tensor, ""]:
        from torch.nn.functional import cross_entropy

        (logits,) = networks["critic"](images, "classes")
        assert batch.labels is not None
        return cross_entropy(logits, batch.labels)
