"""How many generated images lie nearer to a training image than fresh real ones do.

The nearest training neighbour is the oldest test of copying (Goodfellow et al., "Generative
Adversarial Networks", 2014, show it in pictures). The paper gives no number; the share below the
distance that is typical of held-out images, and the ratio of means, are this project's choices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from ganray.errors import UndefinedScore
from ganray.metrics.copying.neighbours import (
    both_to_training,
)
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value


class NearestTraining(Metric):
    """The share, in [0, 1], of generated images that are nearer to a training image than typical.

    Images of the training images' own law score `quantile`; more is copying. Noise scores 0, as do
    images far from any real one: this looks for copies alone, never for quality. A copy that was
    moved or brightened is one only where the encoder's features say so.
    """

    title = "share near to training images"
    meaning = "share of images nearer to a training image than held-out real ones typically are"
    better = "lower"
    needs = frozenset({"features"})
    multiplies = True
    asks = frozenset({"training images"})

    name: Literal["nearest_training"] = Field("nearest_training", description="the metric")
    quantile: float = Field(
        0.5, gt=0, lt=1, description="of held-out images' distances: what is nearer counts as near"
    )

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The share; details say the threshold, ratios of distances, and how many are exact."""
        near, usual = both_to_training(generated, real)
        found = nearness(near, usual, self.quantile)
        return Value(
            found.share,
            details={
                "threshold": found.threshold,
                "mean distance ratio": found.mean_ratio,
                "median distance ratio": found.median_ratio,
                "share of exact copies": found.exact,
            },
        )

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """Two tables of distances, of generated and of real images."""
        return 4.0 * count**2 * dimensions


@dataclass(frozen=True)
class Nearness:
    """How distances to the nearest training image compare with those of held-out images.

    Attributes:
        share: of generated images that are strictly nearer than the threshold.
        threshold: in units of the features.
        mean_ratio: of generated to held-out images' mean distances; below 1 they are nearer.
        median_ratio: the same of medians.
        exact: the share of generated images whose features equal a training image's.
    """

    share: float
    threshold: float
    mean_ratio: float
    median_ratio: float
    exact: float


def nearness(
    generated: Float64[np.ndarray, "n"], held_out: Float64[np.ndarray, "m"], quantile: float = 0.5
) -> Nearness:
    """Both sets' distances from their nearest training images, compared.

    Args:
        quantile: of the held-out images' distances, strictly below which an image counts as near.

    Raises:
        UndefinedScore: most held-out images equal a training image, so that none can be nearer.
    """
    threshold, median = (float(np.quantile(held_out, q)) for q in (quantile, 0.5))
    if min(threshold, median) == 0.0:
        raise UndefinedScore(
            f"held-out images equal training images up to the quantile {max(quantile, 0.5):g}: "
            "none can be nearer than these; use held-out images that were not trained on"
        )
    return Nearness(
        share=float((generated < threshold).mean()),
        threshold=threshold,
        mean_ratio=float(generated.mean() / held_out.mean()),
        median_ratio=float(np.median(generated) / median),
        exact=float((generated == 0).mean()),
    )
