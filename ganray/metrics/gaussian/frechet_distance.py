"""The Fréchet distance between Gaussians fitted to features, for any number of samples.

Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017, equation 6. With Σ = LLᵀ the
trace of the matrix square root (Σ₁Σ₂)^½ is that of (L₁ᵀΣ₂L₁)^½, the sum of the roots of symmetric
eigenvalues. Squared, small ones are lost in the rounding of the largest: where that tells on the
distance, the sum is that of the singular values of L₁ᵀL₂, which takes three times as long. Of no
more samples than dimensions L is the samples themselves, centred and scaled; of more it is Σ's
Cholesky factor, with pivots and of Σ's rank where Σ is singular.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Float64
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value
from ganray.metrics.moments import Moments, moments
from ganray.process.arithmetic import HERE, place

_ENOUGH = 5e-7
"""Of a distance, how wrong the estimate may call it. Errors were below 1.6 times the estimate on
all kinds of covariances that were tried against 80-bit numbers, and on real features far below."""
_CLOSE = 2e-13
"""The same of the two spreads, where next to nothing is left of them."""
_LOST = 10
_MEANS_ROUNDING = 1e-13

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
    multiplies = True
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
        root: R with RRᵀ the covariance, where it was fitted to no more samples than dimensions.
        covariance: where there is no `root`.
    """

    mean: Float64[np.ndarray, "d"]
    root: Float64[np.ndarray, "d r"] | None
    covariance: Float64[np.ndarray, "d d"] | None = None

    @classmethod
    def fit(cls, moments: Moments, ddof: int = 1) -> Gaussian:
        """The normal distribution with these moments.

        Args:
            ddof: 1 is the FID's (`numpy.cov`), 0 is CAFD's.

        Raises:
            RefusedInput: if the moments' weight is not above `ddof`.
        """
        if moments.root is None:
            return cls(moments.mean, None, moments.covariance(ddof))
        return cls(moments.mean, moments.root.T / moments.divisor(ddof) ** 0.5)

    @cached_property
    def variances(self) -> Float64[np.ndarray, "d"]:
        """Of each coordinate."""
        if self.covariance is not None:
            return self.covariance.diagonal()
        assert self.root is not None
        return np.square(self.root).sum(axis=1)

    @property
    def varies(self) -> Bool[np.ndarray, "d"]:
        """Which coordinates do, by more than the rounding of their mean."""
        return np.asarray(self.variances > np.square(_MEANS_ROUNDING * self.mean))

    @cached_property
    def _triangle(self) -> Float64[np.ndarray, "d d"] | None:
        """The covariance's lower Cholesky factor; none where it is singular but for rounding."""
        from scipy.linalg.lapack import dpotrf

        if self.covariance is None:
            return None
        triangle, failed = dpotrf(self.covariance.T, lower=1, clean=1)
        whole = not failed and np.square(triangle.diagonal()).min() > _rounding(self.covariance)
        return triangle if whole else None

    @cached_property
    def factor(self) -> Float64[np.ndarray, "d r"]:
        """L with LLᵀ the covariance, of as many columns as its rank.

        What is left below rounding error is dropped: kept, its square root would be 10⁸ times
        larger than the error, and a set would have a distance from itself. The factor takes a
        seventh of the time of eigenvectors, which serve as well (Higham, "Accuracy and Stability of
        Numerical Algorithms", 2002, section 10.3).
        """
        from scipy.linalg.lapack import dpstrf

        if self.covariance is None:
            assert self.root is not None
            return self.root
        if self._triangle is not None:
            return self._triangle
        table, places, rank, _ = dpstrf(self.covariance, tol=_rounding(self.covariance), lower=1)
        factor = np.zeros((len(self.mean), rank))
        factor[places - 1] = np.tril(table)[:, :rank]
        return factor

    def distance(self, other: Gaussian) -> float:
        """‖μ₁−μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½): squared feature units, finite and at least 0.

        To a relative 1e-6, and to 1e-12 of the traces.

        Raises:
            RefusedInput: if the two differ in dimensions.
        """
        if self.mean.shape != other.mean.shape:
            raise RefusedInput(
                f"features of {len(self.mean)} and of {len(other.mean)} dimensions "
                "cannot be compared"
            )
        shift = self.mean - other.mean
        spread = self.variances.sum() + other.variances.sum()
        one, another = _where_both_vary(self, other)
        squares = _squares(one, another)
        if squares is not None:
            found = float(shift @ shift + spread - 2 * np.sqrt(squares.clip(0)).sum())
            if certain(squares, found, spread):
                return max(0.0, found)
        values = np.linalg.svd(one.factor.T @ another.factor, compute_uv=False)
        return max(0.0, float(shift @ shift + spread - 2 * values.sum()))

    def on(self, coordinates: Bool[np.ndarray, "d"]) -> Gaussian:
        """Its marginal on some coordinates."""
        root = None if self.root is None else self.root[coordinates]
        table = self.covariance
        own = None if table is None else np.ascontiguousarray(table[coordinates][:, coordinates])
        return Gaussian(self.mean[coordinates], root, own)


def _rounding(covariance: Float64[np.ndarray, "d d"]) -> float:
    """What of a covariance is nothing but rounding error.

    By two bounds of its largest eigenvalue: one is near it where all are alike, one where not.
    """
    largest = min(np.linalg.norm(covariance, np.inf), np.linalg.norm(covariance))
    return float(len(covariance) * np.finfo(np.float64).eps * largest)


def _where_both_vary(one: Gaussian, other: Gaussian) -> tuple[Gaussian, Gaussian]:
    """On the coordinates that vary in both, as a network's dead units do not: they add nothing to
    Σ₁Σ₂, and would make it singular."""
    both = one.varies & other.varies
    return (one, other) if both.all() else (one.on(both), other.on(both))


def _squares(one: Gaussian, other: Gaussian) -> Float64[np.ndarray, "d"] | None:
    """The eigenvalues of L₁ᵀΣ₂L₁, whose roots add up to tr (Σ₁Σ₂)^½.

    None of samples that are no more than dimensions: centred, they have a singular value of 0.
    """
    from scipy.linalg.lapack import dsygst

    if not len(one.mean):
        return np.empty(0)
    if one.covariance is None or other.covariance is None:
        return None
    if one._triangle is not None:
        # A quarter of the operations of two products, as it knows what is symmetric and what is 0.
        squared, _ = dsygst(other.covariance.T, one._triangle, itype=2, lower=1)
    else:
        squared = one.factor.T @ other.covariance @ one.factor
    return np.linalg.eigvalsh(squared)  # NumPy's, which other threads run beside


def certain(squares: Float64[np.ndarray, "d"], distance: float, spread: float) -> bool:
    """Whether a distance is right whose overlap is the sum of these eigenvalues' roots.

    Each is wrong by some ε·λ, λ the largest one, and its root by ε·λ / 2√λᵢ, this way or that.
    Those that are not far above ε·λ may be nothing else.
    """
    rounding = np.finfo(np.float64).eps * squares.max(initial=0.0)
    known = squares[squares >= _LOST * rounding]
    lost = (len(squares) - len(known)) * (_LOST * rounding) ** 0.5
    wrong = np.sqrt((np.square(rounding / 2) / known).sum()) if rounding else 0.0
    return bool(2 * (wrong + lost) <= max(_ENOUGH * distance, _CLOSE * spread))


@runtime_checkable
class Fitted(Protocol):
    """A Gaussian, wherever its numbers lie."""

    def distance(self, other: Any) -> float:
        """As `Gaussian.distance`, from another that lies there."""


def fitted_to(features: Float[np.ndarray, "n d"]) -> Fitted:
    """The Gaussian of all features, with the unbiased covariance, where `arithmetic.place` says."""
    if place() == HERE:
        return Gaussian.fit(moments(features))
    from ganray.metrics.gaussian.batched import fitted_there  # torch

    return fitted_there(features)


def fitted(embedding: Embedding) -> Fitted:
    """The same of an embedding, as a statistic that `Embedding.once` keeps."""
    return fitted_to(embedding.features)
