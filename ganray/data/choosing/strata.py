"""An order of images whose every beginning has each class in proportion."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

from ganray.randomness import permutation


def stratified(labels: Int64[np.ndarray, "n"], seed: int, stream: str) -> Int64[np.ndarray, "n"]:
    """The rows in that order: within each class a permutation by the seed; of all classes, whose
    next image is due first, as it has so many in all."""
    due = np.empty(len(labels))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        order = permutation(seed, f"{stream}/{label}", 0, len(rows))
        due[rows[order]] = (np.arange(len(rows)) + 0.5) / len(rows)
    return np.lexsort((labels, due))
