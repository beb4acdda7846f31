"""The Inception Score of any classifier's posteriors.

Salimans et al., "Improved Techniques for Training GANs", 2016: exp E_x KL(p(y|x) ‖ p(y)).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import Float, Float64
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.features import Embedding, check_probabilities
from ganray.metrics.metric import Metric, Value
from ganray.randomness import permutation


class InceptionScore(Metric):
    """How sure a classifier is of each image, and how various it finds all of them."""

    title = "Inception Score"
    meaning = "exp of the mean KL between an image's posteriors and their mean over the images"
    better = "higher"
    needs = frozenset({"posteriors"})
    usual = True

    name: Literal["inception_score"] = Field("inception_score", description="the metric")
    splits: int = Field(10, ge=1, le=10**6, description="equal parts of the images, as published")

    @property
    def least(self) -> int:
        """One image for each part."""
        return max(2, self.splits)

    def compute(self, _: Embedding, generated: Embedding) -> Value:
        """The mean over the parts with their standard deviation; real images have no part in it."""
        mean, deviation = inception_score(generated.probabilities, self.splits)
        return Value(mean, standard_deviation=deviation)


def inception_score(
    probabilities: Float[np.ndarray, "n k"], splits: int = 10, shuffled: bool = True
) -> tuple[float, float]:
    """The score's mean and (population) standard deviation over `splits` equal parts.

    It lies in [1, k]: 1 where all images look alike to the classifier, k where it is sure of each
    and all classes are equally frequent. The published code splits in the given order, which for
    images sorted by class scores near 1; a fixed permutation comes first unless `shuffled` is off.

    Raises:
        RefusedInput: if rows are no probabilities, or there are fewer rows than splits.
    """
    check_probabilities(probabilities)
    n = len(probabilities)
    if not 1 <= splits <= n:
        raise RefusedInput(f"splits (={splits}) must be from 1 to the number of images, {n}")
    order = permutation(0, "inception_score", 0, n) if shuffled else np.arange(n)
    posteriors = probabilities[order].astype(np.float64)
    edges = [i * n // splits for i in range(splits + 1)]
    scores = [_one_split(posteriors[start:stop]) for start, stop in pairwise(edges)]
    return float(np.mean(scores)), float(np.std(scores))


def _one_split(posteriors: Float64[np.ndarray, "n k"]) -> float:
    from scipy.special import rel_entr

    marginal = posteriors.mean(axis=0)
    return float(np.exp(rel_entr(posteriors, marginal).sum(axis=1).mean()))
