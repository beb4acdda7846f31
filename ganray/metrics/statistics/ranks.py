"""Ranks of many generators that say which differences the replicates do not bear out.

All pairs are compared by Welch's test, with Holm's correction. A generator's rank is one more than
the number of those that are significantly better, so that who is beaten by none is first. Not to
differ is not transitive: a may equal b and b equal c while a beats c. So each row also has letters,
and two generators share one exactly if they do not differ significantly: the insert-and-absorb
algorithm of Piepho, "An algorithm for a letter-based representation of all-pairwise comparisons",
2004.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

from ganray.errors import RefusedInput
from ganray.metrics.intervals import welch_p_value
from ganray.metrics.statistics.holm import holm

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Ranked:
    """One generator's row.

    Attributes:
        rank: 1 + how many are significantly better; equal ranks are ties.
        letters: of the groups within which no two differ; the first group holds the best.
        n: replicates.
    """

    name: str
    mean: float
    rank: int
    letters: str
    n: int


def rank_table(
    scores: Mapping[str, Sequence[float]],
    better: Literal["lower", "higher"],
    confidence: float = 0.95,
) -> list[Ranked]:
    """The generators by their mean scores, the best first.

    Args:
        scores: the replicates of each generator, 2 or more.
        confidence: that no two are told apart that have one mean.

    Raises:
        RefusedInput: fewer than 2 generators, too few or other than finite replicates, or a
            confidence outside (0, 1).
    """
    values = _checked(scores, confidence)
    sign = 1 if better == "lower" else -1
    names = sorted(values, key=lambda name: sign * float(values[name].mean()))
    pairs = list(itertools.combinations(range(len(names)), 2))
    tests = holm([welch_p_value(values[names[i]], values[names[j]]) for i, j in pairs])
    apart = {pair for pair, p in zip(pairs, tests, strict=True) if p < 1 - confidence}
    groups = _groups(len(names), apart)
    return [
        Ranked(
            name,
            float(values[name].mean()),
            1 + sum((i, j) in apart for i in range(j)),
            "".join(_letter(g) for g, group in enumerate(groups) if j in group),
            len(values[name]),
        )
        for j, name in enumerate(names)
    ]


def _groups(count: int, apart: set[tuple[int, int]]) -> list[frozenset[int]]:
    """The largest sets within which no two are apart, by their first members."""
    groups = [frozenset(range(count))]
    for i, j in sorted(apart):
        split = [
            part
            for group in groups
            for part in ([group - {i}, group - {j}] if {i, j} <= group else [group])
        ]
        groups = [one for one in dict.fromkeys(split) if not any(one < other for other in split)]
    return sorted(groups, key=sorted)


def _letter(place: int) -> str:
    """a … z, then a1 … z1 and so on."""
    again, letter = divmod(place, len(_LETTERS))
    return _LETTERS[letter] + (str(again) if again else "")


def _checked(
    scores: Mapping[str, Sequence[float]], confidence: float
) -> dict[str, Float64[np.ndarray, " _"]]:
    if len(scores) < 2:
        raise RefusedInput(f"scores (={dict(scores)!r}) must be of at least 2 generators")
    if not 0.0 < confidence < 1.0:
        raise RefusedInput(f"confidence (={confidence!r}) must lie between 0 and 1")
    found = {name: np.asarray(one, dtype=np.float64) for name, one in scores.items()}
    for name, one in found.items():
        if one.ndim != 1 or len(one) < 2 or not np.isfinite(one).all():
            raise RefusedInput(
                f"scores of {name!r} (={one.tolist()!r}) must be 2 finite numbers or more"
            )
    return found
