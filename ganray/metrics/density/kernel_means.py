"""Means of exp(−s·D) over many centres, as logarithms and without a table of all distances."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
from jaxtyping import Float, Float64

from ganray.errors import UndefinedScore
from ganray.metrics import pairs

Distance = Literal["squared_euclidean", "euclidean", "cosine"]
"""What D is: squared Euclidean is summed over dimensions, cosine is one minus the cosine."""


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
    pairs.check_sets(points=points, centres=centres)
    found = [
        _of_block(block, centres, scales, distance)
        for block in _blocks("points", pairs.outer_blocks(points), distance)
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
    for block in _blocks("centres", pairs.blocks(centres), distance):
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
    squared = pairs.gram(points, centres)
    rows, at = np.arange(len(points)), squared.argmin(axis=1)
    # A Gram form is not 0 for equal rows; of the sum the nearest is what matters most.
    squared[rows, at] = pairs.apart(points, centres[at])
    if distance == "squared_euclidean":
        return squared
    # Rows of the cosine have length 1: |a − b|² = 2(1 − ab).
    return np.sqrt(squared) if distance == "euclidean" else squared / 2


def _blocks(
    name: str, blocks: Iterable[tuple[int, Float64[np.ndarray, "part d"]]], distance: Distance
) -> Iterator[Float64[np.ndarray, "part d"]]:
    for start, block in blocks:
        if distance == "cosine":
            lengths = np.linalg.norm(block, axis=1, keepdims=True)
            if not lengths.all():
                row = start + int(np.argmin(lengths[:, 0]))
                raise UndefinedScore(f"{name}: row {row} is zero, which has no cosine with any")
            yield block / lengths
        else:
            yield block
