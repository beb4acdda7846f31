"""How large a difference between two sides is, in units of their spread: Hedges' g.

Hedges, "Distribution theory for Glass's estimator of effect size and related estimators", Journal
of Educational Statistics 6 (1981). The interval inverts the noncentral t law (Steiger and Fouladi,
"Noncentrality interval estimation", 1997), which is exact for normal scores of one variance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.statistics.noncentral import noncentral_t


@dataclass(frozen=True)
class Effect:
    """By how many standard deviations side a lies above side b.

    Attributes:
        g: without the bias that few replicates give the plain quotient.
        low: with `high` the two-sided interval of the true effect; it need not be centred on g.
    """

    g: float
    low: float
    high: float
    n_a: int
    n_b: int
    confidence: float


def hedges_g(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Effect:
    """Hedges' g of a − b, with the pooled standard deviation.

    Raises:
        RefusedInput: a side of fewer than 2 replicates, numbers that are not finite, or a
            confidence outside (0, 1).
        UndefinedScore: no replicate differs from another of its side.
    """
    sides = [np.asarray(side, dtype=np.float64) for side in (a, b)]
    for name, side in zip("ab", sides, strict=True):
        if side.ndim != 1 or len(side) < 2 or not np.isfinite(side).all():
            raise RefusedInput(f"{name} (={side.tolist()!r}) must be 2 finite numbers or more")
    if not 0.0 < confidence < 1.0:
        raise RefusedInput(f"confidence (={confidence!r}) must lie between 0 and 1")
    if all(side.min() == side.max() for side in sides):
        raise UndefinedScore("no replicate differs from another of its side: no unit of spread")
    n, m = map(len, sides)
    freedom = n + m - 2
    pooled = sum(float(np.square(side - side.mean()).sum()) for side in sides) / freedom
    d = float(sides[0].mean() - sides[1].mean()) / pooled**0.5
    unit = (1 / n + 1 / m) ** 0.5
    low, high = _parameters(d / unit, freedom, confidence)
    return Effect(_unbiased(freedom) * d, low * unit, high * unit, n, m, confidence)


def _unbiased(freedom: int) -> float:
    """Hedges' J = Γ(f/2) / (√(f/2) Γ((f − 1)/2))."""
    logs = math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)
    return math.exp(logs) / (freedom / 2) ** 0.5


def _parameters(t: float, freedom: int, confidence: float) -> tuple[float, float]:
    """Of the noncentral t laws of which t is the upper and the lower end."""

    def level(parameter: float) -> float:
        return noncentral_t(t, freedom, parameter)

    return _where(level, (1 + confidence) / 2, t), _where(level, (1 - confidence) / 2, t)


def _where(level: Callable[[float], float], wanted: float, start: float) -> float:
    """Where a falling function has a value, around `start`."""
    from scipy.optimize import brentq

    low, high, step = start, start, 1.0
    while level(low) < wanted:
        low, step = low - step, 2 * step
    step = 1.0
    while level(high) > wanted:
        high, step = high + step, 2 * step
    return float(brentq(lambda parameter: level(parameter) - wanted, low, high, xtol=1e-10))
