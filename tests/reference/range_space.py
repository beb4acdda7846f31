"""Reach rates by looking at every subset of restarts."""

from __future__ import annotations

from itertools import combinations

import numpy as np


def reach(residuals: np.ndarray, threshold: float) -> np.ndarray:
    """For each target, the share of all subsets of R restarts that reach it."""
    found = np.empty(residuals.shape)
    for target, row in enumerate(residuals):
        for size in range(1, len(row) + 1):
            subsets = list(combinations(row, size))
            hits = [any(value <= threshold for value in subset) for subset in subsets]
            found[target, size - 1] = sum(hits) / len(subsets)
    return found
