"""Sets of images as encoders give them."""

from __future__ import annotations

import numpy as np

from ganray.metrics.features import Embedding


def embedded(features, probabilities=None, labels=None) -> Embedding:
    """An embedding of features alone, or with posteriors or labels."""
    x = np.asarray(features, dtype=np.float32)
    p = np.zeros((len(x), 0)) if probabilities is None else probabilities
    return Embedding(
        x,
        np.asarray(p, dtype=np.float32),
        None if labels is None else np.asarray(labels, dtype=np.int64),
    )
