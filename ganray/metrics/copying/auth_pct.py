"""AuthPct: how many generated images are more than a variation of one training image.

Alaa et al., "How Faithful is your Synthetic Data?" (arXiv 2102.08921), authenticity, as the public
code marcojira/fld has it: an image is authentic where its nearest training image is nearer to
another training image than to it (strict <). That code compares 10,000 images of each set, drawn at
random, and in its later versions subtracts 50 from the percentage; here all images are compared and
the percentage stays as it is.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float64, Num
from pydantic import Field

from ganray.metrics.copying.neighbours import (
    among_themselves,
    training_of,
)
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value
from ganray.metrics.nearest import nearest, nearest_others
from ganray.process.progress import shares


class AuthPct(Metric):
    """AuthPct, in per cent from 0 to 100; exact copies have 0.

    Clean sets have no fixed value: the floor of held-out images says what to expect. Images far
    from all real ones are authentic too, so that noise has 100. A copy is not seen where it was
    changed by more than the training image's distance from its neighbour, and training images that
    are there twice hide every copy of them but an exact one.
    """

    title = "AuthPct"
    meaning = "percentage of images that are no closer variation of a training image than others"
    better = "higher"
    needs = frozenset({"features"})
    multiplies = True
    asks = frozenset({"training images"})

    name: Literal["auth_pct"] = Field("auth_pct", description="the metric")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The percentage; held-out real images have no part in it."""
        training = training_of(real)
        first, second = shares(training.count / 2, generated.count)
        with first:
            apart = training.once(among_themselves)
        with second:
            return Value(100.0 * _share(generated.features, training.features, apart))

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """A table of distances, and half of one among the training images."""
        return 3.0 * count**2 * dimensions


def auth_pct(generated: Num[np.ndarray, "n d"], training: Num[np.ndarray, "m d"]) -> float:
    """100 × the share of generated images x with min_{t' ≠ t} ‖t − t'‖ < ‖x − t‖, where t is the
    training image nearest to x.

    Raises:
        RefusedInput: there are fewer than two training images, or other dimensions.
    """
    return 100.0 * _share(generated, training, np.sqrt(nearest_others(training)[1]))


def _share(
    generated: Num[np.ndarray, "n d"],
    training: Num[np.ndarray, "m p"],
    apart: Float64[np.ndarray, "m"],
) -> float:
    found, squared = nearest(generated, training)
    return float((apart[found] < np.sqrt(squared)).mean())
