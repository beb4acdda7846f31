"""Euclidean distances in float64, block by block, and exactly 0 between equal images.

Which pairs are near is told by the Gram form |a|² + |b|² − 2ab, one matrix product; how far apart
they are, by the differences a − b themselves, as the Gram form of equal vectors is not 0 but a
rounding error. A table of all distances never exists, nor does a copy of a set in float64.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64, Int64, Num

BLOCK = 1024
"""Rows of a table of distances, and columns."""
ROUNDING = 1e-9
"""Of the largest squared length: far more than the Gram form of two close vectors is wrong by."""
_NEAR = 1e-6  # of the same: beyond, the Gram form has ten digits and more
_NUMBERS = 2**22  # that differences are taken of at once


def distances(
    points: Num[np.ndarray, "n d"],
    others: Num[np.ndarray, "m d"],
    i: Int64[np.ndarray, "part"],
    j: Int64[np.ndarray, "part"],
) -> Float64[np.ndarray, "part"]:
    """‖points[i] − others[j]‖ of each pair, by differences."""
    found = np.empty(len(i))
    rows = max(1, _NUMBERS // max(1, points.shape[1]))
    for start in range(0, len(i), rows):
        part = slice(start, start + rows)
        apart = points[i[part]].astype(np.float64) - others[j[part]].astype(np.float64)
        found[part] = np.sqrt(np.square(apart).sum(axis=1))
    return found


def squared_distances(
    points: Num[np.ndarray, "n d"], others: Num[np.ndarray, "m d"]
) -> Float64[np.ndarray, "n m"]:
    """The table ‖a − b‖² of sets that are small enough for one."""
    table = _gram(points.astype(np.float64), others.astype(np.float64))
    largest = max(largest_square(points), largest_square(others))
    i, j = (table <= _NEAR * largest).nonzero()
    table[i, j] = np.square(distances(points, others, i, j))
    return table


def upper_tables(
    points: Num[np.ndarray, "n d"],
) -> Iterator[tuple[int, int, Float64[np.ndarray, "part chunk"]]]:
    """The Gram forms of a set's pairs, block by block, with the first row and column of each.

    A point and itself are infinitely far apart. Blocks below the diagonal are left out.
    """
    for first in range(0, len(points), BLOCK):
        rows = points[first : first + BLOCK].astype(np.float64)
        for second in range(first, len(points), BLOCK):
            table = _gram(rows, points[second : second + BLOCK].astype(np.float64))
            if first == second:
                np.fill_diagonal(table, np.inf)
            yield first, second, table


def largest_square(points: Num[np.ndarray, "n d"]) -> float:
    """The largest squared length of a set's vectors; 0 of none."""
    blocks = (points[i : i + BLOCK].astype(np.float64) for i in range(0, len(points), BLOCK))
    return max((float(np.square(block).sum(axis=1).max()) for block in blocks), default=0.0)


def _gram(
    points: Float64[np.ndarray, "n d"], others: Float64[np.ndarray, "m d"]
) -> Float64[np.ndarray, "n m"]:
    table = points @ others.T
    table *= -2
    table += np.square(points).sum(axis=1)[:, None]
    table += np.square(others).sum(axis=1)
    return np.maximum(table, 0, out=table)
