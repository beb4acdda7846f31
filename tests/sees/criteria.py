"""When a curve passes a sanity check: the criteria of Räisä et al., arXiv 2505.22450.

Written anew from the paper's public code (`sanity_check_criteria.py` and `check_pass_fails.py` at
github.com/vanderschaarlab/position-fidelity-diversity-metrics-flawed), with its tolerances. A curve
is a metric's value at each point of what a check varies; a criterion answers whether it passes,
"low" or "high" where either reading of diversity would be right and it is this one, or None where
nothing is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

Kind = Literal["fidelity", "diversity", "distance"]
Answer = bool | Literal["low", "high"] | None
APART, NEAR, CLOSE = 0.2, 0.1, 0.05


@dataclass(frozen=True, eq=False)
class Curve:
    """A metric's values y at ascending x."""

    x: Float64[np.ndarray, "n"]
    y: Float64[np.ndarray, "n"]

    def at(self, x: float) -> float:
        """The value at a point that there is."""
        (index,) = np.flatnonzero(np.isclose(self.x, x))
        return float(self.y[index])


Criterion = Callable[[Curve], Answer]


def bell(middle: float) -> Criterion:
    """High in the middle, low at both ends."""

    def passes(curve: Curve) -> bool:
        top, ends = curve.at(middle), (curve.y[0], curve.y[-1])
        return bool(
            all(top - end >= APART for end in ends)
            and curve.y.max() - top <= NEAR
            and min(ends) - curve.y.min() <= NEAR
        )

    return passes


def rising(curve: Curve) -> bool:
    """Low at the left end, high at the right one."""
    left, right = curve.y[0], curve.y[-1]
    return bool(
        right - left >= APART and left - curve.y.min() <= NEAR and curve.y.max() - right <= NEAR
    )


def falling(curve: Curve) -> bool:
    """High at the left end, low at the right one."""
    return rising(Curve(curve.x, curve.y[::-1]))


def falling_by(point: float) -> Criterion:
    """That, and lower than at the left end by a tenth at a point on the way."""

    def passes(curve: Curve) -> bool:
        return falling(curve) and bool(curve.y[0] - curve.at(point) >= NEAR)

    return passes


def flat(curve: Curve) -> bool:
    """The same all along."""
    return bool(np.ptp(curve.y) <= CLOSE)


def flat_from(point: float) -> Criterion:
    """The same from a point on."""
    return lambda curve: bool(np.ptp(curve.y[curve.x >= point]) <= CLOSE)


def at(which: float | Literal["first", "last"], wanted: float) -> Criterion:
    """About a value at a point."""

    def passes(curve: Curve) -> bool:
        return abs(_point(curve, which) - wanted) <= CLOSE

    return passes


def either(which: float | Literal["first", "last"]) -> Criterion:
    """1, which is diversity's high reading of too wide a set, or 0, its low one."""

    def reading(curve: Curve) -> Answer:
        found = _point(curve, which)
        return "high" if abs(found - 1) <= CLOSE else "low" if abs(found) <= CLOSE else False

    return reading


def low_or_high(low: Criterion, high: Criterion) -> Criterion:
    """Whichever of two shapes it has."""
    return lambda curve: "low" if low(curve) else "high" if high(curve) else False


def least(middle: float) -> Criterion:
    """Of distances: in the middle half as far as at either end, or nearer; this project's own."""
    return lambda curve: bool(curve.at(middle) <= min(curve.y[0], curve.y[-1]) / 2)


def growing_from(point: float) -> Criterion:
    """Of distances: at a point on the way, and at the end, twice as far as at the left end."""
    return lambda curve: bool(2 * curve.y[0] <= min(curve.at(point), curve.y[-1]))


def growing(curve: Curve) -> bool:
    """Of distances: at the end twice as far as at the left end."""
    return bool(2 * curve.y[0] <= curve.y[-1])


def steady(curve: Curve) -> bool:
    """Of distances: the same all along, but for a twentieth."""
    return bool(np.ptp(curve.y) <= CLOSE * curve.y.max())


def steady_from(point: float) -> Criterion:
    """Of distances: that from a point on."""

    def passes(curve: Curve) -> bool:
        later = curve.x >= point
        return steady(Curve(curve.x[later], curve.y[later]))

    return passes


def together(answers: list[Answer]) -> Answer:
    """Passed if all are; whoever reads diversity low here and high there has failed."""
    asked = [one for one in answers if one is not None]
    if not asked:
        return None
    readings = {one for one in asked if isinstance(one, str)}
    if False in asked or len(readings) > 1:
        return False
    return readings.pop() if readings else True


def _point(curve: Curve, which: float | Literal["first", "last"]) -> float:
    if isinstance(which, str):
        return float(curve.y[0 if which == "first" else -1])
    return curve.at(which)
