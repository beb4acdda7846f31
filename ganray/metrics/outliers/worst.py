"""How far generated images lie from the real ones, and which lie farthest."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Float64, Int64

from ganray.errors import RefusedInput
from ganray.metrics.features import check_features
from ganray.metrics.nearest import nearest

PERCENT = 1.0
_BLOCK = 1024  # rows whose differences are held at once


def nearest_distances(
    points: Float[np.ndarray, "n d"], real: Float[np.ndarray, "m k"]
) -> Float64[np.ndarray, "n"]:
    """The Euclidean distance of each point from the nearest real one, exactly 0 for a copy.

    Raises:
        RefusedInput: if there are no real points, the two differ in dimensions, or a number is not
            finite.
    """
    if not len(real) or points.shape[1] != real.shape[1]:
        raise RefusedInput(
            f"points and real (shapes {points.shape} and {real.shape}) must have equal dimensions, "
            "and at least one row must be real"
        )
    check_features("points", points)
    check_features("real", real)
    found, _ = nearest(points, real)
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(points), _BLOCK)]
    # By differences: what is found through products of lengths is not 0 for a copy.
    squares = [
        np.square(points[rows].astype(np.float64) - real[found[rows]]).sum(axis=1)
        for rows in blocks
    ]
    return np.sqrt(np.concatenate(squares)) if squares else np.empty(0)


def share(count: int, percent: float) -> int:
    """How many images a percentage of `count` is: rounded up, so at least one.

    Raises:
        RefusedInput: unless the percentage is above 0 and at most 50.
    """
    if not 0 < percent <= 50:
        raise RefusedInput(f"percent (={percent!r}) must be above 0 and at most 50")
    # Less than a part in a billion is the division's own: 0.7 % of 1,000 are 7.
    return max(1, math.ceil(count * percent / 100 - 1e-9))


def worst(distances: Float64[np.ndarray, "n"], percent: float = PERCENT) -> Int64[np.ndarray, "k"]:
    """The indices of the farthest, these first; of equals the first.

    Raises:
        RefusedInput: as `share` does, and for fewer than two distances.
    """
    if len(distances) < 2:
        raise RefusedInput(f"distances has {len(distances)} entries; at least 2 are needed")
    return np.argsort(-distances, kind="stable")[: share(len(distances), percent)]
