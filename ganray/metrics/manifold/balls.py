"""Balls around images that reach to their k-th neighbours, and which points lie in them.

Strictness decides at the border, where copies and 8-bit images do lie, so it must not hang on
rounding. Products, in 32 bits where features have no more, decide all pairs that are farther from
the border than their error may be; the few others are decided by differences, as radii are
(`pairs.apart`): a point at exactly the radius is outside of an open ball, inside of a closed one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64, Num

from ganray.metrics import pairs
from ganray.metrics.features import Embedding
from ganray.metrics.nearest import neighbours

K = 5
"""Neighbours that a ball reaches to: Naeem et al. (2020), and all that follow them."""
_FEW = 1 / 256  # of pairs: where 32 bits leave more undecided, 64 bits are faster
_AT_ONCE = 2**22  # numbers of close pairs, 32 MB


@dataclass(frozen=True, eq=False)
class Balls:
    """A ball around each of n points.

    Attributes:
        indices: of its k nearest others, nearest first.
        squared: their distances squared.
    """

    centres: Num[np.ndarray, "n d"]
    indices: Int64[np.ndarray, "n k"]
    squared: Float64[np.ndarray, "n k"]

    @property
    def k(self) -> int:
        """Which neighbour a ball reaches to."""
        return self.squared.shape[1]

    @property
    def squared_radii(self) -> Float64[np.ndarray, "n"]:
        """Of a ball that reaches to the k-th neighbour."""
        return self.squared[:, -1]

    def counts(self, points: Num[np.ndarray, "m d"], closed: bool = False) -> Counts:
        """Which of the points lie in which balls, counted both ways.

        Raises:
            RefusedInput: as `pairs.check_sets` does.
        """
        return counts(points, self.centres, self.squared_radii, closed)


@dataclass(frozen=True, eq=False)
class Counts:
    """How many balls each point lies in, and how many points each ball holds."""

    of_points: Int64[np.ndarray, "m"]
    of_balls: Int64[np.ndarray, "n"]


@dataclass(frozen=True)
class BallsAround:
    """The balls of an embedding, as a statistic that `Embedding.once` keeps: equal for equal k."""

    k: int = K

    def __call__(self, embedding: Embedding) -> Balls:
        """One around each image."""
        return balls(embedding.features, self.k)


def balls(features: Num[np.ndarray, "n d"], k: int = K) -> Balls:
    """A ball around each image that reaches to its k-th nearest other one.

    Raises:
        RefusedInput: for numbers that are not finite, and for k that is not from 1 to n − 1.
    """
    pairs.check_sets(features=features)
    return Balls(features, *neighbours(features, k))


def counts(
    points: Num[np.ndarray, "m d"],
    centres: Num[np.ndarray, "n d"],
    squared_radii: Float64[np.ndarray, "n"],
    closed: bool = False,
) -> Counts:
    """Which of the points lie in which balls, counted both ways.

    Args:
        closed: whether a point at exactly the radius is inside.

    Raises:
        RefusedInput: as `pairs.check_sets` does.
    """
    pairs.check_sets(points=points, centres=centres)
    answer = Counts(np.zeros(len(points), np.int64), np.zeros(len(centres), np.int64))
    dtype = np.float32 if pairs.short(points, centres) else np.float64
    for start, some in pairs.outer_blocks(points, dtype=dtype):
        for first, block in pairs.blocks(centres, dtype=dtype):
            part = _inside(some, block, squared_radii[first : first + len(block)], closed)
            answer.of_points[start : start + len(some)] += part.sum(axis=1)
            answer.of_balls[first : first + len(block)] += part.sum(axis=0)
    return answer


def _inside(
    points: Float[np.ndarray, "m d"],
    centres: Float[np.ndarray, "n d"],
    squared_radii: Float64[np.ndarray, "n"],
    closed: bool,
) -> Bool[np.ndarray, "m n"]:
    lengths, others = (np.square(one, dtype=np.float64).sum(axis=1) for one in (points, centres))
    beyond = pairs.product(points, centres)  # and then |a|² + |b|² − 2ab − r², in place
    beyond *= -2
    beyond += lengths[:, None].astype(beyond.dtype)
    beyond += (others - squared_radii).astype(beyond.dtype)
    most = lengths.max() + others.max() + squared_radii.max()
    error = pairs.gram_error(points.shape[1], most, points.dtype.type)
    inside = beyond < -error
    rows, columns = np.nonzero(np.abs(beyond, out=beyond) <= error)
    if points.dtype == np.float32 and len(rows) > _FEW * inside.size:
        return _inside(points.astype(np.float64), centres.astype(np.float64), squared_radii, closed)
    inside[rows, columns] = _by_differences(points, centres, squared_radii, rows, columns, closed)
    return inside


def _by_differences(
    points: Float[np.ndarray, "m d"],
    centres: Float[np.ndarray, "n d"],
    squared_radii: Float64[np.ndarray, "n"],
    rows: Int64[np.ndarray, "p"],
    columns: Int64[np.ndarray, "p"],
    closed: bool,
) -> Bool[np.ndarray, "p"]:
    inside = np.zeros(len(rows), bool)
    step = max(1, _AT_ONCE // points.shape[1])
    for i in range(0, len(rows), step):
        row, column = rows[i : i + step], columns[i : i + step]
        squared, radius = pairs.apart(points[row], centres[column]), squared_radii[column]
        inside[i : i + step] = squared <= radius if closed else squared < radius
    return inside
