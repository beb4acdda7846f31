"""How often a range-space search reaches its targets, against the number of restarts.

A target counts as reached where the best of its restarts leaves no more than a threshold, which is
calibrated on images that the search should reach: the GAN's own samples, or real ones of its class.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64

from ganray.errors import RefusedInput


@dataclass(frozen=True)
class Threshold:
    """The residual up to which a target counts as reached.

    Attributes:
        value: pixel-mean squared error.
        level: with what probability, at least, a further image of the kind that it was calibrated
            on is reached; less than was asked for where these were too few.
        n: how many these were.
    """

    value: float
    level: float
    n: int


def calibrated(null: Sequence[float] | Float[np.ndarray, "n"], level: float = 0.95) -> Threshold:
    """The ⌈(n + 1) · level⌉-th smallest best residual of the null, or its largest.

    The order statistic of split conformal prediction (Vovk et al., "Algorithmic Learning in a
    Random World", 2005): one more image of the kind lies at or below the k-th of n with probability
    k / (n + 1), whatever the residuals' law. An image that no restart brought anywhere (its
    residual is not finite) counts as the worst.

    Raises:
        RefusedInput: there are none, or a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise RefusedInput(f"level (={level!r}) must lie between 0 and 1")
    residuals = np.asarray(null, dtype=np.float64)
    if residuals.ndim != 1 or not residuals.size:
        raise RefusedInput(f"null (of shape {residuals.shape}) must hold at least one residual")
    n = len(residuals)
    rank = min(n, math.ceil(round((n + 1) * level, 9)))
    ordered = np.sort(np.where(np.isfinite(residuals), residuals, np.inf))
    return Threshold(float(ordered[rank - 1]), rank / (n + 1), n)


def fewest(level: float) -> int:
    """How many images it takes to calibrate a threshold of that level."""
    return math.ceil(round(level / (1 - level), 9))


def reach(
    residuals: Float[np.ndarray, "n restarts"], threshold: float
) -> Float64[np.ndarray, "n restarts"]:
    """For each target, the probability that R of its restarts, drawn without replacement, reach it.

    Column R − 1 is 1 − C(m − c, R) / C(m, R), c of the m restarts having reached the target: the
    mean over all subsets of R, and so without bias for what R fresh restarts do (as pass@k is
    estimated: Chen et al., arXiv 2107.03374, equation 1). Residuals that are no numbers reach
    nothing.
    """
    restarts = residuals.shape[1]
    missed = restarts - _reached(residuals, threshold).sum(axis=1)
    drawn = np.arange(restarts)
    # C(m − c, R) / C(m, R) as a product: no binomial is ever large.
    factors = np.clip(missed[:, None] - drawn, 0, None) / (restarts - drawn)
    return np.asarray(1 - np.cumprod(factors, axis=1))


def _reached(
    residuals: Float[np.ndarray, "n restarts"], threshold: float
) -> Bool[np.ndarray, "n restarts"]:
    return np.isfinite(residuals) & (residuals <= threshold)


def best(residuals: Float[np.ndarray, "n restarts"]) -> Float64[np.ndarray, "n"]:
    """The least finite residual of each target, infinite where there is none."""
    return np.where(np.isfinite(residuals), residuals, np.inf).astype(np.float64).min(axis=1)


@dataclass(frozen=True)
class Rate:
    """The mean of n targets' probabilities with Wilson's interval."""

    value: float
    low: float
    high: float
    n: int


def rate(reached: Float64[np.ndarray, "n"], confidence: float = 0.95) -> Rate:
    """The share of targets that are reached, with its interval over targets.

    Wilson's score interval, "Probable inference, the law of succession, and statistical inference",
    JASA 22 (1927): rates near 0 and 1 are what an audit is about, where a bootstrap over targets
    has no width at all. With fewer restarts than there are, a target's value lies between 0 and 1;
    of all such values with one mean those of 0 and 1 vary most, so that the interval is then at
    most too wide.

    Raises:
        RefusedInput: for no targets, values outside [0, 1], or such a confidence.
    """
    if not 0 < confidence < 1:
        raise RefusedInput(f"confidence (={confidence!r}) must lie between 0 and 1")
    values = np.asarray(reached, dtype=np.float64)
    if values.ndim != 1 or not values.size or not ((values >= 0) & (values <= 1)).all():
        raise RefusedInput("reached must be one number or more, each between 0 and 1")
    from scipy.special import ndtri

    n, mean = len(values), float(values.mean())
    z = float(ndtri((1 + confidence) / 2))
    middle = (mean + z**2 / (2 * n)) / (1 + z**2 / n)
    margin = z / (1 + z**2 / n) * (mean * (1 - mean) / n + z**2 / (4 * n**2)) ** 0.5
    # At 0 and at 1 the ends are those numbers, but for rounding.
    low = 0.0 if mean == 0 else max(0.0, middle - margin)
    return Rate(mean, low, 1.0 if mean == 1 else min(1.0, middle + margin), n)


def reach_curve(
    residuals: Sequence[Float[np.ndarray, "n restarts"]], threshold: Sequence[float]
) -> list[Rate]:
    """The rate at R = 1 … m restarts, of one GAN or as the mean of replicates.

    Args:
        residuals: of each replicate, for the same targets and as many restarts.
        threshold: of each replicate.

    Raises:
        RefusedInput: as of `rate`.
    """
    values = np.mean([reach(*pair) for pair in zip(residuals, threshold, strict=True)], axis=0)
    return [rate(np.clip(column, 0, 1)) for column in values.T]
