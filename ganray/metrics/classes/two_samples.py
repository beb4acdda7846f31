"""The classifier two-sample test: can a linear classifier tell generated from real images?

Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests", arXiv 1610.06545; there with nearest
neighbours or a small network and a normal approximation, here with logistic regression on features
and the exact binomial.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.classes.logistic_regression import PENALTY, fit
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value
from ganray.randomness import permutation


class TwoSamples(Metric):
    """Share of held-out images that a linear classifier rightly calls real or generated.

    1 where it tells them all apart, about ½ where it cannot: the goal is ½, and what is below it
    means no more than chance. Both sets are cut to the smaller one's number by a fixed permutation;
    the first half of each trains, the rest is classified. A difference that no hyperplane of these
    features sees, such as another spread around the same mean, leaves it at ½; a difference that
    hardly shows, such as an artefact of one pixel, can bring it to 1. The p-value is that of so
    many right ones or more by chance; it falls with the number of images, the accuracy does not.
    """

    title = "two-sample accuracy"
    meaning = "held-out accuracy of a linear classifier that tells generated from real images"
    better = "lower"
    needs = frozenset({"features"})

    name: Literal["two_samples"] = Field("two_samples", description="the metric")
    penalty: float = Field(
        PENALTY, gt=0, description="of half the squared weights, of scaled features"
    )
    seed: int = Field(0, ge=0, description="of the permutation that halves the sets")

    @property
    def least(self) -> int:
        """Two in either half."""
        return 4

    @property
    def least_real(self) -> int:
        """As many."""
        return 4

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The accuracy, with the p-value and the share recognised of either kind."""
        found = two_samples(real.features, generated.features, self.penalty, self.seed)
        return Value(
            found.accuracy,
            details={
                "p-value": found.p_value,
                "classified": float(found.classified),
                "real recognised": found.real_recognised,
                "generated recognised": found.generated_recognised,
            },
        )

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """A hundred steps of some size."""
        return 100 * 8.0 * count * dimensions


class TwoSampleTest(NamedTuple):
    """What came of it; `p_value` is one-sided."""

    accuracy: float
    p_value: float
    classified: int
    real_recognised: float
    generated_recognised: float


def two_samples(
    real: Float[np.ndarray, "n d"],
    generated: Float[np.ndarray, "m e"],
    penalty: float = PENALTY,
    seed: int = 0,
) -> TwoSampleTest:
    """Trained on a half of each set, both cut to the smaller number; tested on the rest.

    Raises:
        RefusedInput: a set has fewer than 2 images, dimensions differ, or a number is not finite.
    """
    from scipy.special import bdtrc

    least = min(len(real), len(generated))
    if least < 2:
        raise RefusedInput(
            f"real has {len(real)} images and generated {len(generated)}; at least 2 are needed"
        )
    if real.shape[1] != generated.shape[1]:
        raise RefusedInput(
            f"real features of {real.shape[1]} dimensions, generated of {generated.shape[1]}"
        )
    orders = [permutation(seed, "two_samples", 0, len(x))[:least] for x in (real, generated)]
    half = least // 2
    seen = np.concatenate([real[orders[0][:half]], generated[orders[1][:half]]])
    classifier = fit(seen, np.repeat([0, 1], half), 2, penalty)
    as_real = int((classifier.classify(real[orders[0][half:]]) == 0).sum())
    as_generated = int((classifier.classify(generated[orders[1][half:]]) == 1).sum())
    each, right = least - half, as_real + as_generated
    # The chance of more than `right − 1` of so many even ones.
    chance = float(bdtrc(right - 1, 2 * each, 0.5)) if right else 1.0
    accuracy = right / (2 * each)
    return TwoSampleTest(accuracy, chance, 2 * each, as_real / each, as_generated / each)
