"""MS-SSIM, the multi-scale structural similarity of two images.

Wang, Simoncelli and Bovik, "Multiscale structural similarity for image quality assessment", 2003:
an 11 × 11 normal window of deviation 1.5 without padding, K₁ = 0.01, K₂ = 0.03, five scales by
means of 2 × 2 pixels and their exponents. As in public codes (Karras et al., arXiv 1710.10196),
terms are means over positions and channels, and negative ones count as 0.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64

from ganray.errors import RefusedInput

_EXPONENTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
_WINDOW, _SIGMA, _C1, _C2 = 11, 1.5, 0.01**2, 0.03**2  # of values in [0, 1]
_BLOCK = 256  # pairs at once


def ms_ssim(
    first: Float[np.ndarray, "n c h w"], second: Float[np.ndarray, "n c h w"]
) -> Float64[np.ndarray, "n"]:
    """The similarity of each pair of images in [0, 1]: 1 for equal ones, 0 at the least.

    Scales are those whose shorter side is at least the window's 11 pixels, five at most: two at 28
    and 32 pixels, three from 44 on, all five from 176. Of fewer than five the exponents are divided
    by their sum, which is a choice of our own; an odd row or column falls away at the next scale.

    Raises:
        RefusedInput: images are smaller than 11 pixels.
    """
    scales = scale_count(min(first.shape[2:]))
    found = [
        _of_block(first[start : start + _BLOCK], second[start : start + _BLOCK], scales)
        for start in range(0, len(first), _BLOCK)
    ]
    return np.concatenate(found) if found else np.empty(0)


def scale_count(side: int) -> int:
    """How many scales images of that shorter side have.

    Raises:
        RefusedInput: not even one.
    """
    if side < _WINDOW:
        raise RefusedInput(f"images of {side} pixels are smaller than the window of {_WINDOW}")
    return sum(side // 2**halvings >= _WINDOW for halvings in range(len(_EXPONENTS)))


def _of_block(
    first: Float[np.ndarray, "n c h w"], second: Float[np.ndarray, "n c h w"], scales: int
) -> Float64[np.ndarray, "n"]:
    exponents = _EXPONENTS[:scales]
    if scales < len(_EXPONENTS):
        exponents = exponents / exponents.sum()
    x, y = first.astype(np.float64), second.astype(np.float64)
    product = np.ones(len(x))
    for scale, exponent in enumerate(exponents):
        similarity, contrast = _terms(x, y)
        term = similarity if scale == scales - 1 else contrast
        product *= np.maximum(term, 0) ** exponent
        x, y = _halved(x), _halved(y)
    return product


def _terms(
    x: Float64[np.ndarray, "n c h w"], y: Float64[np.ndarray, "n c h w"]
) -> tuple[Float64[np.ndarray, "n"], Float64[np.ndarray, "n"]]:
    """Means of luminance times contrast and structure, and of the latter alone."""
    mean_x, mean_y = _blurred(x), _blurred(y)
    both, squares = mean_x * mean_y, mean_x**2 + mean_y**2
    covariance = _blurred(x * y) - both
    variances = _blurred(x * x + y * y) - squares
    contrast = (2 * covariance + _C2) / (variances + _C2)
    luminance = (2 * both + _C1) / (squares + _C1)
    return (luminance * contrast).mean(axis=(1, 2, 3)), contrast.mean(axis=(1, 2, 3))


def _blurred(images: Float64[np.ndarray, "n c h w"]) -> Float64[np.ndarray, "n c q r"]:
    down, across = (_bands(side) for side in images.shape[2:])
    return down @ images @ across.T


def _bands(side: int) -> Float64[np.ndarray, "q h"]:
    """The matrix that takes windowed means of a row, without padding."""
    weights = np.exp(-(np.square(np.arange(_WINDOW) - _WINDOW // 2)) / (2 * _SIGMA**2))
    bands = np.zeros((side - _WINDOW + 1, side))
    for row, band in enumerate(bands):
        band[row : row + _WINDOW] = weights / weights.sum()
    return bands


def _halved(images: Float64[np.ndarray, "n c h w"]) -> Float64[np.ndarray, "n c q r"]:
    n, c, h, w = images.shape
    even = images[:, :, : h // 2 * 2, : w // 2 * 2]
    return np.asarray(even.reshape(n, c, h // 2, 2, w // 2, 2).mean(axis=(3, 5)))
