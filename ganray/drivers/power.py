"""How many replicates a study needs to find out a difference, by those that are stored."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ganray.errors import RefusedInput, quoted
from ganray.metrics.statistics.power import replicates_needed, smallest_detectable_difference
from ganray.plan import Plan
from ganray.plan.roles import measurements
from ganray.report import Results
from ganray.report.comparing.certainty import LEAST, POWER, pooled_deviation
from ganray.scores import ScoreName
from ganray.spec import unknown_name
from ganray.store import Store
from ganray.text.wording import number

_WANTED = re.compile(r"(?P<metric>[^=@]+)(@(?P<encoder>[^=@]+))?=(?P<difference>.+)")


@dataclass(frozen=True)
class Needed:
    """What replicates of a score find out, by the spread of those that there are.

    Attributes:
        deviation: of a replicate's score around its side's mean.
        stored: replicates of each side that this is known from.
        needed: replicates of each side that find out the difference.
        smallest: what as many as are stored find out.
    """

    name: ScoreName
    difference: float
    power: float
    deviation: float
    stored: tuple[int, ...]
    needed: int
    smallest: float

    @property
    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        told = {name: value for name, value in vars(self).items() if name != "name"}
        return self.name._asdict() | told

    @property
    def said(self) -> str:
        """In a sentence."""
        seen = " and ".join(str(count) for count in self.stored)
        return (
            f"{self.name.title}: a replicate deviates by {number(self.deviation)} (by {seen} "
            f"stored of the sides); {self.needed:,} of each find out a difference of "
            f"{number(self.difference)} in {self.power:.0%} of such studies, "
            f"{min(self.stored)} one of {number(self.smallest)}"
        )


def replicates_for(
    plan: Plan, store: Store, wanted: Sequence[str], power: float = POWER
) -> list[Needed]:
    """Of each wanted difference how many replicates find it out.

    Args:
        wanted: METRIC=NUMBER or METRIC@ENCODER=NUMBER, of a metric of the study, on all of its
            encoders unless one is named.

    Raises:
        RefusedInput: one is of another form, of what the study does not measure, or of what no two
            replicates of two sides are stored of.
    """
    if not 0.05 < power < 1:
        raise RefusedInput(f"--power (={power!r}) must lie between 0.05 and 1")
    results = Results.open(store, plan)
    return [
        _needed(results, name, difference, power)
        for one in wanted
        for name, difference in _named(plan, one)
    ]


def _named(plan: Plan, wanted: str) -> list[tuple[ScoreName, float]]:
    parts = _WANTED.fullmatch(wanted)
    try:
        difference = float(parts["difference"]) if parts else math.nan
    except ValueError:
        difference = math.nan
    if parts is None or not math.isfinite(difference) or difference == 0:
        raise RefusedInput(
            f"--difference (={quoted(wanted)}) must be METRIC=NUMBER, such as cafd=5, or "
            "METRIC@ENCODER=NUMBER, with a number other than 0"
        )
    known = list(dict.fromkeys(one.name for one in measurements(plan)))
    metric, encoder = parts["metric"], parts["encoder"]
    found = [one for one in known if one.metric == metric and encoder in (None, one.encoder)]
    if not found:
        asked = f"{metric}@{encoder}" if encoder else metric
        names = ["@".join(one) for one in known] if encoder else [one.metric for one in known]
        raise RefusedInput(f"--difference: {unknown_name(asked, list(dict.fromkeys(names)))}")
    return [(name, abs(difference)) for name in found]


def _needed(results: Results, name: ScoreName, difference: float, power: float) -> Needed:
    scores = (results.side_scores(side, name) for side in results.plan.sides)
    sides = [[score.value for score in each] for each in scores if len(each) > 1]
    if len(sides) < 2:
        raise RefusedInput(
            f"--difference: of {name.title} no two replicates of two sides are stored, by which "
            "their spread would be known; run the study with replicates: 3 or more first"
        )
    deviation = pooled_deviation(*sides)
    if deviation == 0:
        raise RefusedInput(f"--difference: the stored replicates have one {name.title}: no spread")
    needed = max(LEAST, replicates_needed(difference, deviation, power))
    counts = tuple(map(len, sides))
    smallest = smallest_detectable_difference(deviation, min(counts), power)
    return Needed(name, difference, power, deviation, counts, needed, smallest)
