"""Precision: the share of generated images that lie among real ones.

Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", 2019
(arXiv 1904.06991), with the choices of Naeem et al., "Reliable Fidelity and Diversity Metrics for
Generative Models", 2020 (arXiv 2002.09797), and their public code (clovaai's prdc): the fifth
neighbour, no image being one of its own, and open balls.
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
from ganray.process.progress import shares


class Precision(ByRealBalls):
    """The share of generated images nearer to some real image than its k-th real neighbour.

    From 0 to 1. It tells fidelity alone: a generator of one good image has precision 1. An outlier
    among the real images has a large ball, in which bad images count as good.
    """

    title = "precision"
    meaning = "share of generated images within a ball of real neighbours"

    name: Literal["precision"] = Field("precision", description="the metric")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The share."""
        inside = self.counts(real, generated).of_points
        return Value(float((inside > 0).mean()))


def precision(
    real: Num[np.ndarray, "n d"],
    generated: Num[np.ndarray, "m d"],
    k: int = K,
    closed: bool = False,
) -> float:
    """The share of generated images in the ball of any real one, which reaches to its k-th other.

    With both sets exchanged it is recall.

    Args:
        closed: whether an image at exactly the radius is inside.

    Raises:
        RefusedInput: as `balls.balls` and `balls.counts` do.
    """
    around, inside = shares(len(real), len(generated))
    with around:
        found = balls(real, k)
    with inside:
        return float((found.counts(generated, closed).of_points > 0).mean())
