"""Laplacian pyramids of images.

Burt and Adelson, "The Laplacian Pyramid as a Compact Image Code", IEEE Transactions on
Communications 31 (1983), with the 5 × 5 binomial filter and mirrored borders of the public code of
Karras et al. (arXiv 1710.10196).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64

_BINOMIAL = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16


def laplacian_pyramid(
    images: Float[np.ndarray, "n c h w"], levels: int
) -> list[Float64[np.ndarray, "n c q r"]]:
    """Each level's images, the largest first: what the next smaller one lacks, and last that one.

    Each is half as high and wide as the one before, rounded up. One level is the images themselves.
    """
    found, rest = [], images.astype(np.float64)
    for _ in range(levels - 1):
        smaller = _smooth(rest)[:, :, ::2, ::2]
        spread = np.zeros_like(rest)
        spread[:, :, ::2, ::2] = smaller
        found.append(rest - 4 * _smooth(spread))
        rest = smaller
    return [*found, rest]


def _smooth(images: Float64[np.ndarray, "n c h w"]) -> Float64[np.ndarray, "n c h w"]:
    from scipy.ndimage import correlate1d

    rows = correlate1d(images, _BINOMIAL, axis=2, mode="mirror")
    return np.asarray(correlate1d(rows, _BINOMIAL, axis=3, mode="mirror"))
