"""Features drawn at random: normal ones, whole numbers, and images of some kinds."""

from __future__ import annotations

import numpy as np


def normal(seed: int, n: int, d: int = 6, scale: float = 1.0) -> np.ndarray:
    return (scale * np.random.default_rng(seed).normal(size=(n, d))).astype(np.float32)


def whole(seed: int, n: int, d: int = 3, most: int = 3) -> np.ndarray:
    """Whole numbers, among which copies and equal distances are frequent."""
    return np.random.default_rng(seed).integers(0, most, size=(n, d)).astype(np.float32)


def kinds(seed: int, n: int, chosen=range(10), spread: float = 0.2, d: int = 12) -> np.ndarray:
    """Images of some of ten kinds, spread around the kind's centre."""
    centres = 3 * np.random.default_rng(0).normal(size=(10, d))
    rng = np.random.default_rng(seed)
    labels = np.array(list(chosen))[rng.integers(0, len(chosen), n)]
    return (centres[labels] + spread * rng.normal(size=(n, d))).astype(np.float32)
