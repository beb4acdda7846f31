"""Sets of features that copy, collapse or neither."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from ganray.metrics.features import Embedding


def draw(seed: int, n: int, d: int = 6, scale: float = 1.0) -> Float32[np.ndarray, "n d"]:
    """Images of one law: two clouds of correlated, skewed features."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(d).normal(size=(d, d)) / d**0.5
    clouds = 4.0 * rng.integers(0, 2, size=(n, 1))
    return (scale * np.maximum(rng.normal(size=(n, d)) @ mixing, -1.5) + clouds).astype(np.float32)


def embedded(features: np.ndarray, training: np.ndarray | None = None) -> Embedding:
    """With training images where they are known; no metric here looks at probabilities."""
    known = None if training is None else embedded(training)
    return Embedding(features, np.ones((len(features), 1), np.float32), training=known)
