"""Intervals over training replicates: Student's for one mean, Welch's for a difference; Wilson's
for a share of images.

Welch, "The generalization of Student's problem when several different population variances are
involved", Biometrika 34 (1947). One replicate has no interval, and the answers say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

from ganray.errors import RefusedInput

Verdict = Literal["lower", "higher", "inconclusive", "no interval"]


@dataclass(frozen=True)
class Interval:
    """A mean of `n` replicates with its two-sided interval; both ends are None where n = 1."""

    mean: float
    low: float | None
    high: float | None
    standard_deviation: float | None
    n: int
    confidence: float


@dataclass(frozen=True)
class Comparison:
    """The difference of means a − b with its interval, and what it allows to say about a.

    Attributes:
        p_value: of the two-sided test that belongs to the interval; None where there is none.
        paired: whether the interval is that of differences of pairs.
    """

    difference: float
    low: float | None
    high: float | None
    verdict: Verdict
    n_a: int
    n_b: int
    confidence: float
    p_value: float | None = None
    paired: bool = False


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """The mean of independent replicates with Student's t interval.

    Raises:
        RefusedInput: for no values, values that are not finite, or a confidence outside (0, 1).
    """
    sample = _sample("values", values, confidence)
    mean, n = float(sample.mean()), len(sample)
    if n == 1:
        return Interval(mean, None, None, None, n, confidence)
    from scipy.special import stdtrit

    deviation = float(sample.std(ddof=1))
    margin = float(stdtrit(n - 1, (1 + confidence) / 2)) * deviation / n**0.5
    return Interval(mean, mean - margin, mean + margin, deviation, n, confidence)


def share_interval(count: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share `count` of `n` images (J. Am. Stat. Assoc. 22, 1927).

    Raises:
        RefusedInput: for a count that is not among 0 … n, no images, or a confidence outside
            (0, 1).
    """
    if not 0 <= count <= n or n < 1:
        raise RefusedInput(f"count (={count!r}) must be from 0 to n (={n!r}), and n 1 or more")
    if not 0.0 < confidence < 1.0:
        raise RefusedInput(f"confidence (={confidence!r}) must lie between 0 and 1")
    from scipy.special import ndtri  # a quarter of a second, which no reader of a store should wait

    z = float(ndtri((1 + confidence) / 2))
    share, wide = count / n, 1 + z**2 / n
    centre = (share + z**2 / (2 * n)) / wide
    margin = z * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5 / wide
    return (
        0.0 if count == 0 else centre - margin,
        1.0 if count == n else centre + margin,
    )


def welch(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Comparison:
    """Is the mean of `a` lower or higher than that of `b`? Welch's interval of a − b.

    The verdict is "inconclusive" where the interval holds zero, and "no interval" where a side has
    a single replicate. Two sides without any variance give an interval as wide as rounding alone.

    Raises:
        RefusedInput: for no values, values that are not finite, or a confidence outside (0, 1).
    """
    first, second = _sample("a", a, confidence), _sample("b", b, confidence)
    difference = float(first.mean() - second.mean())
    counts = len(first), len(second)
    if min(counts) < 2:
        return Comparison(difference, None, None, "no interval", *counts, confidence)
    # Equal replicates must not be told apart by the last bit of their means.
    rounding = 8 * np.finfo(np.float64).eps * float(max(abs(first).max(), abs(second).max()))
    margin = max(_welch_margin(first, second, confidence), rounding)
    low, high = difference - margin, difference + margin
    verdict: Verdict = "lower" if high < 0 else "higher" if low > 0 else "inconclusive"
    p_value = welch_p_value(first, second)
    return Comparison(difference, low, high, verdict, *counts, confidence, p_value)


def welch_p_value(a: Float64[np.ndarray, "n"], b: Float64[np.ndarray, "m"]) -> float:
    """Welch's two-sided test of equal means; of sides without any variance, whether they are."""
    from scipy.special import stdtr  # a quarter of a second, which no reader of a store should wait

    shift = float(a.mean())
    first, second = a - shift, b - shift
    unit = max(abs(first).max(), abs(second).max())
    rounding = 8 * np.finfo(np.float64).eps * max(abs(a).max(), abs(b).max())
    if unit <= rounding:
        return 1.0
    if a.min() == a.max() and b.min() == b.max():
        return 0.0
    first, second = first / unit, second / unit
    error, freedom = _welch_error(first, second)
    return float(2 * stdtr(freedom, -abs(first.mean() - second.mean()) / error))


def _welch_margin(
    a: Float64[np.ndarray, "n"], b: Float64[np.ndarray, "m"], confidence: float
) -> float:
    """Half the interval's width, with the degrees of freedom of Welch and Satterthwaite."""
    from scipy.special import stdtrit

    first, second = a - a.mean(), b - b.mean()
    unit = max(abs(first).max(), abs(second).max())
    if unit == 0.0:
        return 0.0
    # In units of their own spread, as the variances of tiny numbers would underflow.
    error, freedom = _welch_error(first / unit, second / unit)
    return float(stdtrit(freedom, (1 + confidence) / 2)) * error * float(unit)


def _welch_error(a: Float64[np.ndarray, "n"], b: Float64[np.ndarray, "m"]) -> tuple[float, float]:
    """The standard error of a difference of means, and its degrees of freedom."""
    first, second = float(a.var(ddof=1)) / len(a), float(b.var(ddof=1)) / len(b)
    both = first**2 / (len(a) - 1) + second**2 / (len(b) - 1)
    return (first + second) ** 0.5, (first + second) ** 2 / both if both else 1.0


def _sample(name: str, values: Sequence[float], confidence: float) -> Float64[np.ndarray, "n"]:
    if not 0.0 < confidence < 1.0:
        raise RefusedInput(f"confidence (={confidence!r}) must lie between 0 and 1")
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or sample.size == 0:
        raise RefusedInput(f"{name} (={values!r}) must be a list of at least one number")
    if not np.isfinite(sample).all():
        raise RefusedInput(f"{name} (={values!r}) must hold finite numbers only")
    return sample
