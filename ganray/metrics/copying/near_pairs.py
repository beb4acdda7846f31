"""The pairs of images that are nearest to each other, for tests of duplicates and for pictures."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64, Num

from ganray.errors import RefusedInput
from ganray.metrics.nearest import nearest
from ganray.metrics.pairs import ROUNDING, apart_at, largest_square, upper_tables

Pairs = tuple[
    Int64[np.ndarray, "part"], Int64[np.ndarray, "part"], Float64[np.ndarray, "part"]
]  # fmt: skip
"""The images of each pair by number, and how far apart they are."""


class Pair(NamedTuple):
    """Two images by their numbers and their Euclidean distance.

    Attributes:
        second: in the other set, or later in the same one.
    """

    first: int
    second: int
    distance: float


def closest_to_training(
    generated: Num[np.ndarray, "n d"], training: Num[np.ndarray, "m p"], count: int = 10
) -> list[Pair]:
    """The generated images that are nearest to a training image, each with that one, nearest first.

    In any feature space; of pixels, `features` of an encoder that gives them.

    Args:
        count: how many at most, 1 or more.

    Raises:
        RefusedInput: a set is empty, they differ in dimensions, or `count` is below 1.
    """
    _check(count)
    found, squared = nearest(generated, training)
    return _first(np.arange(len(generated)), found, np.sqrt(squared), count)


def closest_within(points: Num[np.ndarray, "n d"], count: int = 10) -> list[Pair]:
    """The closest pairs of one set, nearest first: whether an image was made twice.

    Args:
        count: how many at most, 1 or more.

    Raises:
        RefusedInput: `count` is below 1.
    """
    _check(count)
    best: list[Pair] = []
    for first, second, table in upper_tables(points):
        if first == second:
            table[np.tril_indices(len(table))] = np.inf
        i, j = np.unravel_index(_smallest(table.ravel(), count), table.shape)
        met = np.isfinite(table[i, j])
        i, j = first + i[met], second + j[met]
        best += _first(i, j, np.sqrt(apart_at(points, points, i, j)), count)
        best = sorted(best, key=_by_distance)[:count]
    return best


def near_pairs(points: Num[np.ndarray, "n d"], threshold: float) -> Pairs:
    """All pairs of one set that are no further apart than the threshold, the earlier image first.

    Memory grows with the number of such pairs.
    """
    nothing = np.empty(0, np.int64)
    found: list[Pairs] = [(nothing, nothing, np.empty(0))]
    limit = threshold**2 + ROUNDING * largest_square(points)
    for first, second, table in upper_tables(points):
        rows, columns = (table <= limit).nonzero()
        earlier = first + rows < second + columns
        i, j = first + rows[earlier], second + columns[earlier]
        apart = np.sqrt(apart_at(points, points, i, j))
        near = apart <= threshold
        found.append((i[near], j[near], apart[near]))
    i, j, apart = (np.concatenate(column) for column in zip(*found, strict=True))
    return i, j, apart


def _first(
    i: Int64[np.ndarray, "part"],
    j: Int64[np.ndarray, "part"],
    apart: Float64[np.ndarray, "part"],
    count: int,
) -> list[Pair]:
    """The nearest of some pairs; of equal ones the first."""
    order = np.lexsort((j, i, apart))[:count]
    return [Pair(int(i[row]), int(j[row]), float(apart[row])) for row in order]


def _smallest(values: Float64[np.ndarray, "n"], count: int) -> Int64[np.ndarray, "k"]:
    """Where the smallest numbers are, in any order."""
    return (
        np.argpartition(values, count - 1)[:count]
        if count < len(values)
        else np.arange(len(values))
    )


def _by_distance(pair: Pair) -> tuple[float, int, int]:
    return pair.distance, pair.first, pair.second


def _check(count: int) -> None:
    if count < 1:
        raise RefusedInput(f"count (={count}) must be at least 1")
