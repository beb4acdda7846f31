"""The Inception Score of infinitely many images, by extrapolation.

The scheme is that of Chong and Forsyth (`ganray.metrics.extrapolation`); as in their public code,
each draw is scored as a whole and not in ten parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from ganray.metrics.classes.inception_score import inception_score
from ganray.metrics.extrapolation import SIZES, Extrapolated, Line, at_infinity
from ganray.metrics.features import Embedding, check_probabilities
from ganray.metrics.metric import Value


class InceptionInfinity(Extrapolated):
    """The Inception Score extrapolated to infinitely many generated images.

    From 1 to the number of classes, but for the error of the extrapolation. The Inception Score of
    few images is too low, so that this is mostly the higher. It sees no more than that one does:
    neither real images nor what varies within a class.
    """

    title = "Inception Score at infinity"
    known_as: ClassVar[Mapping[str, str]] = {"inception": "IS∞"}
    meaning = "Inception Score extrapolated to infinitely many generated images"
    better = "higher"
    needs = frozenset({"posteriors"})

    name: Literal["inception_infinity"] = Field("inception_infinity", description="the metric")

    def compute(self, _: Embedding, generated: Embedding) -> Value:
        """The intercept; the slope and the score of all images, in one part, are details."""
        found = inception_infinity(generated.probabilities, self.sizes, self.seed)
        return Value(found.intercept, details=found.details)


def inception_infinity(
    probabilities: Float[np.ndarray, "n k"], sizes: int = SIZES, seed: int = 0
) -> Line:
    """The line in 1/n through the Inception Scores, in one part, of `sizes` draws.

    Raises:
        RefusedInput: for rows that are no probabilities, fewer images than `fewest(sizes)`, and
            fewer than two sizes.
    """
    check_probabilities(probabilities)
    return at_infinity(
        lambda rows: inception_score(probabilities[rows], splits=1, shuffled=False)[0],
        len(probabilities),
        sizes,
        seed,
        "inception_infinity",
    )
