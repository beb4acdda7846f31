"""Two sets of equally many points, as transport by sorting or by assignment asks for."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ganray.errors import RefusedInput
from ganray.metrics.features import check_features
from ganray.randomness import permutation


def equally_many(
    x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m k"], most: int | None = None
) -> tuple[Float[np.ndarray, "p d"], Float[np.ndarray, "p d"]]:
    """Both sets, the larger one cut to the size of the smaller; both to `most` where they are more.

    A set is cut by a fixed permutation, as images may lie class by class. It depends on the number
    of points alone: a set and its copy keep the same ones.

    Raises:
        RefusedInput: if one has no points, the two differ in dimensions, or a number is not finite.
    """
    count = min(len(x), len(y), len(x) if most is None else most)
    if count < 1:
        raise RefusedInput(f"there are {len(x)} points, {len(y)} others and most={most}: no pair")
    if x.shape[1] != y.shape[1]:
        raise RefusedInput(
            f"features of {x.shape[1]} and of {y.shape[1]} dimensions cannot be compared"
        )
    for name, points in (("x", x), ("y", y)):
        check_features(name, points)
    return _cut(x, count), _cut(y, count)


def _cut(points: Float[np.ndarray, "n d"], count: int) -> Float[np.ndarray, "p d"]:
    n = len(points)
    return points if count == n else points[permutation(0, "transport", 0, n)[:count]]
