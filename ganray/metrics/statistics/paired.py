"""Comparison of two sides whose replicates come in pairs.

Where replicate i of both sides shares a seed, a data split or latent vectors, what these do to both
cancels in the differences, and the interval of their mean is the narrower, the more of the variance
is shared. Where seeds share nothing (networks of other shapes draw other weights from one seed),
pairing only loses half of the degrees of freedom: compare by `intervals.welch`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganray.errors import RefusedInput
from ganray.metrics.intervals import Comparison, Verdict, mean_interval


def paired(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Comparison:
    """Is the mean of `a` lower or higher than that of `b`? Student's interval of aᵢ − bᵢ.

    The verdict is as `welch` has it. Pairs of one constant difference give an interval as wide as
    rounding alone.

    Raises:
        RefusedInput: sides of other lengths, no values, values that are not finite, or a confidence
            outside (0, 1).
    """
    first, second = (np.asarray(side, dtype=np.float64) for side in (a, b))
    if first.shape != second.shape or first.ndim != 1:
        raise RefusedInput(
            f"a (={list(a)!r}) and b (={list(b)!r}) must be lists of as many numbers, in pairs"
        )
    found = mean_interval((first - second).tolist(), confidence)
    n = found.n
    if found.low is None or found.high is None:
        return Comparison(found.mean, None, None, "no interval", n, n, confidence, paired=True)
    # Equal pairs must not be told apart by the last bit of their difference.
    rounding = 8 * np.finfo(np.float64).eps * float(max(abs(first).max(), abs(second).max()))
    margin = max(found.high - found.mean, rounding)
    low, high = found.mean - margin, found.mean + margin
    verdict: Verdict = "lower" if high < 0 else "higher" if low > 0 else "inconclusive"
    p_value = _p_value(found.mean, margin, n, confidence)
    return Comparison(found.mean, low, high, verdict, n, n, confidence, p_value, paired=True)


def _p_value(mean: float, margin: float, n: int, confidence: float) -> float:
    """Student's two-sided test of no difference, from the interval's half width."""
    from scipy.special import stdtr, stdtrit

    if margin == 0:  # all values are 0
        return 1.0
    t = abs(mean) / margin * float(stdtrit(n - 1, (1 + confidence) / 2))
    return float(2 * stdtr(n - 1, -t))
