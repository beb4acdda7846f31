"""The birthday paradox test: how many different images a generator makes.

Arora, Risteski and Zhang, "Do GANs Learn the Distribution? Some Theory and Empirics", 2018: where
samples of s images hold a duplicate with probability ½, the images are about s² different ones; of
N equally likely ones the exact turning point is N = s² / (2 ln 2). There people judge duplicates;
here a distance does, calibrated on real images, which is this project's choice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Int64, Num
from pydantic import Field

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.copying.near_pairs import near_pairs
from ganray.metrics.copying.neighbours import among_themselves
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value
from ganray.process.progress import shares
from ganray.randomness import permutation

FIRST = 16, 256
"""Images of each draw that are looked at before all pairs of the set are: few first, as of a
collapsed generator all of their pairs may be near."""


class BirthdayParadox(Metric):
    """The support, in images, s² of the smallest sample with a duplicate in half of all draws.

    From 4 to the square of the number of images, which must be about as many as the root of the
    support. A duplicate is a pair no further apart than real images come: in the encoder's eyes, so
    that details it does not see may differ. Real sets with duplicates of their own allow only exact
    ones, and larger real sets hold closer pairs: compare equal ones. It says nothing of quality,
    and unequal chances make the support look smaller than it is.
    """

    title = "birthday-paradox support"
    meaning = "squared number of images of which half of all samples hold a near-duplicate"
    better = "higher"
    needs = frozenset({"features"})

    name: Literal["birthday_paradox"] = Field("birthday_paradox", description="the metric")
    quantile: float = Field(
        0.0, ge=0, lt=1, description="of distances between nearest real images; 0: the closest pair"
    )
    draws: int = Field(200, ge=1, le=10**5, description="without replacement, by index")
    seed: int = Field(0, ge=0, description="of the draws")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """s²; details give s, the exact turning point of equal chances, and the threshold."""
        first, second = shares(real.count**2, generated.count**2)
        with first:
            threshold = float(np.quantile(real.once(among_themselves), self.quantile))
        with second:
            found = birthday_paradox(generated.features, threshold, self.draws, self.seed)
        return Value(
            float(found.support),
            details={
                "sample size": float(found.sample),
                "support by s²/(2 ln 2)": found.exact_support,
                "threshold": threshold,
            },
        )

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """Half a table of distances of each set."""
        return 2.0 * count**2 * dimensions


@dataclass(frozen=True)
class Birthdays:
    """The smallest sample size with duplicates in half of the draws."""

    sample: int

    @property
    def support(self) -> int:
        """About how many different images there are."""
        return self.sample**2

    @property
    def exact_support(self) -> float:
        """The same if all were equally likely and each sample drawn anew: s² / (2 ln 2)."""
        return self.sample**2 / (2 * math.log(2))


def birthday_paradox(
    points: Num[np.ndarray, "n d"], threshold: float, draws: int = 200, seed: int = 0
) -> Birthdays:
    """The smallest s such that of at least half of all draws the first s images hold a pair that is
    no further apart than the threshold.

    A draw is a permutation of all images: its samples of every size, each within the next. So the
    share of draws with a duplicate never falls as s grows, and nothing need be searched for.

    Raises:
        RefusedInput: the threshold is negative or not finite, or there are no draws.
        UndefinedScore: no two images are so near to each other.
    """
    if not (math.isfinite(threshold) and threshold >= 0):
        raise RefusedInput(f"threshold (={threshold!r}) must be a distance of 0 or more")
    if draws < 1:
        raise RefusedInput(f"draws (={draws}) must be at least 1")
    half = math.ceil(draws / 2)
    few, every = shares(draws * FIRST[-1] ** 2, len(points) ** 2)
    with few:
        found = sorted(_among_first(points, threshold, _orders(len(points), draws, seed)))
    with every:
        if len(found) < half:
            found = sorted(_among_all(points, threshold, _orders(len(points), draws, seed)))
    return Birthdays(found[half - 1])


def _orders(length: int, draws: int, seed: int) -> Iterator[Int64[np.ndarray, " _"]]:
    return (permutation(seed, "birthday_paradox", draw, length) for draw in range(draws))


def _among_first(
    points: Num[np.ndarray, "n d"], threshold: float, orders: Iterator[Int64[np.ndarray, " _"]]
) -> Iterator[int]:
    """The smallest sample with a duplicate, of those draws that have one early.

    Where half of the draws are among them, as of a collapsed generator, whose near pairs might be
    all pairs, these are the smallest of all draws.
    """
    for order in orders:
        for size in FIRST:
            _, later, _ = near_pairs(points[order[:size]], threshold)
            if len(later):
                yield int(later.min()) + 1
                break


def _among_all(
    points: Num[np.ndarray, "n d"], threshold: float, orders: Iterator[Int64[np.ndarray, " _"]]
) -> Iterator[int]:
    """The smallest sample with a duplicate, of every draw."""
    i, j, _ = near_pairs(points, threshold)
    if not len(i):
        raise UndefinedScore(
            f"no two of {len(points)} images are within {threshold:g}: the support is "
            "larger than so many can tell; give more images or a larger quantile"
        )
    for order in orders:
        place = np.empty(len(points), np.int64)
        place[order] = np.arange(len(points))
        yield int(np.maximum(place[i], place[j]).min()) + 1
