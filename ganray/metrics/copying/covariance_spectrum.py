"""How evenly images vary in all directions: the spectra of two covariances, compared.

A test of diversity by the eigenvalues of the covariance, which the lecture "Are GANs Truly
Distribution Learners?" (Madry) proposes without a number. The L1 distance of the sorted spectra,
each divided by its sum, is this project's choice. Effective rank: Roy and Vetterli, "The effective
rank: a measure of effective dimensionality", 2007, here of the covariance's eigenvalues.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float, Float64
from pydantic import Field

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value
from ganray.metrics.moments import moments


class CovarianceSpectrum(Metric):
    """The L1 distance of the normalised spectra: 0 for equal ones, below 2.

    It sees along how many directions images vary, and how evenly, but not along which: sets that
    lie elsewhere or are turned against each other have equal spectra. As these are normalised, the
    overall spread is not seen either; the ratio is among the details. Of few images spectra are
    steeper: compare equal numbers.
    """

    title = "covariance spectrum distance"
    meaning = "L1 distance of the covariances' sorted eigenvalues, each divided by their sum"
    better = "lower"
    needs = frozenset({"features"})

    name: Literal["covariance_spectrum"] = Field("covariance_spectrum", description="the metric")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The distance; details give both effective ranks and the ratio of variances."""
        reference, found = real.once(_spectrum), _spectrum(generated)
        return Value(
            spectrum_distance(reference, found),
            details={
                "effective rank": effective_rank(found),
                "effective rank of real images": effective_rank(reference),
                "variance ratio": float(found.sum() / reference.sum()),
            },
        )

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """A covariance and its eigenvalues."""
        return 2.0 * count * dimensions**2 + 4 / 3 * float(dimensions) ** 3


def spectrum(features: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, "d"]:
    """The covariance's eigenvalues (n − 1), the largest first, none below 0.

    Raises:
        RefusedInput: there are fewer than two images, or a number that is not finite.
    """
    found = moments(features)
    divisor = found.divisor(ddof=1)
    if (features == features[:1]).all():
        return np.zeros(found.dimensions)  # the mean's rounding would have a spectrum of its own
    if found.root is None:
        return np.linalg.eigvalsh(found.scatter)[::-1].clip(min=0) / divisor
    # Of fewer images than dimensions their own singular values, with as many digits, and no d³.
    values = np.zeros(found.dimensions)
    singular = np.linalg.svd(found.root, compute_uv=False)
    values[: len(singular)] = singular**2
    return values / divisor


def spectrum_distance(a: Float64[np.ndarray, "n"], b: Float64[np.ndarray, "m"]) -> float:
    """Σ |aᵢ/Σa − bᵢ/Σb| of two sorted spectra, in [0, 2).

    Raises:
        RefusedInput: they are of different dimensions.
        UndefinedScore: one is 0 throughout, as all its images are equal.
    """
    if len(a) != len(b):
        raise RefusedInput(f"spectra of {len(a)} and of {len(b)} dimensions cannot be compared")
    return float(np.abs(_shares(a) - _shares(b)).sum())


def effective_rank(values: Float64[np.ndarray, "n"]) -> float:
    """exp of the entropy of a spectrum's shares: k of k equal eigenvalues, between 1 and d.

    Raises:
        UndefinedScore: it is 0 throughout.
    """
    from scipy.special import entr

    return float(np.exp(entr(_shares(values)).sum()))


def _shares(values: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    total = values.sum()
    if not total > 0:
        raise UndefinedScore("all images of a set have equal features: its covariance is 0")
    return values / total


def _spectrum(embedding: Embedding) -> Float64[np.ndarray, "d"]:
    return spectrum(embedding.features)
