"""The nearest of many points to each of some, without a table of all distances."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64, Int64, Num

_BLOCK = 1024  # of float64 numbers, which are eight times the bytes of an image


def nearest(
    points: Num[np.ndarray, "n d"], others: Num[np.ndarray, "m d"]
) -> tuple[Int64[np.ndarray, "n"], Float64[np.ndarray, "n"]]:
    """Which of `others` is nearest to each point, the first of equals, and its distance squared.

    In float64; of 8-bit values, whose squares and products are whole numbers there, it is exact.

    Raises:
        ValueError: there are no others.
    """
    if not len(others):
        raise ValueError("others must be one point or more")
    found = [_nearest(block, others) for block in _blocks(points)]
    if not found:
        return np.empty(0, np.int64), np.empty(0)
    indices, distances = zip(*found, strict=True)
    return np.concatenate(indices), np.concatenate(distances)


def _nearest(
    points: Float64[np.ndarray, "part d"], others: Num[np.ndarray, "m d"]
) -> tuple[Int64[np.ndarray, "part"], Float64[np.ndarray, "part"]]:
    least, found, first = np.full(len(points), np.inf), np.zeros(len(points), np.int64), 0
    lengths = np.square(points).sum(axis=1)
    for block in _blocks(others):
        # |a − b|² = |a|² + |b|² − 2ab, whose products one matrix product gives.
        part = np.square(block).sum(axis=1) - 2 * points @ block.T
        at = part.argmin(axis=1)
        here = part[np.arange(len(points)), at]
        found = np.where(here < least, first + at, found)
        least, first = np.minimum(here, least), first + len(block)
    return found, np.maximum(least + lengths, 0)


def _blocks(rows: Num[np.ndarray, "n d"]) -> Iterator[Float64[np.ndarray, "part d"]]:
    for start in range(0, len(rows), _BLOCK):
        yield rows[start : start + _BLOCK].astype(np.float64)
