"""DDM, the distance of real images from the density of generated ones.

Basart, "Analysis of Generative Adversarial Models", equation 3.4, there on a classifier's logits,
here on the features of whatever encoder it is measured on. The scale of D is not specified there;
squared Euclidean, summed over dimensions, is the default here. The negative values of its table 3.1
cannot come from the equation, which is at least 0 for any D of at least 0.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from ganray.metrics.density.kernel_means import Distance, log_kernel_means
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value


class Ddm(Metric):
    """−(1/|T|) Σ_t log[(1/|G|) Σ_g e^{−D(t, g)}] over real images t and generated ones g, in nats.

    At least 0. Where distances are far above 1, as squared ones of many dimensions are, it is about
    the mean distance of a real image from its nearest generated one. It sees missing modes. It does
    not see bad images beside good ones: they cost log of the share of good ones, for each no more
    than log |G|. Nor does it see copies of the training images.
    """

    title = "DDM"
    meaning = "mean negative log density of real images around generated ones, kernel e^−distance"
    better = "lower"
    needs = frozenset({"features"})

    name: Literal["ddm"] = Field("ddm", description="the metric")
    distance: Distance = Field(
        "squared_euclidean", description="D between features, summed over dimensions if squared"
    )

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The mean over all real images."""
        return Value(ddm(real.features, generated.features, self.distance))

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """All pairs' products."""
        return 2.0 * count**2 * dimensions


def ddm(
    real: Float[np.ndarray, "n d"],
    generated: Float[np.ndarray, "m e"],
    distance: Distance = "squared_euclidean",
) -> float:
    """−(1/n) Σ_t log[(1/m) Σ_g e^{−D(t, g)}], in nats.

    Raises:
        RefusedInput: a side has no rows, dimensions differ, or a number is not finite.
        UndefinedScore: a row is zero, for the cosine.
    """
    return 0.0 - float(log_kernel_means(real, generated, np.ones(1), distance).mean())
