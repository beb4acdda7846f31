"""Metrics as their papers write them: explicit loops and a general matrix square root."""

from __future__ import annotations

import math

import numpy as np
import scipy.linalg


def weighted_mean_and_covariance(x, weights):
    """μ = Σ wᵢxᵢ / Σ wᵢ and Σ = Σ wᵢ(xᵢ−μ)(xᵢ−μ)ᵀ / Σ wᵢ, one row at a time."""
    total = math.fsum(weights)
    mean = sum(w * row for w, row in zip(weights, x, strict=True)) / total
    scatter = sum(w * np.outer(row - mean, row - mean) for w, row in zip(weights, x, strict=True))
    return mean, scatter / total


def frechet(mean_1, covariance_1, mean_2, covariance_2):
    """‖μ₁−μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½) by the Schur method; sound for full rank only."""
    root = scipy.linalg.sqrtm(covariance_1 @ covariance_2)
    shift = mean_1 - mean_2
    return float(shift @ shift + np.trace(covariance_1 + covariance_2 - 2 * root).real)


def frechet_of_samples(x, y):
    """The FID of two feature sets, with `numpy.cov`."""
    return frechet(x.mean(axis=0), np.cov(x, rowvar=False), y.mean(axis=0), np.cov(y, rowvar=False))


def cafd_terms(x, p_x, y, p_y):
    """CAFD's terms, one for each class."""
    return [
        frechet(
            *weighted_mean_and_covariance(x, p_x[:, k]),
            *weighted_mean_and_covariance(y, p_y[:, k]),
        )
        for k in range(p_x.shape[1])
    ]


def inception_score(probabilities):
    """exp of the mean over images of Σ_y p(y|x) ln(p(y|x) / p(y)), in one split."""
    n, k = probabilities.shape
    marginal = [math.fsum(probabilities[:, y]) / n for y in range(k)]
    divergences = [
        math.fsum(p * math.log(p / marginal[y]) for y, p in enumerate(row) if p > 0)
        for row in probabilities
    ]
    return math.exp(math.fsum(divergences) / n)
