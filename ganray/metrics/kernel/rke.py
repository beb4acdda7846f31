"""RKE, the Rényi kernel entropy: how many kinds of images there are, by all pairs alone.

Jalali, Li and Farnia, "An Information-Theoretic Evaluation of Generative Models in Learning
Multi-modal Distributions", NeurIPS 2023: the inverse of ‖K/n‖², the mean of k(xᵢ, xⱼ)² over all i
and j. It is the Vendi score of order 2 of all eigenvalues, needs none of them, and converges
with a few thousand images, so that nothing is truncated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64, Num
from pydantic import Field

from ganray.metrics import pairs
from ganray.metrics.features import Embedding
from ganray.metrics.kernel.chosen import ChosenKernel
from ganray.metrics.kernel.spectrum import check_directions, directions
from ganray.metrics.kernel.sums import gaussian, sum_within
from ganray.metrics.metric import Value
from ganray.process.progress import shares


class Rke(ChosenKernel):
    """The effective number of kinds among generated images; the real ones' stands beside it.

    From 1, all alike, to the number of images. Frequent kinds weigh more than in the Vendi score,
    so that rare ones are hardly seen. It tells diversity alone and knows no fidelity.
    """

    title = "RKE"
    meaning = "effective number of kinds: the inverse of a kernel's mean square over all pairs"
    better = "higher"
    needs = frozenset({"features"})

    name: Literal["rke"] = Field("rke", description="the metric")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The number of kinds, and that of the real images."""
        count = _Kinds(self.width(real))
        first, second = shares(real.count**2, generated.count**2)
        with first:
            details = {"of real images": real.once(count)}
        if count.bandwidth is not None:
            details["bandwidth"] = count.bandwidth
        with second:
            return Value(count(generated), details=details)

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """Half of all products."""
        return float(count**2 * dimensions)


@dataclass(frozen=True)
class _Kinds:
    bandwidth: float | None

    def __call__(self, embedding: Embedding) -> float:
        return rke(embedding.features, self.bandwidth)


def rke(features: Num[np.ndarray, "n d"], bandwidth: float | None = None) -> float:
    """The effective number of kinds, from 1 to n.

    Args:
        bandwidth: of the Gaussian kernel; none: the kernel is the cosine.

    Raises:
        RefusedInput, UndefinedScore: as `check_directions` and `gaussian` do.
    """
    if bandwidth is None:
        check_directions(features)
        squares = sum_within(_squared_cosine, features)
    else:
        pairs.check_sets(features=features)
        squares = sum_within(gaussian(bandwidth / 2**0.5), features)  # a Gaussian's own square
    n = len(features)
    return n**2 / (squares + n)


def _squared_cosine(
    x: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, "m d"]
) -> Float64[np.ndarray, "n m"]:
    return np.square(directions(x) @ directions(y).T)
