"""What a panel of replicates can find out, and how many of them a wanted difference takes.

The two-sided t test of two sides with n replicates each: of a true difference δ, t has the
noncentral t law with 2n − 2 degrees of freedom and the parameter δ / (σ √(2/n)) (Cohen,
"Statistical Power Analysis for the Behavioral Sciences", 1988, chapter 2). σ is the standard
deviation of one replicate's score: of a training seed's mean over K sampling seeds,
`Components.deviation(K)`.
"""

from __future__ import annotations

import math

from ganray.errors import RefusedInput
from ganray.metrics.statistics.noncentral import noncentral_t

_MOST = 10**6  # replicates


def power(difference: float, deviation: float, n: int, confidence: float = 0.95) -> float:
    """How often n replicates a side find out that the means differ, if by so much.

    Raises:
        RefusedInput: fewer than 2 replicates, a deviation of 0 or less, or a confidence outside
            (0, 1).
    """
    _check(deviation, confidence)
    if n < 2:
        raise RefusedInput(f"n (={n}) must be at least 2: one replicate has no variance")
    return _power(abs(difference) / deviation * (n / 2) ** 0.5, n, confidence)


def smallest_detectable_difference(
    deviation: float, n: int, power: float = 0.8, confidence: float = 0.95
) -> float:
    """The true difference that n replicates a side find out with the given probability.

    Raises:
        RefusedInput: as `power` does, or for a power that is not between 1 − confidence and 1.
    """
    _check(deviation, confidence, power)
    if n < 2:
        raise RefusedInput(f"n (={n}) must be at least 2: one replicate has no variance")
    from scipy.optimize import brentq

    most = 1.0
    while _power(most, n, confidence) < power:
        most *= 2
    parameter = brentq(lambda x: _power(x, n, confidence) - power, 0.0, most, xtol=1e-12)
    return float(parameter) * deviation * (2 / n) ** 0.5


def replicates_needed(
    difference: float, deviation: float, power: float = 0.8, confidence: float = 0.95
) -> int:
    """How many replicates a side find out a true difference with the given probability.

    Raises:
        RefusedInput: a difference of 0, more than a million replicates, or as
            `smallest_detectable_difference` does.
    """
    _check(deviation, confidence, power)
    size = abs(difference) / deviation
    if not (math.isfinite(size) and size > 0):
        raise RefusedInput(f"difference (={difference!r}) must be a number other than 0")
    low, high = 1, 2  # too few, and perhaps enough
    while _power(size * (high / 2) ** 0.5, high, confidence) < power:
        if high >= _MOST:
            raise RefusedInput(
                f"difference (={difference!r}) of {size:.2g} deviations needs over {_MOST:,} "
                "replicates a side: ask for a larger one"
            )
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        enough = _power(size * (middle / 2) ** 0.5, middle, confidence) >= power
        low, high = (low, middle) if enough else (middle, high)
    return high


def _power(parameter: float, n: int, confidence: float) -> float:
    """Of a noncentral t beyond either end of the interval of no difference."""
    from scipy.special import stdtrit

    freedom = 2 * n - 2
    end = float(stdtrit(freedom, (1 + confidence) / 2))
    return sum(1 - noncentral_t(end, freedom, side) for side in (parameter, -parameter))


def _check(deviation: float, confidence: float, power: float | None = None) -> None:
    if not (math.isfinite(deviation) and deviation > 0):
        raise RefusedInput(f"deviation (={deviation!r}) must be a number above 0")
    if not 0.0 < confidence < 1.0:
        raise RefusedInput(f"confidence (={confidence!r}) must lie between 0 and 1")
    if power is not None and not 1 - confidence < power < 1.0:
        raise RefusedInput(
            f"power (={power!r}) must lie between 1 − confidence, {1 - confidence:g}, and 1"
        )
