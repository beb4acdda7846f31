"""Which of two sides is better by a score, and whether that is sure among all that is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from ganray.errors import RefusedInput
from ganray.metrics.intervals import Comparison, mean_interval
from ganray.metrics.statistics.holm import holm
from ganray.plan.roles import in_pairs
from ganray.report.reading.results import Results
from ganray.scores import ScoreName, compare
from ganray.text.wording import interval, number

LEVEL = 0.05
"""Below which a corrected p-value makes a difference sure."""
_FEW = 3  # sides that are compared two by two
Key = tuple[ScoreName, frozenset[str]]


@dataclass(frozen=True)
class Judged:
    """One score's comparison of two sides.

    Attributes:
        winner: who is better for sure: the interval excludes zero, and so does the test after the
            correction. Else None.
        margin: by how much, where there is a winner.
        corrected: the p-value by Holm's correction over all that the report compares.
        comparisons: how many these are.
    """

    name: ScoreName
    sides: tuple[str, str]
    comparison: Comparison | None
    winner: str | None
    conclusion: str
    margin: str = ""
    corrected: float | None = None
    comparisons: int = 0


def few(sides: Sequence[str]) -> bool:
    """Whether all of them are compared with each other, two by two."""
    return len(sides) <= _FEW


def pairs(sides: Sequence[str]) -> list[tuple[str, str]]:
    """Each side with each that comes after it; of more than a few, the first with every other."""
    if few(sides):
        return list(combinations(sides, 2))
    return [(sides[0], other) for other in sides[1:]]


def judged(results: Results, name: ScoreName, sides: Sequence[str]) -> list[Judged]:
    """Every pair of sides, compared by one score."""
    return [judge(results, name, *pair) for pair in pairs(sides)]


def judge(results: Results, name: ScoreName, first: str, second: str) -> Judged:
    """Compare the two sides' replicates of one score.

    The correction is over every score of every two sides, as the best of many is compared with
    each.
    """
    sides = first, second
    found = _compared(results, name, first, second)
    if isinstance(found, str):
        return Judged(name, sides, None, None, found)
    corrected = _corrected(results)
    told = corrected.get((name, frozenset(sides))), len(corrected)
    plain = f"{first} − {second} = {number(found.difference)}"
    if found.verdict == "no interval":
        said = f"{plain}; one replicate, so no interval"
        return Judged(name, sides, found, None, said)
    bounds = interval(found.low, found.high)
    if found.verdict == "inconclusive":
        return Judged(name, sides, found, None, f"inconclusive: {plain} {bounds}", "", *told)
    if told[0] is not None and told[0] >= LEVEL:
        said = (
            f"inconclusive among {told[1]} comparisons (p {number(told[0])} by Holm’s correction): "
            f"{plain} {bounds}"
        )
        return Judged(name, sides, found, None, said, "", *told)
    winner = first if found.verdict == name.better else second
    bounds = interval(*sorted(abs(v) for v in (found.low or 0.0, found.high or 0.0)))
    margin = f"by {number(abs(found.difference))} {bounds}"
    return Judged(name, sides, found, winner, f"{first} {found.verdict} {margin}", margin, *told)


def leader(results: Results, name: ScoreName, sides: Sequence[str]) -> tuple[str | None, bool]:
    """The side with the best mean by a score, if any was measured, and whether it beats every other
    one for sure."""
    means = {
        side: mean_interval([score.value for score in scores]).mean
        for side in sides
        if (scores := results.side_scores(side, name))
    }
    if not means:
        return None, False
    best = (min if name.better == "lower" else max)(means, key=lambda side: means[side])
    others = (judge(results, name, best, other) for other in sides if other != best)
    return best, all(one.winner == best for one in others)


def _compared(results: Results, name: ScoreName, first: str, second: str) -> Comparison | str:
    """The comparison, or why there is none."""
    for gap in results.undefined:  # the other replicates alone would flatter that side
        if gap.name == name and gap.side in (first, second):
            return f"undefined: {gap.side} r{gap.replicate}: {gap.why}"
    a, b = results.side_scores(first, name), results.side_scores(second, name)
    if not a or not b:
        return f"{first if not a else second} not measured"
    try:
        return compare(a, b, paired=len(a) == len(b) and in_pairs(results.plan, first, second))
    except RefusedInput as refusal:
        return f"not comparable: {refusal}"


def _corrected(results: Results) -> dict[Key, float]:
    """The p-value of every comparison by Holm's correction over all of them."""
    kept = results.kept.get("corrected")
    if kept is not None and kept[0] is results.scores:
        return dict(kept[1])
    tests: dict[Key, float] = {}
    for name in results.measured:
        for sides in combinations(results.sides, 2):
            found = _compared(results, name, *sides)
            if isinstance(found, Comparison) and found.p_value is not None:
                tests[name, frozenset(sides)] = found.p_value
    answer = dict(zip(tests, map(float, holm(list(tests.values()))), strict=True))
    results.kept["corrected"] = results.scores, answer
    return answer
