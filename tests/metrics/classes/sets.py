"""Labelled features that a linear classifier mostly knows, with posteriors."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from ganray.metrics.features import Embedding

CLASSES, DIMENSIONS = 4, 6


def labelled(
    seed: int, n: int, shares: tuple[float, ...] = (1, 1, 1, 1), apart: float = 1.5
) -> Embedding:
    """Around one centre a class; the same centres for every seed."""
    rng = np.random.default_rng(seed)
    centres = apart * np.random.default_rng(0).normal(size=(CLASSES, DIMENSIONS))
    labels = rng.choice(CLASSES, size=n, p=np.array(shares) / sum(shares))
    features = centres[labels] + rng.normal(size=(n, DIMENSIONS))
    posteriors = softmax(6 * np.eye(CLASSES)[labels] + rng.normal(size=(n, CLASSES)), axis=1)
    return Embedding(
        features.astype(np.float32), posteriors.astype(np.float32), labels.astype(np.int64)
    )


def unlabelled(one: Embedding) -> Embedding:
    """The same without labels."""
    return Embedding(one.features, one.probabilities)
