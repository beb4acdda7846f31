"""Sums of a kernel over all pairs of images, block by block, and the distances made of them.

The squared maximum mean discrepancy of Gretton et al., "A Kernel Two-Sample Test", JMLR 13 (2012):
its unbiased estimate (equation 3), which leaves out each image with itself and may be negative, and
the biased one (equation 5), which does not and is at least 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float64, Num

from ganray.errors import RefusedInput
from ganray.metrics import pairs
from ganray.process.progress import shares

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""k(xᵢ, yⱼ) of all pairs of two blocks of float64 rows."""


def gaussian(bandwidth: float) -> Kernel:
    """exp(−|x − y|² / 2σ²) with σ the bandwidth.

    Raises:
        RefusedInput: for a bandwidth that is not above 0.
    """
    if not 0 < bandwidth < math.inf:
        raise RefusedInput(f"bandwidth (={bandwidth!r}) must be above 0 and finite")

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        exponent = pairs.product(x, y)
        exponent *= 2
        exponent -= np.square(x).sum(axis=1)[:, None]
        exponent -= np.square(y).sum(axis=1)
        np.minimum(exponent, 0, out=exponent)
        exponent /= 2 * bandwidth**2
        return np.asarray(np.exp(exponent, out=exponent))

    return kernel


def sum_between(kernel: Kernel, x: Num[np.ndarray, "n d"], y: Num[np.ndarray, "m d"]) -> float:
    """Σᵢⱼ k(xᵢ, yⱼ)."""
    return math.fsum(
        kernel(some, others).sum()
        for _, some in pairs.outer_blocks(x)
        for _, others in pairs.blocks(y)
    )


def sum_within(kernel: Kernel, x: Num[np.ndarray, "n d"]) -> float:
    """Σ k(xᵢ, xⱼ) over all i ≠ j."""
    return math.fsum(
        _off_diagonal(part) if start == first else 2 * part.sum()
        for start, some in pairs.outer_blocks(x, upper=True)
        for first, others in pairs.blocks(x, start)
        for part in [kernel(some, others)]
    )


def sums_of_others(
    kernel: Kernel, x: Num[np.ndarray, "n d"], y: Num[np.ndarray, "m d"]
) -> tuple[float, float]:
    """`sum_within` of y and `sum_between` of both: what is left where that of x is known."""
    first, second = shares(len(y) / 2, len(x))
    with first:
        within = sum_within(kernel, y)
    with second:
        return within, sum_between(kernel, x, y)


def _off_diagonal(part: Float64[np.ndarray, "n n"]) -> float:
    np.fill_diagonal(part, 0)
    return float(part.sum())


def unbiased_mmd(within_x: float, n: int, within_y: float, m: int, between: float) -> float:
    """MMD² from the three sums, without any image's kernel with itself; may be negative.

    Raises:
        RefusedInput: for a set of fewer than two images.
    """
    if min(n, m) < 2:
        raise RefusedInput(f"sets of {n} and {m} images: each needs 2 for an unbiased distance")
    return within_x / (n * (n - 1)) + within_y / (m * (m - 1)) - 2 * between / (n * m)


def biased_mmd(within_x: float, n: int, within_y: float, m: int, between: float) -> float:
    """MMD² from the three sums, with each image's kernel with itself, which must be 1."""
    found = (within_x + n) / n**2 + (within_y + m) / m**2 - 2 * between / (n * m)
    return max(0.0, found)
