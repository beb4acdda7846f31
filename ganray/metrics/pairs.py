"""All pairs of rows of two sets, block by block: a table of all pairs is never held."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64, Num

from ganray.errors import RefusedInput
from ganray.metrics.features import check_features

BLOCK = 1024
"""Rows of each set at once: 8 MB of a block's pairs, and 8 KB · d of its rows."""


def blocks(
    rows: Num[np.ndarray, "n d"], first: int = 0
) -> Iterator[tuple[int, Float64[np.ndarray, "part d"]]]:
    """Rows in float64, block by block from row `first` on, each with its first row's number."""
    for start in range(first, len(rows), BLOCK):
        yield start, rows[start : start + BLOCK].astype(np.float64)


def apart(
    points: Num[np.ndarray, "n d"], others: Num[np.ndarray, "n d"]
) -> Float64[np.ndarray, "n"]:
    """|a − b|² of each two rows by differences in float64: 0 of equal rows and of no others.

    A pair's bits depend on nothing but the pair, and are the same both ways round, so that equal
    distances are told from unequal ones.
    """
    return np.asarray(np.square(np.subtract(points, others, dtype=np.float64)).sum(axis=1))


def check_sets(**sets: Num[np.ndarray, "_ _"]) -> None:
    """Make sure that sets of features can be compared.

    Args:
        sets: by the names that an error is to say.

    Raises:
        RefusedInput: for a set without rows, numbers that are not finite, and sets that differ in
            dimensions.
    """
    for name, rows in sets.items():
        if not len(rows):
            raise RefusedInput(f"{name} has no rows (shape {rows.shape}); at least 1 is needed")
        check_features(name, rows)
    dimensions = {name: rows.shape[1] for name, rows in sets.items()}
    if len(set(dimensions.values())) > 1:
        told = ", ".join(f"{name} has {d}" for name, d in dimensions.items())
        raise RefusedInput(f"features of different dimensions cannot be compared: {told}")
