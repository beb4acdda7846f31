"""Clipped density: density that neither outliers among real images nor crowds can raise.

Salvy et al., "Enhanced Generative Model Evaluation with Clipped Density and Coverage"
(arXiv 2507.01761), with the choices of the authors' public code: radii are cut at their median,
balls are closed, an image counts for at most 1, and the mean is divided by the real images' own.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float64, Num
from pydantic import Field

from ganray.metrics.features import Embedding
from ganray.metrics.manifold.balls import Balls, BallsAround, K, balls, counts
from ganray.metrics.manifold.by_balls import ByRealBalls
from ganray.metrics.metric import Value
from ganray.process.progress import shares


class ClippedDensity(ByRealBalls):
    """The share of generated images that are as good as real ones.

    From 0 to 1, and linear in the share of bad images: half of them noise gives half. It tells
    fidelity alone, and is robust by design: one bad image in a hundred costs 0.01, whatever it is.
    """

    title = "clipped density"
    meaning = "density of at most 1 an image, in balls cut at the median, over the real images' own"

    name: Literal["clipped_density"] = Field("clipped_density", description="the metric")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The share, and the ratio before it is cut at 1."""
        around, inside = shares(real.count, generated.count)
        with around:
            balls = real.once(BallsAround(self.k))
        with inside:
            ratio = _ratio(balls, generated.features)
        return Value(min(1.0, ratio), details={"not cut at 1": ratio})


def clipped_density(
    real: Num[np.ndarray, "n d"], generated: Num[np.ndarray, "m d"], k: int = K
) -> float:
    """The clipped density, from 0 to 1.

    Raises:
        RefusedInput: as `balls.balls` and `balls.counts` do.
    """
    return min(1.0, _ratio(balls(real, k), generated))


def _ratio(real: Balls, generated: Num[np.ndarray, "m d"]) -> float:
    squared_radii = clipped_radii(real.squared_radii)
    held = counts(generated, real.centres, squared_radii, closed=True).of_points
    return float(np.minimum(held / real.k, 1).mean() / _own(real, squared_radii))


def clipped_radii(squared: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    """Squared radii, those above the median radius being the median radius."""
    radii = np.sqrt(squared)
    median = np.median(radii)
    # Not all squared anew: a radius that is kept still holds the neighbour that it reaches to.
    return np.where(radii <= median, squared, median**2)


def _own(real: Balls, squared_radii: Float64[np.ndarray, "n"]) -> float:
    """The same mean of the real images, of which a ball holds its k neighbours and no others."""
    held = real.indices[real.squared <= squared_radii[:, None]]
    return float(np.minimum(np.bincount(held, minlength=len(real.centres)) / real.k, 1).mean())
