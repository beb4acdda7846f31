"""The exact Wasserstein distance between two samples of features, by optimal assignment.

W_p = (min over pairings of the mean of ‖xᵢ − y_π(i)‖^p)^(1/p): between equally many points of equal
weight an optimal transport plan is a pairing (Birkhoff), which SciPy's `linear_sum_assignment`
finds. That takes the cube of the points, so that sets are cut to 2,000, a choice made here.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.features import Embedding, check_features
from ganray.metrics.metric import Metric, Value
from ganray.metrics.transport.equal import equally_many

POINTS = 2000


class Wasserstein(Metric):
    """What it costs on average to move a sample of generated features onto one of real ones.

    In units of the features, whatever the order; at least 0. It supposes no normal distribution,
    and sees collapse, missing classes and noise alike. Of so few points in many dimensions most of
    it is the distance between any two samples: read it beside its floor. Order 2 weighs what is
    moved far more than order 1.
    """

    title = "Wasserstein distance"
    meaning = "exact Wasserstein distance between samples of the features, by optimal assignment"
    better = "lower"
    needs = frozenset({"features"})

    name: Literal["wasserstein"] = Field("wasserstein", description="the metric")
    order: int = Field(2, ge=1, le=2, description="1: of distances; 2: of their squares")
    points: int = Field(
        POINTS, ge=2, le=5000, description="of either set at most, taken by a fixed permutation"
    )

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The distance between equally many real and generated images."""
        return Value(
            wasserstein(*equally_many(real.features, generated.features, self.points), self.order)
        )

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """All distances and the assignment."""
        taken = float(min(count, self.points))
        return taken**2 * 3 * dimensions + taken**3


def wasserstein(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m k"], order: int = 2) -> float:
    """The exact Wasserstein distance of an order between equally many points of equal weight.

    Memory is a float64 for each pair, time the cube of the points: some thousands at most.

    Raises:
        RefusedInput: for another order, unequal numbers of points, none, other dimensions, or a
            number that is not finite.
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    if order not in (1, 2):
        raise RefusedInput(f"order (={order!r}) must be 1 or 2")
    if x.shape != y.shape or not len(x):
        raise RefusedInput(
            f"x and y (shapes {x.shape} and {y.shape}) must be equally many points, at least one, "
            "of equal dimensions; `equally_many` cuts the larger set"
        )
    check_features("x", x)
    check_features("y", y)
    # By differences, so that equal points cost exactly nothing.
    costs = cdist(x, y, "euclidean" if order == 1 else "sqeuclidean")
    return float(costs[linear_sum_assignment(costs)].mean() ** (1 / order))
