"""Coverage: the share of real images that have a generated one near.

Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", 2020
(arXiv 2002.09797), equation 5.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Num
from pydantic import Field

from ganray.metrics.features import Embedding
from ganray.metrics.manifold.balls import K, balls
from ganray.metrics.manifold.by_balls import ByRealBalls
from ganray.metrics.metric import Value


class Coverage(ByRealBalls):
    """The share of real images that a generated one is nearer to than their k-th real neighbour.

    From 0 to 1; 1 − 2⁻ᵏ is expected of many images as good as real ones and as many. The balls are
    the real images', so that outliers among generated ones do not raise it. It says nothing of bad
    images beside the good ones, and falls with fewer generated images.
    """

    title = "coverage"
    meaning = "share of real images whose ball of real neighbours holds a generated image"

    name: Literal["coverage"] = Field("coverage", description="the metric")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The share."""
        held = self.counts(real, generated).of_balls
        return Value(float((held > 0).mean()))


def coverage(real: Num[np.ndarray, "n d"], generated: Num[np.ndarray, "m d"], k: int = K) -> float:
    """The share of real images whose open ball holds any generated one.

    Raises:
        RefusedInput: as `balls.balls` and `balls.counts` do.
    """
    return float((balls(real, k).counts(generated).of_balls > 0).mean())
