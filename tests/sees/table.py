"""Scores of every situation in units of the clean sets' spread, and what they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np

from ganray.metrics import METRICS, Metric
from tests.sees.pictures import Source
from tests.sees.ruler import Ruler, members
from tests.sees.situations import SITUATIONS, Situation

CLEAN = 10
"""Clean sets, disjoint, of which the spread is taken."""
SURE = 3.0
"""Standard deviations from which on a change is one."""
LEAST_P = 1e-300
Verdict = Literal["worse", "unseen", "better", "undefined"]
Scores = Mapping[str, float | None]


def measured(ruler: Ruler, source: Source, told: Any = print) -> dict[str, Any]:
    """Every metric of the clean sets and of all situations."""
    clean = []
    for index in range(CLEAN):
        clean.append(ruler.values(source.clean(index), members()))
        told(f"clean set {index}")
    found = {}
    for situation in SITUATIONS:
        found[situation.name] = ruler.values(situation.made(source), members())
        told(situation.name)
    names = [metric.name for metric in members()]
    return {"clean": {name: [one[name] for one in clean] for name in names}, "situations": found}


def some(
    ruler: Ruler, source: Source, metrics: list[Metric], situations: Iterable[Situation]
) -> dict[str, dict[str, float | None]]:
    """Some metrics of some situations, by the situations' names."""
    return {one.name: ruler.values(one.made(source), metrics) for one in situations}


def change(name: str, value: float | None, clean: list[float | None]) -> float | None:
    """How much worse a metric calls a set than the mean clean one, in their standard deviations.

    Negative where it calls it better, infinite where clean sets do not differ and this one does,
    None where it has no value on this set, or on a clean one.
    """
    if value is None or any(one is None for one in clean):
        return None
    usual = [_scale(name, one) for one in clean if one is not None]
    mean, deviation = float(np.mean(usual)), float(np.std(usual, ddof=1))
    worse = _scale(name, value) - mean
    if METRICS.member(name).better == "higher":
        worse = -worse
    if deviation < 1e-12 * max(1.0, abs(mean)):
        return 0.0 if worse == 0 else float(np.copysign(np.inf, worse))
    return worse / deviation


def _scale(name: str, value: float) -> float:
    """A p-value by its normal quantile and a support by its logarithm, as their laws are skew."""
    if name == "birthday_paradox":
        return float(np.log(value))
    if name != "copies_p_value":
        return value
    from scipy.special import ndtri

    return float(ndtri(min(max(value, LEAST_P), 1 - 1e-16)))


def verdict(change: float | None) -> Verdict:
    """What a change says."""
    if change is None:
        return "undefined"
    if abs(change) <= SURE:
        return "unseen"
    return "worse" if change > 0 else "better"
