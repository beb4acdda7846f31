"""Density: in how many balls of real images a generated one lies, relative to what is expected.

Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", 2020
(arXiv 2002.09797), equation 3: the mean number of balls that hold a generated image, over k.
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


class Density(ByRealBalls):
    """How crowded with real images the places of generated ones are.

    At least 0, near 1 for images as good as real ones, and not bounded by 1: a generator of one
    image in the thick of the real ones scores many times that. So it tells fidelity alone, and
    above the floor it tells of too little diversity rather than of more fidelity.
    """

    title = "density"
    meaning = "mean number of balls of real neighbours that hold a generated image, over k"

    name: Literal["density"] = Field("density", description="the metric")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The mean."""
        inside = self.counts(real, generated).of_points
        return Value(float(inside.mean() / self.k))


def density(real: Num[np.ndarray, "n d"], generated: Num[np.ndarray, "m d"], k: int = K) -> float:
    """The mean number of real images' open balls that hold a generated one, over k.

    Raises:
        RefusedInput: as `balls.balls` and `balls.counts` do.
    """
    return float(balls(real, k).counts(generated).of_points.mean() / k)
