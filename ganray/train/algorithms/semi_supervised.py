"""The GAN of K + 1 classes, a few of its images labelled (Salimans et al., arXiv 1606.03498)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float, Int64
from pydantic import Field

from ganray.models.spec import ModelSpec
from ganray.randomness import permutation
from ganray.train.algorithms.adversarial import Adversarial
from ganray.train.steps import Batch, Networks, Noise

if TYPE_CHECKING:
    import torch


class SemiSupervised(Adversarial):
    """The critic tells K classes apart; "generated" is the one whose logit is fixed at 0.

    With l its K logits and Z = Σ exp l, an image is real with probability Z / (Z + 1). Labels are
    shown of `known` images of each class alone. The generator matches the means of the features, or
    fools the critic.
    """

    paper = "Salimans et al., arXiv 1606.03498"
    paired = True
    whole = True
    told_labels = True
    least_classes = 2
    featured = ("critic",)
    untold = ("critic",)
    unused = ("joined", "penalty")

    algorithm: Literal["semi_supervised"] = Field(
        "semi_supervised", description="the rule of updates"
    )
    batch: int = Field(100, ge=1, description="real images in each step")
    learning_rate: float = Field(3e-4, gt=0, description="step size of all networks")
    known: int = Field(10, ge=1, description="images of each class whose label is shown")
    generator: Literal["features", "fooling"] = Field(
        "features", description="matches the mean features, or fools the critic"
    )

    def heads(self, _: ModelSpec, classes: int, /) -> dict[str, int]:
        """A logit for each class of real images."""
        return {"classes": classes}

    def shown(
        self, labels: Int64[np.ndarray, "n"], seed: int, /
    ) -> dict[str, Int64[np.ndarray, "k"]]:
        """Of each class the first few in a random order."""
        order = permutation(seed, "known", 0, len(labels))
        chosen = [order[labels[order] == one][: self.known] for one in np.unique(labels)]
        return {"known": np.sort(np.concatenate(chosen))}

    def critic_objective(
        self, networks: Networks, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """−E[log p(y|x, real)] − ½(E[log p(real|x)] + E[log p(generated|G(z))])."""
        from torch.nn.functional import cross_entropy, softplus

        iteration, known = batch.iteration, batch.more["known"]
        fake = self.augment.fake(networks["generator"](noise["latents"]), noise, iteration)
        real = self.augment.real(batch.real, noise, iteration)
        of_known, of_real, of_fake = (
            networks["critic"](images, "classes")[0] for images in (known.images, real, fake)
        )
        z_real, z_fake = of_real.logsumexp(dim=1), of_fake.logsumexp(dim=1)
        source = softplus(-z_real).mean() + softplus(z_fake).mean()
        return cross_entropy(of_known, known.labels) + source / 2

    def fooling(
        self, networks: Networks, fake: torch.Tensor, batch: Batch, noise: Noise
    ) -> Float[torch.Tensor, ""]:
        """‖E f(x) − E f(G(z))‖² / d, or −E[log p(real|G(z))]."""
        from torch.nn.functional import softplus

        iteration = batch.iteration
        seen = self.augment.fake(fake, noise, iteration)
        if self.generator == "fooling":
            (logits,) = networks["critic"](seen, "classes")
            return softplus(-logits.logsumexp(dim=1)).mean()
        real = self.augment.real(batch.real, noise, iteration)
        of_real, of_fake = (networks["critic"](images, "features")[0] for images in (real, seen))
        return (of_real.mean(dim=0) - of_fake.mean(dim=0)).square().mean()
