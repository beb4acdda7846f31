"""Pictures with structure: strokes at random places on a dark ground."""

from __future__ import annotations

import numpy as np

from ganray.metrics.features import Embedding


def strokes(seed: int, n: int, side: int = 28, channels: int = 1) -> np.ndarray:
    """Blurred bars of random place, direction and width, in [0, 1]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    pictures = np.empty((n, channels, side, side))
    for picture in pictures.reshape(-1, side, side):
        turn, place, wide = rng.uniform(0, np.pi), rng.uniform(0.3, 0.7, 2), rng.uniform(0.05, 0.1)
        across = (x - place[0]) * np.cos(turn) + (y - place[1]) * np.sin(turn)
        along = (y - place[1]) * np.cos(turn) - (x - place[0]) * np.sin(turn)
        picture[:] = np.exp(-((across / wide) ** 2) - (along / 0.25) ** 4)
    return pictures.astype(np.float32)


def embedding(pictures: np.ndarray, labels: np.ndarray | None = None) -> Embedding:
    """As `every_pixel` gives them."""
    n = len(pictures)
    return Embedding(
        pictures.reshape(n, -1).astype(np.float32),
        np.empty((n, 0), np.float32),
        labels,
        pictures.shape[1:],
    )
