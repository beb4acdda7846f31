"""The realism of single images: how deep inside of a real image's ball each one lies.

Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", 2019
(arXiv 1904.06991), equation 3: the largest ratio of a ball's radius to the image's distance from
its centre, among the balls no larger than the median one. (The public code compares squares, of
all balls by default; the paper's definition is taken here.)
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64, Num

from ganray.errors import UndefinedScore
from ganray.metrics import pairs
from ganray.metrics.manifold.balls import balls
from ganray.metrics.manifold.improved_precision import IMPROVED_K


def realism(
    real: Num[np.ndarray, "n d"], generated: Num[np.ndarray, "m d"], k: int = IMPROVED_K
) -> Float64[np.ndarray, "m"]:
    """The realism of each generated image: at least 1 where one of the balls holds it.

    It is infinite for a copy of a real image whose ball counts. Balls of radius 0, which real
    images with k copies have, say nothing and are left out.

    Raises:
        RefusedInput: as `balls.balls` and `balls.counts` do.
        UndefinedScore: if half of the real images have k copies each.
    """
    pairs.check_sets(real=real, generated=generated)
    squared_radii = balls(real, k).squared_radii
    kept = (squared_radii > 0) & (squared_radii <= np.median(squared_radii))
    if not kept.any():
        raise UndefinedScore(f"half of the real images have {k} copies: no ball is left")
    centres, squared_radii = real[kept], squared_radii[kept]
    best = _best(centres, squared_radii, generated)
    squared = pairs.apart(generated, centres[best])
    with np.errstate(divide="ignore"):
        return np.asarray(np.sqrt(squared_radii[best] / squared))


def _best(
    centres: Num[np.ndarray, "n d"],
    squared_radii: Float64[np.ndarray, "n"],
    points: Num[np.ndarray, "m d"],
) -> Int64[np.ndarray, "m"]:
    """The ball in which each point lies deepest, but for rounding."""
    found, most = np.zeros(len(points), np.int64), np.zeros(len(points))
    for start, some in pairs.outer_blocks(points):
        here, lengths = slice(start, start + len(some)), np.square(some).sum(axis=1)
        for first, block in pairs.blocks(centres):
            squared = lengths[:, None] + np.square(block).sum(axis=1) - 2 * some @ block.T
            tiny = np.finfo(np.float64).eps * lengths[:, None] + np.finfo(np.float64).tiny
            ratios = squared_radii[first : first + len(block)] / np.maximum(squared, tiny)
            at = ratios.argmax(axis=1)
            ratio = ratios[np.arange(len(some)), at]
            found[here] = np.where(ratio > most[here], first + at, found[here])
            most[here] = np.maximum(ratio, most[here])
    return found
