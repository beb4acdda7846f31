"""Clipped coverage: the share of good and various images that would cover the real ones as well.

Salvy et al., "Enhanced Generative Model Evaluation with Clipped Density and Coverage"
(arXiv 2507.01761), with the choices of the authors' public code: a real image is covered to the
share of k generated ones that lie in its open ball, whose radius is not cut; the mean is answered
as the number of ideal images that would be expected to reach it, over all m and one more.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float64, Num
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.features import Embedding
from ganray.metrics.manifold.balls import Balls, BallsAround, K, balls
from ganray.metrics.manifold.by_balls import ByRealBalls
from ganray.metrics.metric import Value
from ganray.process.progress import shares


class ClippedCoverage(ByRealBalls):
    """How many of the generated images an ideal generator would have needed to cover as much.

    From 0 to 1, and linear in the share of bad images: half of them noise gives half. Copies of a
    generated image count as further images, up to k in a ball; and one bad image in a hundred
    costs 0.01, whatever it is.
    """

    title = "clipped coverage"
    meaning = "share of ideal images that would cover as much of the real ones' balls"

    name: Literal["clipped_coverage"] = Field("clipped_coverage", description="the metric")

    @property
    def least(self) -> int:
        """As many as cover a real image in full."""
        return max(2, self.k)

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The share, and the mean coverage that it comes from."""
        around, inside = shares(real.count, generated.count)
        with around:
            balls = real.once(BallsAround(self.k))
        with inside:
            raw = _raw(balls, generated.features)
        share = calibrated(raw, real.count, generated.count, self.k)
        return Value(share, details={"not calibrated": raw})


def clipped_coverage(
    real: Num[np.ndarray, "n d"], generated: Num[np.ndarray, "m d"], k: int = K
) -> float:
    """The clipped coverage, from 0 to 1.

    Raises:
        RefusedInput: as `balls.balls` and `balls.counts` do, and for fewer than k generated images.
    """
    return calibrated(_raw(balls(real, k), generated), len(real), len(generated), k)


def _raw(real: Balls, generated: Num[np.ndarray, "m d"]) -> float:
    return float((np.minimum(real.counts(generated).of_balls, real.k) / real.k).mean())


def calibrated(raw: float, n: int, m: int, k: int) -> float:
    """The first number of ideal images of which as much coverage is expected, over m + 1.

    Args:
        raw: the mean coverage of n real images by m generated ones.

    Raises:
        RefusedInput: for m < k, as no number of images is expected to cover anything then, and for
            n that is not above k.
    """
    if not 1 <= k <= m:
        raise RefusedInput(f"k (={k}) must be from 1 to the number of generated images, {m}")
    if n <= k:
        raise RefusedInput(f"k (={k}) must be below the number of real images, {n}")
    return float(np.searchsorted(expected_coverage(n, m, k), raw) / (m + 1))


def expected_coverage(n: int, m: int, k: int) -> Float64[np.ndarray, "sizes"]:
    """The mean coverage that 0 … m ideal images give n real ones; 0 below k, as published.

    The number j of i images that a ball holds is beta-binomial (i; k, n − k), and the coverage is
    E[min(j, k)] / k = 1 − Σ_{j<k} (1 − j/k) P(j): k terms, each from the one before.
    """
    i = np.arange(m + 1, dtype=np.float64)
    none = np.concatenate([[1.0], np.cumprod((n - k + i[:-1]) / (n + i[:-1]))])[k:]
    i, probability, missed = i[k:], none, none.copy()
    for j in range(1, k):
        probability = probability * (i - j + 1) * (k + j - 1) / (j * (n - k + i - j))
        missed += (1 - j / k) * probability
    return np.concatenate([np.zeros(k), 1 - missed])
