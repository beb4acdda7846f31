"""The Parzen window estimate: how likely real images are around generated ones.

Breuleux, Bengio and Vincent, "Quickly generating representative samples from an RBM-derived
process", Neural Computation 23 (2011); Goodfellow et al., "Generative Adversarial Networks", 2014,
whose public code chooses σ on validation images from a fixed grid. That this estimate misleads is
shown by Theis et al., "A note on the evaluation of generative models", arXiv 1511.01844.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Float64
from pydantic import Field

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.density.kernel_means import log_kernel_means
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value
from ganray.metrics.moments import moments
from ganray.process.progress import shares
from ganray.randomness import permutation

_BLOCK = 4096  # rows that are projected at once
_BESIDE = 0.2  # a σ in common use for MNIST's pixels
_STEPS = 2.0 ** (np.arange(-24, 9) / 4)  # of the grid, in units of the deviation: 1/64 … 4


class Parzen(Metric):
    """Mean log-likelihood of real images under normal densities around the generated ones, in nats.

    σ is chosen on a half of the real images, by a fixed permutation: the first `chosen_on` of them
    take the σ that makes them most likely, out of 33 in steps of 2^¼ from 1/64 to 4 of the half's
    root mean square deviation of a coordinate. The other half is scored. With a fixed σ all real
    images are. PCA is fitted on all real images and not whitened; the density is that in its m
    dimensions, so that values of different m, encoders or scales of features are not comparable.
    It is biased downwards with few images, rewards blur and centres of clusters above samples of
    the distribution itself, and does not see bad images beside good ones.
    """

    title = "Parzen log-likelihood"
    meaning = "mean log density of real images under normal windows around the generated ones"
    better = "higher"
    needs = frozenset({"features"})

    name: Literal["parzen"] = Field("parzen", description="the metric")
    sigma: float | None = Field(
        None, gt=0, description="the window's deviation, in units of the features; none: chosen"
    )
    variance: float = Field(
        1.0, gt=0, le=1, description="share kept by PCA of the real images; 1: features as they are"
    )
    chosen_on: int = Field(1000, ge=1, description="real images that σ is chosen on at most")
    seed: int = Field(0, ge=0, description="of the permutation that halves the real images")

    @property
    def least_real(self) -> int:
        """Two images of either half, as one has no deviation."""
        return 4

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The mean log-likelihood with σ, the dimensions, and the same at σ = 0.2."""
        points, centres = real.features, generated.features
        if self.variance < 1:
            axes = real.once(principal_axes)
            points, centres = (axes.project(x, self.variance) for x in (points, centres))
        sigma, scored, half = self.sigma, points, points[:0]
        if sigma is None:
            order = permutation(self.seed, "parzen", 0, len(points))
            half = points[order[: len(points) // 2]]
            scored = points[order[len(points) // 2 :]]
        first, second = shares(min(len(half), self.chosen_on), len(scored))
        with first:
            if sigma is None:
                sigma = choose_sigma(half[: self.chosen_on], centres, sigma_grid(half))
        with second:
            both = np.array([sigma, _BESIDE])
            value, beside = parzen_log_likelihood(scored, centres, both).mean(axis=1).tolist()
        details = {"sigma": sigma, "at sigma 0.2": beside, "dimensions": float(points.shape[1])}
        return Value(value, details=details)

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """All pairs' products."""
        return 2.0 * count**2 * dimensions


def parzen_log_likelihood(
    points: Float[np.ndarray, "n d"],
    centres: Float[np.ndarray, "m e"],
    sigmas: Float64[np.ndarray, "p"],
) -> Float64[np.ndarray, "p n"]:
    """log (1/m) Σ_c N(x; c, σ²I) of each point for each σ, in nats.

    Raises:
        RefusedInput: a σ is not above 0, a side has no rows, or dimensions differ.
    """
    if not (np.isfinite(sigmas) & (sigmas > 0)).all():
        raise RefusedInput(f"sigmas (={sigmas.tolist()}) must be finite and above 0")
    norms = points.shape[1] / 2 * np.log(2 * np.pi * sigmas**2)
    return log_kernel_means(points, centres, 0.5 / sigmas**2) - norms[:, None]


def choose_sigma(
    points: Float[np.ndarray, "n d"],
    centres: Float[np.ndarray, "m e"],
    grid: Float64[np.ndarray, "p"],
) -> float:
    """The σ of the grid that makes the points most likely, the smallest of equals."""
    return float(grid[parzen_log_likelihood(points, centres, grid).mean(axis=1).argmax()])


def sigma_grid(points: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, "p"]:
    """33 values, from 1/64 to 4 of the root mean square deviation of a coordinate.

    Raises:
        UndefinedScore: the points are all equal.
    """
    spread = float(points.var(axis=0, dtype=np.float64).mean()) ** 0.5
    if spread == 0:
        raise UndefinedScore("the real images that σ is chosen on have equal features: fix sigma")
    return spread * _STEPS


class Axes(NamedTuple):
    """Principal axes, the largest variance first."""

    mean: Float64[np.ndarray, "d"]
    variances: Float64[np.ndarray, "d"]
    vectors: Float64[np.ndarray, "d d"]

    def project(
        self, features: Float[np.ndarray, "n d"], share: float
    ) -> Float64[np.ndarray, "n m"]:
        """Coordinates, not whitened, on the fewest axes that have so much of the variance."""
        total = np.cumsum(self.variances)
        kept = int(np.searchsorted(total, share * total[-1])) + 1
        found = np.empty((len(features), kept))
        for start in range(0, len(features), _BLOCK):
            block = slice(start, start + _BLOCK)
            found[block] = (features[block] - self.mean) @ self.vectors[:, :kept]
        return found


def principal_axes(real: Embedding) -> Axes:
    """Those of the features; those of equal variance are in no order of their own."""
    found = moments(real.features)
    values, vectors = np.linalg.eigh(found.covariance())
    return Axes(found.mean, np.maximum(values[::-1], 0), vectors[:, ::-1])
