"""Eigenvalues of the kernel matrix of images over their number: how much of each kind there is.

They are at least 0 and sum to 1. Of c kinds, alike within and nothing like each other, c of them
are not 0, the shares of the kinds; so functions of them count kinds.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Num

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics import pairs
from ganray.metrics.kernel.sums import gaussian
from ganray.randomness import permutation

IMAGES = 2000
"""Images of which a matrix of all pairs is decomposed: 32 MB, and a few seconds."""
LARGEST = 4096
"""Most rows of a matrix that is decomposed: 134 MB, and a minute."""


def cosine_eigenvalues(features: Num[np.ndarray, "n d"]) -> Float64[np.ndarray, "p"]:
    """Of the cosines between all images, descending: of d × d or n × n, whichever is smaller.

    Raises:
        RefusedInput: as `check_directions` does, and if n and d are both above 4,096.
        UndefinedScore: as `check_directions` does.
    """
    check_directions(features)
    n, d = features.shape
    if min(n, d) > LARGEST:
        raise RefusedInput(f"features (shape {features.shape}): one side must be at most {LARGEST}")
    if n <= d:
        rows = directions(features.astype(np.float64))
        return _descending(rows @ rows.T / n)
    total = np.zeros((d, d))
    for _, block in pairs.blocks(features):
        rows = directions(block)
        total += rows.T @ rows
    return _descending(total / n)


def gaussian_eigenvalues(
    features: Num[np.ndarray, "n d"], bandwidth: float
) -> Float64[np.ndarray, "n"]:
    """Of the Gaussian kernel between all images, descending; n × n numbers are held.

    Raises:
        RefusedInput: as `pairs.check_sets` and `gaussian` do, and for more than 4,096 images.
    """
    pairs.check_sets(features=features)
    if len(features) > LARGEST:
        raise RefusedInput(f"features has {len(features)} rows; at most {LARGEST} are decomposed")
    rows = features.astype(np.float64)
    return _descending(gaussian(bandwidth)(rows, rows) / len(rows))


def _descending(matrix: Float64[np.ndarray, "p p"]) -> Float64[np.ndarray, "p"]:
    return np.maximum(np.linalg.eigvalsh(matrix)[::-1], 0)


def directions(rows: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
    """Each row divided by its length, which must not be 0."""
    return np.asarray(rows / np.sqrt(np.square(rows).sum(axis=1))[:, None])


def check_directions(features: Num[np.ndarray, "n d"]) -> None:
    """Make sure that each image has a cosine with others.

    Raises:
        RefusedInput: as `pairs.check_sets` does.
        UndefinedScore: naming the first image whose features are all 0.
    """
    pairs.check_sets(features=features)
    if not (known := features.any(axis=1)).all():
        raise UndefinedScore(
            f"features: row {int(np.argmin(known))} is all 0, and so has no cosine with others; "
            "the Gaussian kernel does without"
        )


def drawn(
    features: Num[np.ndarray, "n d"], most: int, seed: int, stream: str
) -> Num[np.ndarray, "p d"]:
    """The features of `most` images, without replacement and in their order; of all if fewer."""
    return features[drawn_rows(len(features), most, seed, stream)]


def drawn_rows(n: int, most: int, seed: int, stream: str) -> np.ndarray:
    """The numbers of the rows that `drawn` takes of n."""
    return np.sort(permutation(seed, stream, 0, n)[:most])
