"""Means of exp(−s·D) over many centres, as logarithms and without a table of all distances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from jaxtyping import Float, Float64

from ganray.errors import RefusedInput, UndefinedScore

Distance = Literal["squared_euclidean", "euclidean", "cosine"]
"""What D is: squared Euclidean is summed over dimensions, cosine is one minus the cosine."""

_BLOCK = 1024  # rows of either side at once: 8 MB of distances


def log_kernel_means(
    points: Float[np.ndarray, "n d"],
    centres: Float[np.ndarray, "m e"],
    scales: Float64[np.ndarray, "p"],
    distance: Distance = "squared_euclidean",
) -> Float64[np.ndarray, "p n"]:
    """log of (1/m) Σ_c e^{−s·D(x, c)} for each scale s and each point x.

    Each logarithm is taken relative to the nearest centre, so that none is lost where all distances
    are large, and the nearest centre's distance is recomputed by differences in float64: that of
    equal rows is exactly 0. Memory is that of a block of distances and a number for each answer.

    Raises:
        RefusedInput: a side has no rows, dimensions differ, or a number is not finite.
        UndefinedScore: a row has no direction, for the cosine.
    """
    _check(points, centres)
    found = [
        _of_block(block, centres, scales, distance) for block in _blocks("points", points, distance)
    ]
    return np.concatenate(found, axis=1)


def _of_block(
    points: Float64[np.ndarray, "part d"],
    centres: Float[np.ndarray, "m d"],
    scales: Float64[np.ndarray, "p"],
    distance: Distance,
) -> Float64[np.ndarray, "p part"]:
    least = np.full(len(points), np.inf)
    sums = np.zeros((len(scales), len(points)))
    for block in _blocks("centres", centres, distance):
        apart = _distances(points, block, distance)
        nearest = np.minimum(least, apart.min(axis=1))
        fallen, nearer = nearest - least, nearest[:, None] - apart  # the first −∞ at first
        for row, scale in zip(sums, scales, strict=True):
            row *= np.exp(scale * fallen)
            row += np.exp(scale * nearer).sum(axis=1)
        least = nearest
    return np.log(sums) - np.log(len(centres)) - scales[:, None] * least


def _distances(
    points: Float64[np.ndarray, "part d"], centres: Float64[np.ndarray, "q d"], distance: Distance
) -> Float64[np.ndarray, "part q"]:
    lengths = np.square(points).sum(axis=1)[:, None] + np.square(centres).sum(axis=1)
    squared = np.maximum(lengths - 2 * points @ centres.T, 0)
    rows, at = np.arange(len(points)), squared.argmin(axis=1)
    # |a|² + |b|² − 2ab is not 0 for equal rows; of the sum the nearest is what matters most.
    squared[rows, at] = np.square(points - centres[at]).sum(axis=1)
    if distance == "squared_euclidean":
        return squared
    # Rows of the cosine have length 1: |a − b|² = 2(1 − ab).
    return np.sqrt(squared) if distance == "euclidean" else squared / 2


def _blocks(
    name: str, rows: Float[np.ndarray, "n d"], distance: Distance
) -> Iterator[Float64[np.ndarray, "part d"]]:
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK].astype(np.float64)
        if distance == "cosine":
            lengths = np.linalg.norm(block, axis=1, keepdims=True)
            if not lengths.all():
                row = start + int(np.argmin(lengths[:, 0]))
                raise UndefinedScore(f"{name}: row {row} is zero, which has no cosine with any")
            block /= lengths
        yield block


def _check(points: Float[np.ndarray, "n d"], centres: Float[np.ndarray, "m e"]) -> None:
    for name, rows in (("points", points), ("centres", centres)):
        if not len(rows):
            raise RefusedInput(f"{name} has no rows (shape {rows.shape}); at least 1 is needed")
        if not np.isfinite(rows).all():
            row = int(np.argmin(np.isfinite(rows).all(axis=1)))
            raise RefusedInput(f"{name}: row {row} holds a number that is not finite")
    if points.shape[1] != centres.shape[1]:
        raise RefusedInput(
            f"points of {points.shape[1]} and centres of {centres.shape[1]} dimensions "
            "cannot be compared"
        )
