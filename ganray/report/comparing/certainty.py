"""How sure a comparison is: the size of its effect, and what its replicates could have found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.statistics.components import Components, variance_components
from ganray.metrics.statistics.effects import Effect, hedges_g
from ganray.metrics.statistics.power import replicates_needed, smallest_detectable_difference
from ganray.metrics.statistics.ranks import Ranked, rank_table
from ganray.report.comparing.judging import Judged
from ganray.report.reading.results import Results
from ganray.scores import ScoreName

LEAST = 3
"""Replicates of each side for which power is told. It is that of the pooled t test: in simulations
of equal variances Welch's, which judges, has 0.48 of two replicates where that has 0.8, 0.69 of
three and 0.77 of five."""
POWER = 0.8
"""How often a difference is to be found out: what most fields ask for."""


@dataclass(frozen=True)
class Certainty:
    """What two sides' replicates tell beside their difference; None where they tell nothing.

    Attributes:
        effect: Hedges' g of first − second.
        detectable: the smallest true difference that so many replicates find out with `POWER`, not
            corrected for other comparisons.
        needed: replicates of each side that find out a difference as large as was seen.
    """

    effect: Effect | None = None
    detectable: float | None = None
    needed: int | None = None


def certainty(results: Results, judged: Judged) -> Certainty:
    """Of one comparison, whose replicates are independent: of pairs nothing of this holds."""
    found = judged.comparison
    if found is None or found.low is None or found.paired:
        return Certainty()
    a, b = ([s.value for s in results.side_scores(one, judged.name)] for one in judged.sides)
    try:
        effect = hedges_g(a, b)
    except UndefinedScore:  # no replicate differs from another
        return Certainty()
    if min(found.n_a, found.n_b) < LEAST:
        return Certainty(effect)
    deviation = pooled_deviation(a, b)
    try:
        needed = max(LEAST, replicates_needed(found.difference, deviation, POWER))
    except RefusedInput:  # more than anybody trains
        needed = None
    fewest = min(found.n_a, found.n_b)
    detectable = smallest_detectable_difference(deviation, fewest, POWER)
    return Certainty(effect, detectable, needed)


def pooled_deviation(*sides: Sequence[float]) -> float:
    """The standard deviation of a replicate around its own side's mean."""
    squares = sum(float(np.square(np.asarray(one) - np.mean(one)).sum()) for one in sides)
    return float((squares / (sum(map(len, sides)) - len(sides))) ** 0.5)


def ranks(results: Results, name: ScoreName, sides: Sequence[str]) -> list[Ranked]:
    """The sides by one score, the best first; none where a side has no two replicates."""
    gaps = {gap.side for gap in results.undefined if gap.name == name}
    scores = {side: [s.value for s in results.side_scores(side, name)] for side in sides}
    if gaps or len(sides) < 2 or any(len(values) < 2 for values in scores.values()):
        return []
    return rank_table(scores, name.better)


def components(results: Results, name: ScoreName, side: str) -> Components | None:
    """Training's and sampling's share of a score's variance, of two seeds or more of each."""
    draws = [one.draws for one in results.scores if (one.side, one.name) == (side, name)]
    if len(draws) < 2 or len(set(map(len, draws))) > 1 or len(draws[0]) < 2:
        return None
    return variance_components(np.array(draws))
