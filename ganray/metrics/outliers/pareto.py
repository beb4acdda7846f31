"""A generalised Pareto distribution fitted to excesses over a threshold.

Hosking and Wallis, "Parameter and Quantile Estimation for the Generalized Pareto Distribution",
Technometrics 29 (1987), by probability-weighted moments, which need no search and always answer:
with a₀ = E X and a₁ = E X (1 − F(X)), shape ξ = 2 − a₀ / (a₀ − 2a₁) and scale
σ = 2 a₀ a₁ / (a₀ − 2a₁), in the sign in which ξ > 0 is a heavy tail and ξ < 0 one that ends at
−σ/ξ. a₁ is estimated without bias, by the ranks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

FEWEST = 10
"""Excesses below which there is no fit: a choice made here."""


class GeneralisedPareto(NamedTuple):
    """P(X > x) = (1 + ξx/σ)^(−1/ξ); exp(−x/σ) at shape ξ = 0."""

    shape: float
    scale: float


def generalised_pareto(excesses: Float64[np.ndarray, "n"]) -> GeneralisedPareto | None:
    """The fit to excesses, all at least 0; None of fewer than ten, or where all are equal.

    The estimates suppose a shape below ½: a heavier tail has too low a one.
    """
    n = len(excesses)
    if n < FEWEST:
        return None
    rising = np.sort(excesses)
    mean = rising.mean()
    weighted = (np.arange(n - 1, -1, -1) / (n - 1) * rising).mean()
    spread = mean - 2 * weighted  # half the mean difference of two excesses
    if spread <= 1e-12 * mean:
        return None
    return GeneralisedPareto(float(2 - mean / spread), float(2 * mean * weighted / spread))
