"""KEN, the kernel entropic novelty: which kinds one set makes more of than another.

Zhang, Li and Farnia, "An Interpretable Evaluation of Entropy-based Novelty of Generative Models",
2024 (arXiv 2402.17287): of the kernel's covariances C, the positive eigenvalues λ of
C_generated − η C_real are how much more of each kind there is than η times as much; the score is
Σ λ · H(λ / Σ λ) = −Σ λ log(λ / Σ λ). The eigenvalues, and the images that belong to them, are found
in `ganray.metrics.kernel.novelty`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float64, Num
from pydantic import Field

from ganray.metrics.features import Embedding
from ganray.metrics.kernel.bandwidth import usual_bandwidth
from ganray.metrics.kernel.chosen import BANDWIDTH_MEANS
from ganray.metrics.kernel.novelty import novel_eigenvalues
from ganray.metrics.kernel.spectrum import IMAGES, LARGEST, drawn
from ganray.metrics.metric import Metric, Value

_SHOWN = 5  # eigenvalues in a table


class Ken(Metric):
    """How much, and of how many kinds, generated images have that real ones have not.

    At least 0, in nats; 0 where no kind is more frequent than `threshold` times as frequent among
    real images. A single novel kind has entropy 0, and hardly counts, however frequent it is:
    `novel share` tells it. What is missing is not seen; for that the sets are exchanged. Sampling
    alone makes every kind a little more or less frequent, so that it is read beside its floor.
    """

    title = "KEN"
    meaning = "entropy of the kinds that there are more of than among real images"
    better = "lower"
    needs = frozenset({"features"})

    name: Literal["ken"] = Field("ken", description="the metric")
    bandwidth: float | None = Field(None, gt=0, description=BANDWIDTH_MEANS)
    threshold: float = Field(
        1.0, gt=0, description="η: how many times as frequent a kind is novel from"
    )
    images: int = Field(IMAGES, ge=2, le=LARGEST // 2, description="most drawn of each set")
    seed: int = Field(0, ge=0, description="of the draws")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The score, the eigenvalues' sum and the largest of them."""
        bandwidth = self.bandwidth or real.once(usual_bandwidth)
        some, others = (
            drawn(one.features, self.images, self.seed, f"ken/{side}")
            for side, one in (("generated", generated), ("real", real))
        )
        found = novel_eigenvalues(others, some, bandwidth, self.threshold)
        details = {"novel share": float(found.sum()), "bandwidth": bandwidth}
        largest = enumerate(np.pad(found, (0, _SHOWN))[:_SHOWN], 1)
        details |= {f"eigenvalue {i}": float(value) for i, value in largest}
        return Value(ken_score(found), details=details)

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """Of both sets' matrix: the products, a factor, its product with itself, eigenvalues."""
        side = 2.0 * min(count, self.images)
        return 2 * side**2 * dimensions + (1 / 3 + 2 + 4 / 3) * side**3


def ken(
    real: Num[np.ndarray, "n d"],
    generated: Num[np.ndarray, "m d"],
    bandwidth: float,
    threshold: float = 1.0,
) -> float:
    """The score of all images of both sets, at least 0.

    Raises:
        RefusedInput: as `novel_eigenvalues` does.
    """
    return ken_score(novel_eigenvalues(real, generated, bandwidth, threshold))


def ken_score(eigenvalues: Float64[np.ndarray, "p"]) -> float:
    """−Σ λ log(λ / Σ λ) of positive eigenvalues; 0 of none."""
    total = eigenvalues.sum()
    return max(0.0, float(-(eigenvalues * np.log(eigenvalues / total)).sum()))
