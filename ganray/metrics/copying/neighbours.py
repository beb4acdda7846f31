"""How far images are from the nearest training image, or from the nearest other one of their set.

What is needed of real and training images alone is asked for by `once`, so that a process computes
it a single time, whatever is compared with them.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64, Num

from ganray.errors import RefusedInput
from ganray.metrics.copying.distances import distances, upper_tables
from ganray.metrics.features import Embedding
from ganray.metrics.nearest import nearest


def training_of(real: Embedding) -> Embedding:
    """The images that the generated ones were learnt from.

    Raises:
        RefusedInput: they are not known.
    """
    if real.training is None:
        raise RefusedInput("real.training (=None) must be the embedding of the training images")
    return real.training


def held_out_to_training(real: Embedding) -> Float64[np.ndarray, "n"]:
    """How far each real image, which was not shown to any GAN, is from its nearest training one."""
    return nearest_distances(real.features, training_of(real).features)[1]


def among_themselves(embedding: Embedding) -> Float64[np.ndarray, "n"]:
    """How far each image is from the nearest other one of its own set."""
    return nearest_others(embedding.features)[1]


def nearest_distances(
    points: Num[np.ndarray, "n d"], others: Num[np.ndarray, "m p"]
) -> tuple[Int64[np.ndarray, "n"], Float64[np.ndarray, "n"]]:
    """Which of `others` is nearest to each point, and its Euclidean distance.

    Raises:
        RefusedInput: there are no others, or they have other dimensions.
    """
    if not len(others):
        raise RefusedInput(f"others has no rows (shape {others.shape}); at least 1 is needed")
    check_dimensions(points.shape[1], others.shape[1])
    found, _ = nearest(points, others)
    return found, distances(points, others, np.arange(len(points)), found)


def check_dimensions(first: int, second: int) -> None:
    """Make sure that two sets have as many dimensions.

    Raises:
        RefusedInput: they have not.
    """
    if first != second:
        raise RefusedInput(
            f"features of {first} and of {second} dimensions cannot be compared: all sets must "
            "come from one encoder"
        )


def nearest_others(
    points: Num[np.ndarray, "n d"],
) -> tuple[Int64[np.ndarray, "n"], Float64[np.ndarray, "n"]]:
    """Which other point of the same set is nearest to each, and its Euclidean distance.

    Raises:
        RefusedInput: there are fewer than two.
    """
    if len(points) < 2:
        raise RefusedInput(f"points has {len(points)} rows; at least 2 are needed")
    least, found = np.full(len(points), np.inf), np.zeros(len(points), np.int64)
    for first, second, table in upper_tables(points):
        _keep_least(least, found, first, second, table)
        if first != second:
            _keep_least(least, found, second, first, table.T)
    return found, distances(points, points, np.arange(len(points)), found)


def _keep_least(
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
