"""Improved recall, as published: `improved_precision`, which names the paper, of sets exchanged."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganray.metrics.features import Embedding
from ganray.metrics.manifold.by_balls import ByGeneratedBalls
from ganray.metrics.manifold.improved_precision import IMPROVED_K
from ganray.metrics.manifold.recall import recall
from ganray.metrics.metric import Value


class ImprovedRecall(ByGeneratedBalls):
    """The share of real images no farther from some generated one than its k-th generated one.

    From 0 to 1, with the weaknesses of `recall`, from which k and the border tell it.
    """

    title = "improved recall"
    meaning = "share of real images in a closed ball of generated neighbours, as first published"

    name: Literal["improved_recall"] = Field("improved_recall", description="the metric")
    k: int = Field(IMPROVED_K, ge=1, description="the neighbour that an image's ball reaches to")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The share; `recall(…, k=3, closed=True)` of arrays."""
        return Value(recall(real.features, generated.features, self.k, closed=True))
