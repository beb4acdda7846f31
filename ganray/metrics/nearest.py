"""The nearest of many points to each of some, without a table of all distances."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64, Int64, Num

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
    Products choose k + 8 candidates, in 32 bits where points have no more and their error cannot
    matter; distances are then taken by differences (`pairs.apart`). Of equal distances the first
    rows are taken, or any where more than 8 beyond those needed are equal.

    Raises:
        RefusedInput: k is not from 1 to n − 1.
    """
    if not 1 <= k < len(points):
        raise RefusedInput(
            f"k (={k}) must be from 1 to one less than the number of images, {len(points)}"
        )
    dtype = np.float32 if pairs.short(points) else np.float64
    most = 4 * pairs.largest_square(points) if dtype is np.float32 else 0.0
    error = pairs.gram_error(points.shape[1], most, np.float32)
    found = [
        _neighbours(points, start + np.arange(len(block)), block, k, error)
        for start, block in pairs.outer_blocks(points, dtype=dtype)
    ]
    indices, squared = zip(*found, strict=True)
    return np.concatenate(indices), np.concatenate(squared)


def _neighbours(
    points: Num[np.ndarray, "n d"],
    own: Int64[np.ndarray, "part"],
    rows: Float[np.ndarray, "part d"],
    k: int,
    error: float,
) -> tuple[Int64[np.ndarray, "part k"], Float64[np.ndarray, "part k"]]:
    """The k nearest of some rows, whose numbers are `own`.

    Args:
        error: of 32-bit squared distances. Rows of which it could hide a neighbour are looked at
            again in 64 bits.
    """
    count = min(k + _MARGIN, len(points) - 1)
    candidates, least = _candidates(points, own, rows, count)
    # One column at a time: all of them would be as many copies of the block.
    squared = np.stack([pairs.apart(points[own], points[one]) for one in candidates.T], axis=1)
    order = np.lexsort((candidates, squared))[:, :k]
    found = np.take_along_axis(candidates, order, 1), np.take_along_axis(squared, order, 1)
    if rows.dtype == np.float32 and count < len(points) - 1:
        # What was left out is no nearer than the farthest that was kept, but for twice the error.
        doubtful = least.max(axis=1) - 2 * error <= found[1][:, -1]
        if doubtful.any():
            again = points[own[doubtful]].astype(np.float64)
            sure = _neighbours(points, own[doubtful], again, k, 0.0)
            for mine, better in zip(found, sure, strict=True):
                mine[doubtful] = better
    return found


def _candidates(
    points: Num[np.ndarray, "n d"],
    own: Int64[np.ndarray, "part"],
    rows: Float[np.ndarray, "part d"],
    count: int,
) -> tuple[Int64[np.ndarray, "part count"], Float[np.ndarray, "part count"]]:
    """The `count` nearest rows of each of some, but for rounding, in no order; how far they are."""
    least = np.full((len(rows), count), np.inf, rows.dtype)
    found = np.zeros(least.shape, np.int64)
    for first, block in pairs.blocks(points, dtype=rows.dtype.type):
        part = pairs.gram(rows, block)
        here = np.flatnonzero((own >= first) & (own < first + len(block)))
        part[here, own[here] - first] = np.inf  # no row is a neighbour of its own
        near, columns = _nearer(part, least.max(axis=1))
        values, which = np.hstack([least, near]), np.hstack([found, first + columns])
        at = np.argpartition(values, count - 1, axis=1)[:, :count]
        least, found = np.take_along_axis(values, at, 1), np.take_along_axis(which, at, 1)
    return found, least


def _nearer(
    table: Float[np.ndarray, "n m"], than: Float[np.ndarray, "n"]
) -> tuple[Float[np.ndarray, "n few"], Int64[np.ndarray, "n few"]]:
    """Of each row what is below a bound, with its columns, filled up with infinities: after the
    first blocks that is little, and what is to be sorted."""
    rows, columns = np.nonzero(table < than[:, None])
    counts = np.bincount(rows, minlength=len(table))
    places = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    near = np.full((len(table), counts.max(initial=0)), np.inf, table.dtype)
    which = np.zeros(near.shape, np.int64)
    near[rows, places], which[rows, places] = table[rows, columns], columns
    return near, which
