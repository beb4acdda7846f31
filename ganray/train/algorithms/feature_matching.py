"""Feature matching (Salimans et al., arXiv 1606.03498, section 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ganray.train.algorithms.vanilla import CrossEntropy
from ganray.train.steps import Batch, Networks, Noise

if TYPE_CHECKING:
    import torch


class FeatureMatching(CrossEntropy):
    """The critic is the first GAN's; the generator matches the mean of its features.

    The squared distance is divided by the number of features, as in the authors' code.
    """

    paper = "Salimans et al., arXiv 1606.03498"
    paired = True
    whole = True
    featured = ("critic",)
    unused = ("game",)

    algorithm: Literal["feature_matching"] = Field(
        "feature_matching", description="the rule of updates"
    )
    learning_rate: float = Field(3e-4, gt=0, description="step size of all networks")

    def fooling(
        self, networks: Networks, fake: torch.Tensor, batch: Batch, noise: Noise
    ) -> torch.Tensor:
        """‖E f(x) − E f(G(z))‖² / d, f the d features that the critic's value is read off."""
        iteration = batch.iteration
        seen = self.augment.fake(fake, noise, iteration)
        real = self.augment.real(batch.real, noise, iteration)
        of_real, of_fake = (networks["critic"](images, "features")[0] for images in (real, seen))
        return (of_real.mean(dim=0) - of_fake.mean(dim=0)).square().mean()
