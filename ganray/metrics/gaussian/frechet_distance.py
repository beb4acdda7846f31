"""The Fréchet distance between Gaussians fitted to features, for any number of samples.

Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017, equation 6. The trace of the
matrix square root (Σ₁Σ₂)^½ is taken as the sum of the singular values of L₁ᵀL₂ with Σ = LLᵀ, which
stays real and finite for singular covariances. Of no more samples than dimensions L is the samples
themselves, centred and scaled; of more it is Σ's Cholesky factor with pivots, of Σ's rank.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value
from ganray.metrics.moments import Moments, moments

_CLOSE = 1e-12

DISTANCE_TERMS = 25
"""Operations of a distance in d³, by the time that they take beside matrix products: scatters of
some 10 d images a side, their factors, and singular values, which are most of the rest."""


class FrechetDistance(Metric):
    """The distance between the Gaussians fitted to real and to generated features.

    It is biased upwards, the more so the fewer the images: its floor stands at the same number.
    """

    title = "Fréchet distance"
    known_as: ClassVar[Mapping[str, str]] = {"inception": "FID"}
    meaning = "Fréchet distance between Gaussians fitted to the features; FID is that on Inception"
    better = "lower"
    needs = frozenset({"features"})
    fits_covariances = True
    usual = True

    name: Literal["frechet_distance"] = Field("frechet_distance", description="the metric")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The distance, in squared units of the features."""
        return Value(real.once(fitted).distance(fitted(generated)))

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """One distance."""
        return DISTANCE_TERMS * float(dimensions) ** 3


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A normal distribution, factored once for all comparisons.

    Attributes:
        factor: L with LLᵀ the covariance.
    """

    mean: Float64[np.ndarray, "d"]
    factor: Float64[np.ndarray, "d r"]

    @classmethod
    def fit(cls, moments: Moments, ddof: int = 1) -> Gaussian:
        """The normal distribution with these moments.

        Args:
            ddof: 1 is the FID's (`numpy.cov`), 0 is CAFD's.

        Raises:
            RefusedInput: if the moments' weight is not above `ddof`.
        """
        if moments.root is None:
            return cls.of(moments.mean, moments.covariance(ddof))
        return cls(moments.mean, moments.root.T / moments.divisor(ddof) ** 0.5)

    @classmethod
    def of(cls, mean: Float64[np.ndarray, "d"], covariance: Float64[np.ndarray, "d d"]) -> Gaussian:
        """The one with this covariance.

        What is left below rounding error is dropped: kept, its square root would be 10⁸ times
        larger than the error, and a set would have a distance from itself. The factor takes a
        seventh of the time of eigenvectors, which serve as well (Higham, "Accuracy and Stability of
        Numerical Algorithms", 2002, section 10.3).
        """
        from scipy.linalg.lapack import dpstrf

        # Two bounds of the largest eigenvalue: one is near it where all are alike, one where not.
        largest = min(np.linalg.norm(covariance, np.inf), np.linalg.norm(covariance))
        least = len(mean) * np.finfo(np.float64).eps * largest
        table, places, rank, _ = dpstrf(covariance, tol=least, lower=1)
        factor = np.zeros((len(mean), rank))
        factor[places - 1] = np.tril(table)[:, :rank]
        return cls(mean, factor)

    def distance(self, other: Gaussian) -> float:
        """‖μ₁−μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½): squared feature units, finite and at least 0.

        Raises:
            RefusedInput: if the two differ in dimensions.
        """
        if self.mean.shape != other.mean.shape:
            raise RefusedInput(
                f"features of {len(self.mean)} and of {len(other.mean)} dimensions "
                "cannot be compared"
            )
        shift = self.mean - other.mean
        spread = np.square(self.factor).sum() + np.square(other.factor).sum()
        overlap = nuclear_norm(self.factor.T @ other.factor)
        return max(0.0, float(shift @ shift + spread - 2.0 * overlap))


def nuclear_norm(table: Float64[np.ndarray, "r q"]) -> float:
    """The sum of the singular values, from the eigenvalues of the squared table where these tell
    them to 1e-12 of the sum: that takes a third of the time.

    Squared, a small value is lost in the rounding of the largest: by ε·λ it is wrong, its root by
    ε·λ / 2√λᵢ.
    """
    short = table if len(table) <= table.shape[1] else table.T
    squares = np.linalg.eigvalsh(short @ short.T)
    wrong = np.finfo(np.float64).eps * squares.max(initial=0.0)
    roots = np.sqrt(np.clip(squares, wrong, None))
    if (wrong / roots[roots > 0]).sum() / 2 <= _CLOSE * roots.sum():
        return float(roots.sum())
    return float(np.linalg.svd(table, compute_uv=False).sum())


def fitted(embedding: Embedding) -> Gaussian:
    """The Gaussian of all features, with the unbiased covariance."""
    return Gaussian.fit(moments(embedding.features))
