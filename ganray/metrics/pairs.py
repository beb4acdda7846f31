"""All pairs of rows of two sets, block by block: a table of all pairs is never held.

Which pairs are near is told by the Gram form |a|² + |b|² − 2ab, one matrix product; how far apart
they are, by the differences a − b themselves, as the Gram form of equal rows is not 0 but a
rounding error.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Float64, Int64, Num

from ganray.errors import RefusedInput
from ganray.metrics.features import check_features
from ganray.process.arithmetic import HERE, place
from ganray.process.progress import steps

BLOCK = 1024
"""Rows of each set at once: 8 MB of a block's pairs, and 8 KB · d of its rows."""
ROUNDING = 1e-9
"""Of the largest squared length: far more than the Gram form of two close rows is wrong by."""
_FITS = 1e36
_NEAR = 1e-6  # of the same: beyond, the Gram form has ten digits and more


def blocks(
    rows: Num[np.ndarray, "n d"], first: int = 0, dtype: type = np.float64
) -> Iterator[tuple[int, Float[np.ndarray, "part d"]]]:
    """Rows in float64, block by block from row `first` on, each with its first row's number."""
    for start in range(first, len(rows), BLOCK):
        yield start, rows[start : start + BLOCK].astype(dtype)


def outer_blocks(
    rows: Num[np.ndarray, "n d"], upper: bool = False, dtype: type = np.float64
) -> Iterator[tuple[int, Float[np.ndarray, "part d"]]]:
    """The same for the outer one of two loops over blocks, which tells how far it is.

    Args:
        upper: whether the inner loop begins at the same block, not at the first.
    """
    starts = range(0, len(rows), BLOCK)
    return steps(blocks(rows, dtype=dtype), [len(rows) - start if upper else 1 for start in starts])


def apart(
    points: Num[np.ndarray, "n d"], others: Num[np.ndarray, "n d"]
) -> Float64[np.ndarray, "n"]:
    """|a − b|² of each two rows by differences in float64: 0 of equal rows and of no others.

    A pair's bits depend on nothing but the pair, and are the same both ways round, so that equal
    distances are told from unequal ones.
    """
    return np.asarray(np.square(np.subtract(points, others, dtype=np.float64)).sum(axis=1))


def product(
    points: Float[np.ndarray, "n d"], others: Float[np.ndarray, "m d"]
) -> Float[np.ndarray, "n m"]:
    """The table of ⟨a, b⟩, in 64 bits where `arithmetic.place` is a device and rounded then."""
    if place() == HERE:
        return np.asarray(points @ others.T)
    import torch

    one, other = (
        torch.from_numpy(np.ascontiguousarray(rows)).to(place()).double()
        for rows in (points, others)
    )
    made = (one @ other.T).cpu().numpy()
    return made if points.dtype == np.float64 else made.astype(points.dtype)


def gram(
    points: Float[np.ndarray, "n d"], others: Float[np.ndarray, "m d"]
) -> Float[np.ndarray, "n m"]:
    """The table of |a − b|², but for rounding; never below 0."""
    table = product(points, others)
    table *= -2
    table += np.square(points).sum(axis=1)[:, None]
    table += np.square(others).sum(axis=1)
    return np.maximum(table, 0, out=table)


def gram_error(dimensions: int, most: float, dtype: type) -> float:
    """How far a sum of squared lengths, less twice a product, is from its value at most.

    Each of the sums errs by less than d · eps / 2 of the sum of its products' sizes.

    Args:
        most: the largest sum of the numbers that are added.
    """
    return float((dimensions + 8) * np.finfo(dtype).eps * most)


def short(*sets: Num[np.ndarray, "_ d"]) -> bool:
    """Whether 32 bits hold all numbers of these sets, and the squares of their lengths."""
    if any(rows.dtype != np.float32 for rows in sets):
        return False
    return all(np.einsum("ij,ij->i", rows, rows).max(initial=0.0) < _FITS for rows in sets)


def apart_at(
    points: Num[np.ndarray, "n d"],
    others: Num[np.ndarray, "m d"],
    i: Int64[np.ndarray, "part"],
    j: Int64[np.ndarray, "part"],
) -> Float64[np.ndarray, "part"]:
    """|points[i] − others[j]|² of each pair, as `apart` has it."""
    parts = [slice(start, start + BLOCK) for start in range(0, len(i), BLOCK)]
    found = [apart(points[i[part]], others[j[part]]) for part in parts]
    return np.concatenate([np.empty(0), *found])


def squared_distances(
    points: Num[np.ndarray, "n d"], others: Num[np.ndarray, "m d"]
) -> Float64[np.ndarray, "n m"]:
    """The table of |a − b|² to ten digits, and exactly 0 of equal rows; of sets that are small
    enough for one."""
    table = gram(*(one.astype(np.float64, copy=False) for one in (points, others)))
    largest = max(largest_square(points), largest_square(others))
    i, j = (table <= _NEAR * largest).nonzero()
    table[i, j] = apart_at(points, others, i, j)
    return table


def upper_tables(
    points: Num[np.ndarray, "n d"],
) -> Iterator[tuple[int, int, Float64[np.ndarray, "part chunk"]]]:
    """The Gram forms of a set's pairs, block by block, with the first row and column of each.

    A row and itself are infinitely far apart. Blocks below the diagonal are left out.
    """
    for first, rows in outer_blocks(points, upper=True):
        for second, others in blocks(points, first):
            table = gram(rows, others)
            if first == second:
                np.fill_diagonal(table, np.inf)
            yield first, second, table


def largest_square(points: Num[np.ndarray, "n d"]) -> float:
    """The largest squared length of a set's rows; 0 of none."""
    lengths = (float(np.square(block).sum(axis=1).max()) for _, block in blocks(points))
    return max(lengths, default=0.0)


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
