"""MIND: the sliced Wasserstein-2 distance squared, in units like those of the Fréchet distance.

Berthet et al., "MIND: Monge Inception Distance for Generative Models Evaluation", 2026
(arXiv 2605.06797). Features are projected on random directions; along a direction the optimal
transport of equally many points pairs them in sorted order. The value is α = 3d times the mean of
the squared differences over all pairs and 1,000 directions. The factor and the number of directions
are quoted from notes on the paper. That directions are normal vectors divided by their lengths, of
a stream of this project, and how a larger set is cut, are choices made here.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float, Float64
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value
from ganray.metrics.transport.equal import equally_many
from ganray.process.progress import steps
from ganray.randomness import normals

DIRECTIONS = 1000
_BLOCK = 50  # directions whose projections are held at once
_ROWS = 4096  # of the features that are held in float64


class Mind(Metric):
    """Sliced Wasserstein distance of features along random directions, squared and times 3d.

    In squared units of the features, at least 0. A shift of all features by δ reads about 3 ‖δ‖².
    It needs no covariance, and sees whatever one-dimensional projections see, not means and
    variances alone; what differs in few directions of many is spread thin. Biased upwards at few
    images.
    """

    title = "MIND"
    meaning = "sliced Wasserstein-2 distance squared, times three times the dimensions"
    better = "lower"
    needs = frozenset({"features"})

    name: Literal["mind"] = Field("mind", description="the metric")
    directions: int = Field(
        DIRECTIONS, ge=1, le=10**6, description="that features are projected on"
    )
    seed: int = Field(0, description="of the directions, which all compared sets share")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The value on as many real as generated images."""
        return Value(mind(real.features, generated.features, self.directions, self.seed))

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """The projections of both sets."""
        return 4.0 * count * dimensions * self.directions


def mind(
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, "m k"],
    directions: int = DIRECTIONS,
    seed: int = 0,
) -> float:
    """3d times the mean of (x₍ᵢ₎ − y₍ᵢ₎)² over pairs in sorted order and random directions.

    Memory beside the features is 50 projections of each point, however many directions there are.

    Raises:
        RefusedInput: for fewer than one direction, no points, and other dimensions.
    """
    if directions < 1:
        raise RefusedInput(f"directions (={directions}) must be at least 1")
    x, y = equally_many(x, y)
    starts = range(0, directions, _BLOCK)
    sizes = [min(_BLOCK, directions - start) for start in starts]
    blocks = (unit_vectors(seed, *block, x.shape[1]) for block in zip(starts, sizes, strict=True))
    squares = [
        np.square(_sorted(x, block) - _sorted(y, block)).mean(axis=1)
        for block in steps(blocks, sizes)
    ]
    return float(3 * x.shape[1] * np.concatenate(squares).mean())


def unit_vectors(seed: int, start: int, count: int, dimensions: int) -> Float64[np.ndarray, "k d"]:
    """Directions `start … start+count-1` of a seed, uniform on the unit sphere."""
    drawn = normals(seed, "mind", start, count, dimensions)
    return drawn / np.sqrt(np.square(drawn).sum(axis=1, keepdims=True))


def _sorted(
    points: Float[np.ndarray, "n d"], directions: Float64[np.ndarray, "k d"]
) -> Float64[np.ndarray, "k n"]:
    """The projections on each direction in ascending order."""
    along = np.empty((len(directions), len(points)))
    for start in range(0, len(points), _ROWS):
        rows = points[start : start + _ROWS].astype(np.float64)
        along[:, start : start + _ROWS] = directions @ rows.T
    along.sort(axis=1)
    return along
