"""How many modes of a labelled set the generated images cover.

Counted as for StackedMNIST's 1,000 modes, there with one image and any certainty (Metz et al.,
"Unrolled Generative Adversarial Networks", arXiv 1611.02163; Lin et al., "PacGAN", arXiv
1712.04086).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int64
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.features import Embedding, check_probabilities
from ganray.metrics.metric import Metric, Value


class ModeCount(Metric):
    """Classes with at least `at_least` images that a classifier is sure of.

    From 0 to the number of classes; real images' count by the same rule stands beside it, with the
    share of generated images that it is sure of. It does not see how often a mode is met, how good
    or how various its images are, and it grows with their number: compare at equal n. A classifier
    that is sure of noise counts noise. `{at_least: 1, confidence: 0}` is how others count.
    """

    title = "mode count"
    meaning = "classes that enough generated images belong to, by a sure classifier"
    better = "higher"
    needs = frozenset({"class posteriors"})

    name: Literal["mode_count"] = Field("mode_count", description="the metric")
    at_least: int = Field(1, ge=1, description="images that a mode must have")
    confidence: float = Field(
        0.9, ge=0, le=1, description="posterior from which on an image counts for its class"
    )

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The number of modes."""
        counts = sure_counts(generated.probabilities, self.confidence)
        value = float((counts >= self.at_least).sum())
        details = {
            "real images": real.once(_RealModes(self.at_least, self.confidence)),
            "share assigned": float(counts.sum() / generated.count),
        }
        return Value(value, details=details)


@dataclass(frozen=True)
class _RealModes:
    at_least: int
    confidence: float

    def __call__(self, real: Embedding) -> float:
        counts = sure_counts(real.probabilities, self.confidence)
        return float((counts >= self.at_least).sum())


def sure_counts(
    probabilities: Float[np.ndarray, "n k"], confidence: float = 0.9
) -> Int64[np.ndarray, "k"]:
    """How many images each class has whose largest posterior is its own and at least so large.

    Raises:
        RefusedInput: rows are no probabilities, or confidence is none.
    """
    if not 0 <= confidence <= 1:
        raise RefusedInput(f"confidence (={confidence!r}) must be from 0 to 1")
    check_probabilities(probabilities)
    sure = probabilities.max(axis=1) >= confidence
    return np.bincount(probabilities.argmax(axis=1)[sure], minlength=probabilities.shape[1])
