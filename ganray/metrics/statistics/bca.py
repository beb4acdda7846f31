"""The levels of the bias-corrected and accelerated bootstrap, BCa."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64


def corrected_levels(
    levels: Float64[np.ndarray, "2"],
    value: float,
    drawn: Float64[np.ndarray, "n"],
    left_out: Float64[np.ndarray, "k"],
) -> Float64[np.ndarray, "2"]:
    """Which quantiles of resampled values the ends are: Efron and Tibshirani, "An Introduction to
    the Bootstrap", 1993, chapter 14.

    Args:
        levels: of the quantiles, if there were neither bias nor skewness.
        value: of the statistic on all rows.
        drawn: of the statistic on resampled rows.
        left_out: of the statistic without one row, or one group of them, after another.
    """
    from scipy.special import ndtr, ndtri

    least = 0.5 / len(drawn)  # where all resamples lie on one side
    below = (drawn < value).mean() + (drawn == value).mean() / 2
    shift = ndtri(np.clip(below, least, 1 - least))
    apart = left_out.mean() - left_out
    spread = np.square(apart).sum()
    bend = (apart**3).sum() / (6 * spread**1.5) if spread > 0 else 0.0
    moved = shift + ndtri(levels)
    return np.asarray(ndtr(shift + moved / (1 - bend * moved)))
