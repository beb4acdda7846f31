"""Scores of sides and replicates, as a run has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from ganray.plan.roles import Measurement
from ganray.scores import Score, ScoreName


@dataclass(frozen=True)
class Measured:
    """One score of one side's replicate.

    Attributes:
        score: of several sampling seeds their mean.
        draws: the value with each of these.
    """

    name: ScoreName
    side: str
    replicate: int
    score: Score
    draws: tuple[float, ...] = ()


@dataclass(frozen=True)
class Undefined:
    """A score that has no finite value on one side's replicate, and why."""

    name: ScoreName
    side: str
    replicate: int
    why: str


def measured(one: Measurement, scores: Sequence[Score]) -> Measured:
    """One score of all sampling seeds, under a protocol that says how many these were."""
    first, draws = scores[0], tuple(score.value for score in scores)
    if len(scores) == 1:
        return Measured(one.name, one.side, one.replicate, first, draws)
    settings = first.protocol.settings | {"sampling seeds": len(scores)}
    terms = [score.per_class for score in scores if score.per_class]
    mean = Score(
        metric=first.metric,
        value=fmean(draws),
        protocol=first.protocol.model_copy(update={"settings": settings}),
        floor=first.floor,
        per_class=np.mean(terms, axis=0).tolist() if len(terms) == len(scores) else None,
        details={
            number: fmean(score.details[number] for score in scores)
            for number in first.details
            if all(number in score.details for score in scores)
        },
        curve={
            size: fmean(score.curve[size] for score in scores)
            for size in first.curve
            if all(size in score.curve for score in scores)
        },
    )
    return Measured(one.name, one.side, one.replicate, mean, draws)
