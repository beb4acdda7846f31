"""Improved precision, as published: balls that reach to the third neighbour, border included.

Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", 2019
(arXiv 1904.06991), equations 1 and 2, with k of the authors' public code.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganray.metrics.features import Embedding
from ganray.metrics.manifold.by_balls import ByRealBalls
from ganray.metrics.metric import Value

IMPROVED_K = 3


class ImprovedPrecision(ByRealBalls):
    """The share of generated images no farther from some real one than its k-th real neighbour.

    From 0 to 1, with the weaknesses of `precision`, from which k and the border tell it. With the
    border included a copy of a real image always counts.
    """

    title = "improved precision"
    meaning = "share of generated images in a closed ball of real neighbours, as first published"

    name: Literal["improved_precision"] = Field("improved_precision", description="the metric")
    k: int = Field(IMPROVED_K, ge=1, description="the neighbour that an image's ball reaches to")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The share; `precision(…, k=3, closed=True)` of arrays."""
        inside = self.counts(real, generated, closed=True).of_points
        return Value(float((inside > 0).mean()))
