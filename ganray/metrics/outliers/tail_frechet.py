"""The Fréchet distance of the worst generated images alone.

Each generated image's distance from the nearest real one is taken in the features; of the q % that
are farthest, q = 1 by default, rounded up to whole images, the mean and the unbiased covariance are
those of one Gaussian, and all real images' those of the other. The value is the Fréchet distance
between the two. No paper is followed in this: to weigh the tail by leaving out all else is a choice
made here.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.features import Embedding
from ganray.metrics.gaussian.frechet_distance import DISTANCE_TERMS, Fitted, fitted, fitted_to
from ganray.metrics.metric import Metric, Value
from ganray.metrics.nearest import nearest
from ganray.metrics.outliers.worst import PERCENT, share, worst


class TailFrechet(Metric):
    """The Fréchet distance of the worst generated images from all real ones.

    In squared units of the features, at least 0. It sees a few images that look like no real one,
    and whether the worst are all alike. Its floor is far from 0, as the strangest of real images
    are no fair sample either, and few: compare at equal n and q alone. It does not see what is
    missing.
    """

    title = "tail-weighted Fréchet distance"
    meaning = "Fréchet distance between the worst generated images and all real ones"
    better = "lower"
    needs = frozenset({"features"})
    fits_covariances = True
    multiplies = True

    name: Literal["tail_frechet"] = Field("tail_frechet", description="the metric")
    percent: float = Field(
        PERCENT, gt=0, le=50, description="of the generated images, those farthest from real ones"
    )

    @property
    def least(self) -> int:
        """Two of the worst, which a covariance needs."""
        return int(100 / self.percent + 1e-9) + 1

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The distance of the worst from all real images."""
        reference = real.once(fitted)
        return Value(tail_frechet(reference, real.features, generated.features, self.percent))

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """All distances, of as many real images, and one between Gaussians."""
        return 2.0 * count**2 * dimensions + DISTANCE_TERMS * float(dimensions) ** 3


def tail_frechet(
    reference: Fitted,
    real: Float[np.ndarray, "m k"],
    generated: Float[np.ndarray, "n d"],
    percent: float = PERCENT,
) -> float:
    """The Fréchet distance between a Gaussian and that of the generated points farthest from real.

    Raises:
        RefusedInput: for a percentage that is not above 0 and at most 50 or less than two points,
            no real points, and other dimensions.
    """
    if share(len(generated), percent) < 2:
        raise RefusedInput(
            f"percent (={percent!r}) of {len(generated)} generated images is one image, and a "
            "covariance needs two: more images, or a larger percent"
        )
    rows = worst(np.sqrt(nearest(generated, real)[1]), percent)
    return reference.distance(fitted_to(generated[rows]))
