"""The Fréchet distance of infinitely many generated images, by extrapolation.

The scheme is that of Chong and Forsyth (`ganray.metrics.extrapolation`), with the Fréchet distance
of `ganray.metrics.gaussian.frechet_distance`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from ganray.metrics.extrapolation import SIZES, Extrapolated, Line, at_infinity
from ganray.metrics.features import Embedding
from ganray.metrics.gaussian.frechet_distance import DISTANCE_TERMS, Fitted, fitted, fitted_to
from ganray.metrics.metric import Value


class FrechetInfinity(Extrapolated):
    """The Fréchet distance extrapolated to infinitely many generated images.

    In squared units of the features. The number of generated images has little part in it; that of
    real ones has, as their side keeps its bias: the floor is not 0. It varies more than the
    distance itself, and may be below 0. A line fits where the smallest draw, a tenth of the images,
    is several times the dimensions; of fewer it is too low.
    """

    title = "Fréchet distance at infinity"
    known_as: ClassVar[Mapping[str, str]] = {"inception": "FID∞"}
    meaning = "Fréchet distance extrapolated to infinitely many generated images"
    better = "lower"
    needs = frozenset({"features"})
    multiplies = True

    name: Literal["frechet_infinity"] = Field("frechet_infinity", description="the metric")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The intercept; the slope and the distance of all images are details."""
        found = frechet_infinity(real.once(fitted), generated.features, self.sizes, self.seed)
        return Value(found.intercept, details=found.details)

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """A distance for each size."""
        return self.sizes * DISTANCE_TERMS * float(dimensions) ** 3


def frechet_infinity(
    reference: Fitted, generated: Float[np.ndarray, "n d"], sizes: int = SIZES, seed: int = 0
) -> Line:
    """The line in 1/n through the Fréchet distances of `sizes` draws of generated features.

    Raises:
        RefusedInput: for fewer images than `fewest(sizes)`, fewer than two sizes, other dimensions
            than the reference's, and numbers that are not finite.
    """
    return at_infinity(
        lambda rows: reference.distance(fitted_to(generated[rows])),
        len(generated),
        sizes,
        seed,
        "frechet_infinity",
    )
