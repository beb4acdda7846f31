"""The nearest of many points to each of some, without a table of all distances."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64, Num

from ganray.errors import RefusedInput
from ganray.metrics import pairs

_MARGIN = 8  # candidates beyond those asked for: rounded products may exchange the last ones


def nearest(
    points: Num[np.ndarray, "n d"], others: Num[np.ndarray, "m k"]
) -> tuple[Int64[np.ndarray, "n"], Float64[np.ndarray, "n"]]:
    """Which of `others` is nearest to each point, the first of equals, and its distance squared.

    Products in float64 choose it; how far it is, exactly 0 for a copy, differences say. Of 8-bit
    values, whose squares and products are whole numbers there, both are exact.

    Raises:
        RefusedInput: there are no others, they have other dimensions, or a number is not finite.
    """
    if not len(points):
        return np.empty(0, np.int64), np.empty(0)
    pairs.check_sets(points=points, others=others)
    found = [_nearest(block, others) for _, block in pairs.outer_blocks(points)]
    return _joined(found)


def nearest_others(
    points: Num[np.ndarray, "n d"],
) -> tuple[Int64[np.ndarray, "n"], Float64[np.ndarray, "n"]]:
    """Which other point of the same set is nearest to each, and its distance squared.

    Raises:
        RefusedInput: there are fewer than two, or a number is not finite.
    """
    if len(points) < 2:
        raise RefusedInput(f"points has {len(points)} rows; at least 2 are needed")
    pairs.check_sets(points=points)
    least, found = np.full(len(points), np.inf), np.zeros(len(points), np.int64)
    for first, second, table in pairs.upper_tables(points):
        _keep(least, found, first, second, table)
        if first != second:  # the same pairs the other way round, which are not computed again
            _keep(least, found, second, first, table.T)
    return found, pairs.apart_at(points, points, np.arange(len(points)), found)


def _keep(
    least: Float64[np.ndarray, "n"],
    found: Int64[np.ndarray, "n"],
    first: int,
    second: int,
    table: Float64[np.ndarray, "part chunk"],
) -> None:
    """Whatever is nearer in this table replaces what was nearest so far, in place."""
    rows, at = np.arange(len(table)), table.argmin(axis=1)
    here = table[rows, at]
    nearer = here < least[first + rows]
    least[first + rows[nearer]] = here[nearer]
    found[first + rows[nearer]] = second + at[nearer]


def _nearest(
    points: Float64[np.ndarray, "part d"], others: Num[np.ndarray, "m d"]
) -> tuple[Int64[np.ndarray, "part"], Float64[np.ndarray, "part"]]:
    least, found = np.full(len(points), np.inf), np.zeros(len(points), np.int64)
    for first, block in pairs.blocks(others):
        _keep(least, found, 0, first, pairs.gram(points, block))
    return found, pairs.apart(points, others[found])


def _joined(
    parts: list[tuple[Int64[np.ndarray, "..."], Float64[np.ndarray, "..."]]],
) -> tuple[Int64[np.ndarray, "n"], Float64[np.ndarray, "n"]]:
    indices, squared = zip(*parts, strict=True)
    return np.concatenate(indices), np.concatenate(squared)


def neighbours(
    points: Num[np.ndarray, "n d"], k: int
) -> tuple[Int64[np.ndarray, "n k"], Float64[np.ndarray, "n k"]]:
    """The k nearest other rows of each row, nearest first, and their distances squared.

    A row is no neighbour of its own, however many copies it has; a copy is one, at exactly 0.
    Products in float64 choose k + 8 candidates, whose distances are then taken by differences
    (`pairs.apart`). Of equal distances the first rows are taken, or any where more than 8 beyond
    those needed are equal.

    Raises:
        RefusedInput: k is not from 1 to n − 1.
    """
    if not 1 <= k < len(points):
        raise RefusedInput(
            f"k (={k}) must be from 1 to one less than the number of images, {len(points)}"
        )
    found = [_neighbours(points, start, block, k) for start, block in pairs.outer_blocks(points)]
    indices, squared = zip(*found, strict=True)
    return np.concatenate(indices), np.concatenate(squared)


def _neighbours(
    points: Num[np.ndarray, "n d"], start: int, rows: Float64[np.ndarray, "part d"], k: int
) -> tuple[Int64[np.ndarray, "part k"], Float64[np.ndarray, "part k"]]:
    candidates = _candidates(points, start, rows, min(k + _MARGIN, len(points) - 1))
    # One column at a time: all of them would be as many copies of the block.
    squared = np.stack([pairs.apart(rows, points[column]) for column in candidates.T], axis=1)
    order = np.lexsort((candidates, squared))[:, :k]
    return np.take_along_axis(candidates, order, 1), np.take_along_axis(squared, order, 1)


def _candidates(
    points: Num[np.ndarray, "n d"], start: int, rows: Float64[np.ndarray, "part d"], count: int
) -> Int64[np.ndarray, "part count"]:
    """The `count` nearest rows of each of some, but for rounding, in no order."""
    least = np.full((len(rows), count), np.inf)
    found = np.zeros(least.shape, np.int64)
    for first, block in pairs.blocks(points):
        part = pairs.gram(rows, block)
        if first == start:
            np.fill_diagonal(part, np.inf)  # no row is a neighbour of its own
        numbers = np.broadcast_to(first + np.arange(len(block)), part.shape)
        values, which = np.hstack([least, part]), np.hstack([found, numbers])
        at = np.argpartition(values, count - 1, axis=1)[:, :count]
        least, found = np.take_along_axis(values, at, 1), np.take_along_axis(which, at, 1)
    return found
