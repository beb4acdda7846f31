"""DDM relative to the training images: how much worse generated images fit them than real ones do.

Basart, "Analysis of Generative Adversarial Models", equation 3.5.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal, get_args

from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.density.ddm import ddm
from ganray.metrics.density.kernel_means import Distance
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value
from ganray.process.progress import shares


class DdmRelative(Metric):
    """(1/|R|) Σ_r log[(1/|T|) Σ_t e^{−D(r, t)} ÷ (1/|G|) Σ_g e^{−D(r, g)}], in nats.

    R are the training images, T real images that were not shown to the GAN, G generated ones. 0
    where the generated images lie around the training images as other real ones do, above it where
    they do so less, and below 0 where they are nearer than real images can be: copies lower it, so
    that a value below 0 is no good sign. As DDM it does not see bad images beside good ones.
    """

    title = "relative DDM"
    meaning = "DDM of training images around generated ones, less that around other real images"
    better = "lower"
    needs = frozenset({"features"})
    asks = frozenset({"training images"})

    name: Literal["ddm_relative"] = Field("ddm_relative", description="the metric")
    distance: Distance = Field(
        "squared_euclidean", description="D between features, summed over dimensions if squared"
    )

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The difference of two DDM, which stand beside it."""
        first, second = shares(real.count, generated.count)
        with first:
            around_real = real.once(_AROUND_REAL[self.distance])
        with second:
            around_generated = ddm(_training(real).features, generated.features, self.distance)
        details = {"around real images": around_real, "around generated images": around_generated}
        return Value(around_generated - around_real, details=details)

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """All pairs' products; of the real images once."""
        return 2.0 * count**2 * dimensions


def _training(real: Embedding) -> Embedding:
    if real.training is None:
        raise RefusedInput("training images are not known: real.training is None")
    return real.training


def _around_real(real: Embedding, distance: Distance) -> float:
    return ddm(_training(real).features, real.features, distance)


_AROUND_REAL: dict[str, Callable[[Embedding], float]] = {
    distance: partial(_around_real, distance=distance) for distance in get_args(Distance)
}
"""One function for each distance, so that what is computed once is found again."""
