"""How far the worst generated images lie from all real ones.

A few outliers among good images hardly move distances between distributions. This mean is no
published metric; which share is taken, 1 % by default and rounded up to whole images, is a choice
made here, as is the fit of extreme values beside it (`ganray.metrics.outliers.pareto`).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value
from ganray.metrics.nearest import nearest
from ganray.metrics.outliers.pareto import generalised_pareto
from ganray.metrics.outliers.worst import PERCENT, worst


class WorstDistance(Metric):
    """The mean distance of the worst generated images from their nearest real ones.

    In units of the features, at least 0; 0 where all of them are copies. It sees a few images that
    look like no real one. It does not see what is missing: a generator of one good image does well,
    and one that copies the real images best. More real images make it smaller.
    """

    title = "worst distance"
    meaning = "mean distance from the nearest real image of the worst generated ones"
    better = "lower"
    needs = frozenset({"features"})
    multiplies = True

    name: Literal["worst_distance"] = Field("worst_distance", description="the metric")
    percent: float = Field(
        PERCENT, gt=0, le=50, description="of the generated images, those farthest from real ones"
    )

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The mean, with the threshold that the worst exceed and the fit to their excesses."""
        value, details = worst_distance(
            np.sqrt(nearest(generated.features, real.features)[1]), self.percent
        )
        return Value(value, details=details)

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """All distances, of as many real images."""
        return 2.0 * count**2 * dimensions


def worst_distance(
    distances: Float64[np.ndarray, "n"], percent: float = PERCENT
) -> tuple[float, dict[str, float]]:
    """The mean of the largest distances, and `threshold`, `shape` and `scale` of their tail.

    The threshold is the largest distance that is not among them; shape and scale are those of a
    generalised Pareto distribution of what they exceed it by, left out where there is no fit.

    Raises:
        RefusedInput: for a percentage that is not above 0 and at most 50, and fewer than two
            distances.
    """
    rows = worst(distances, percent)
    threshold = float(np.sort(distances)[-len(rows) - 1])
    fit = generalised_pareto(distances[rows] - threshold)
    details = {"threshold": threshold} | (fit._asdict() if fit else {})
    return float(distances[rows].mean()), details
