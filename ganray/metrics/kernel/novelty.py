"""What one set has more of than another: positive eigenvalues of a difference of covariances.

Zhang, Li and Farnia (arXiv 2402.17287), as their public code computes it: the positive eigenvalues
of C_generated − η C_real under a kernel are those of the signed kernel matrix of both sets, whose
rows and columns are weighted 1/√m and √(η/n), and a kind's images are those with the largest
entries of its eigenvector. The signed matrix is not symmetric; with the weighted one K = LLᵀ and
signs S the same eigenvalues are those of LᵀSL, which is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64, Num

from ganray.errors import RefusedInput
from ganray.metrics import pairs
from ganray.metrics.kernel.spectrum import LARGEST
from ganray.metrics.kernel.sums import gaussian


def novel_eigenvalues(
    real: Num[np.ndarray, "n d"],
    generated: Num[np.ndarray, "m d"],
    bandwidth: float,
    threshold: float = 1.0,
) -> Float64[np.ndarray, "p"]:
    """The positive eigenvalues of C_generated − η C_real, descending; those of rounding left out.

    Raises:
        RefusedInput: for a bandwidth or threshold that is not above 0, more than 4,096 images of
            both sets together, and as `pairs.check_sets` does.
    """
    system = _system(real, generated, bandwidth, threshold)
    values = np.linalg.eigvalsh(system.difference)[::-1]
    return values[values > _rounding(system)]


def novel_modes(
    real: Num[np.ndarray, "n d"],
    generated: Num[np.ndarray, "m d"],
    bandwidth: float,
    threshold: float = 1.0,
    modes: int = 5,
    images: int = 10,
) -> Int64[np.ndarray, "k p"]:
    """Which generated images belong most to each of the most novel kinds, for pictures.

    Row i has the images of the i-th largest eigenvalue, the most typical first. There are fewer
    rows where fewer eigenvalues are positive.

    Raises:
        RefusedInput: as `novel_eigenvalues` does.
    """
    system = _system(real, generated, bandwidth, threshold)
    values, vectors = np.linalg.eigh(system.difference)
    novel = np.flatnonzero(values > _rounding(system))[::-1][:modes]
    entries = (system.factor @ vectors[:, novel])[: len(generated)]
    entries *= np.where(entries.sum(axis=0) < 0, -1, 1)  # an eigenvector has no sign
    return np.argsort(-entries, axis=0, kind="stable")[:images].T


class _System(NamedTuple):
    """L, of generated images first, and LᵀSL."""

    factor: Float64[np.ndarray, "n p"]
    difference: Float64[np.ndarray, "p p"]


def _system(
    real: Num[np.ndarray, "n d"],
    generated: Num[np.ndarray, "m d"],
    bandwidth: float,
    threshold: float,
) -> _System:
    pairs.check_sets(real=real, generated=generated)
    if not 0 < threshold < np.inf:
        raise RefusedInput(f"threshold (={threshold!r}) must be above 0 and finite")
    n, m = len(real), len(generated)
    if n + m > LARGEST:
        raise RefusedInput(f"{n} real and {m} generated images: at most {LARGEST} are decomposed")
    rows = np.concatenate([generated, real]).astype(np.float64)
    weights = np.repeat([m**-0.5, (threshold / n) ** 0.5], [m, n])
    kernel = gaussian(bandwidth)(rows, rows)
    kernel *= weights
    kernel *= weights[:, None]
    factor = _factor(kernel)
    signs = np.repeat([1.0, -1.0], [m, n])
    return _System(factor, factor.T @ (factor * signs[:, None]))


def _factor(matrix: Float64[np.ndarray, "n n"]) -> Float64[np.ndarray, "n p"]:
    """L with LLᵀ the matrix, which may be singular: equal images have equal rows."""
    from scipy.linalg.lapack import dpstrf

    # The matrix is symmetric, so that its transpose is the Fortran array that LAPACK overwrites.
    lower, order, rank, _ = dpstrf(matrix.T, lower=1, overwrite_a=1)
    factor = np.empty((len(matrix), rank))
    factor[order - 1] = np.tril(lower)[:, :rank]
    return factor


def _rounding(system: _System) -> float:
    """What eigenvalues may be by rounding alone."""
    scale = np.square(system.factor).sum()
    return float(len(system.factor) * np.finfo(np.float64).eps * scale)
