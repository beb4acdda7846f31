"""FLD, the feature likelihood divergence, and its generalisation gap.

Jiralerspong et al., "Feature Likelihood Divergence: Evaluating the Generalization of Generative
Models Using Samples" (arXiv 2302.04440). Taken from its public code marcojira/fld: features in
units of the held-out images' means and deviations (n − 1), the mixture and its fit (`fitting`), at
most 10,000 generated images, the baseline (a mixture around half of the training images, or as many
as were generated, fitted to others), and the factor 100. This project's own: features that are the
same in all held-out images, by which that code divides by 0, are left out, and sets are cut by
index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32
from pydantic import Field

from ganray.metrics.copying.baseline import Comparing, Reference
from ganray.metrics.copying.fitting import EPOCHS, KEPT_BYTES, fit_mixture, precision
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value
from ganray.process.progress import shares
from ganray.randomness import permutation

_PERCENT = 100
_TRAINING = 50_000  # images for which operations are told where all are meant


class Fld(Metric):
    """FLD: 100 × nats for each dimension that held-out images are less likely than the baseline's.

    Around 0 as good as the training images themselves, which may be undercut; no bounds. Bad and
    too similar images raise it, and copies above all, whose components shrink onto what they copy;
    the gap, 100 × (training − held-out loss), is then far below 0. Copies of training images that
    are not fitted to are not seen. It depends on the number of generated images, so compare equal
    ones, and knows no directions, as components are round.
    """

    title = "FLD"
    meaning = "how unlikely held-out images are around generated ones, fitted to training images"
    better = "lower"
    needs = frozenset({"features"})
    asks = frozenset({"training images"})

    name: Literal["fld"] = Field("fld", description="the metric")
    generated: int = Field(10_000, ge=2, description="images of the mixture at most, as published")
    training: int | None = Field(
        None, ge=2, description="images that it is fitted to at most; null: all, as published"
    )
    seed: int = Field(0, ge=0, description="of the images that are drawn")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """FLD; details give its gap and the losses that both are differences of."""
        rows = permutation(self.seed, "fld/generated", 0, generated.count)[: self.generated]
        first, second = shares(1, 1)  # each fits a mixture of as many images
        with first:
            reference = real.once(Comparing(len(rows), self.training, self.seed))
        with second:
            found = fld(reference, generated.features[rows], self.seed)
        return Value(
            found.value,
            details={
                "generalisation gap": found.gap,
                "training loss": found.training_loss,
                "held-out loss": found.held_out_loss,
                "baseline loss": reference.baseline,
            },
        )

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """Looks at all pairs in every epoch, for both mixtures; distances, once or again."""
        centres, images = min(count, self.generated), self.training or _TRAINING
        computed = EPOCHS if precision(images, centres) is None else 1
        return 2.0 * images * centres * (2.0 * dimensions * computed + 8 * EPOCHS)

    def memory(self, count: int, dimensions: int, classes: int) -> int:  # noqa: ARG002
        """Distances, in one piece where they are kept, and features in their standard form.

        Of so many training images as nobody tells, distances are kept up to a bound.
        """
        images, centres = self.training or _TRAINING, min(count, self.generated)
        kind = precision(images, centres)
        kept = 0 if kind is None else images * centres * np.dtype(kind).itemsize
        kept = KEPT_BYTES if self.training is None else kept
        return kept + 4 * (2 * images + count + 2 * centres) * dimensions


@dataclass(frozen=True)
class Divergence:
    """FLD, its generalisation gap, and the losses in nats for each dimension."""

    value: float
    gap: float
    training_loss: float
    held_out_loss: float


def fld(reference: Reference, generated: Float32[np.ndarray, "n m"], seed: int = 0) -> Divergence:
    """100 × (held-out loss − baseline's) of the mixture around generated images, fitted to training
    images, and 100 × (training loss − held-out loss).

    Args:
        reference: of `compared_with(held_out, training, len(generated))`.

    Raises:
        RefusedInput: the features are of other dimensions.
    """
    mixture = fit_mixture(reference.standard(generated), reference.training, seed)
    training, held_out = mixture.loss(reference.training), mixture.loss(reference.held_out)
    value, gap = held_out - reference.baseline, training - held_out
    return Divergence(_PERCENT * value, _PERCENT * gap, training, held_out)
