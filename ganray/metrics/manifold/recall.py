"""Recall: the share of real images that lie among generated ones.

Precision (`ganray.metrics.manifold.precision`, which names the papers) with both sets exchanged.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Num
from pydantic import Field

from ganray.metrics.features import Embedding
from ganray.metrics.manifold.balls import K
from ganray.metrics.manifold.by_balls import ByGeneratedBalls
from ganray.metrics.manifold.precision import precision
from ganray.metrics.metric import Value


class Recall(ByGeneratedBalls):
    """The share of real images nearer to some generated one than its k-th generated neighbour.

    From 0 to 1. It tells diversity alone. One bad image far from all others has a ball that may
    hold every real image: the fewer and the worse, the less it can be trusted; coverage cannot be
    misled so.
    """

    title = "recall"
    meaning = "share of real images within a ball of generated neighbours"

    name: Literal["recall"] = Field("recall", description="the metric")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The share."""
        return Value(recall(real.features, generated.features, self.k))


def recall(
    real: Num[np.ndarray, "n d"],
    generated: Num[np.ndarray, "m d"],
    k: int = K,
    closed: bool = False,
) -> float:
    """The share of real images in the ball of any generated one, which reaches to its k-th other.

    Args:
        closed: whether an image at exactly the radius is inside.

    Raises:
        RefusedInput: as `precision` does.
    """
    return precision(generated, real, k, closed)
