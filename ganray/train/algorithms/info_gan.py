"""InfoGAN (Chen et al., arXiv 1606.03657): codes that can be read off the images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jaxtyping import Float
from pydantic import Field

from ganray.models.laws import Codes
from ganray.models.spec import ModelSpec
from ganray.train.algorithms.vanilla import CrossEntropy
from ganray.train.inputs.draws import CodesOf, Draw
from ganray.train.steps import Batch, Networks, Noise

if TYPE_CHECKING:
    import torch


class InfoGan(CrossEntropy):
    """The first GAN's game, less λ·L_I in both steps (eq. 6).

    L_I bounds the codes' information from below (eq. 5), with a softmax for the category and a
    normal law of deviation 1 for the others.
    """

    paper = "Chen et al., arXiv 1606.03657"
    featured = ("critic",)
    changeable = (*CrossEntropy.changeable, "information")
    factors = (*CrossEntropy.factors, "information", "continuous")

    algorithm: Literal["info_gan"] = Field("info_gan", description="the rule of updates")
    information: float = Field(1.0, ge=0, description="λ, weight of the category's information")
    continuous: float = Field(0.1, ge=0, description="λ of the continuous codes' information")

    def objection(self, model: ModelSpec, /) -> str | None:
        """It has a code to be read."""
        law = model.latents
        known = isinstance(law, Codes) and law.categories > 0
        if not known:
            return "its latent vectors have no category among them"
        return super().objection(model)

    def heads(self, model: ModelSpec, _: int, /) -> dict[str, int]:
        """A logit for each category, a mean for each continuous code."""
        law = model.latents
        assert isinstance(law, Codes)
        codes = {"codes": law.continuous} if law.continuous else {}
        return {"category": law.categories, **codes}

    @property
    def critic_draws(self) -> dict[str, Draw]:
        """What the generated images' codes are."""
        return {**super().critic_draws, "codes": CodesOf("train/critic")}

    @property
    def generator_draws(self) -> dict[str, Draw]:
        """What the generated images' codes are."""
        return {"codes": CodesOf("train/generator")}

    def regulariser(
        self, networks: Networks, real: torch.Tensor, fake: torch.Tensor, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """−λ·L_I."""
        seen = self.augment.fake(fake, noise, batch.iteration)
        return self._unread(networks, seen, noise)

    def fooling(
        self, networks: Networks, fake: torch.Tensor, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """As in the first GAN, and −λ·L_I."""
        seen = self.augment.fake(fake, noise, batch.iteration)
        return super().fooling(networks, fake, batch, noise) + self._unread(networks, seen, noise)

    def _unread(
        self, networks: Networks, images: torch.Tensor, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """−λ·(E log Q(category | x) + …), constants left out."""
        from torch.nn.functional import cross_entropy

        category, codes = noise["codes"][:, 0].long(), noise["codes"][:, 1:]
        if not codes.shape[1]:
            (logits,) = networks["critic"](images, "category")
            return self.information * cross_entropy(logits, category)
        logits, means = networks["critic"](images, "category", "codes")
        squares = (codes - means).square().sum(dim=1).mean() / 2
        return self.information * cross_entropy(logits, category) + self.continuous * squares
