"""Whether classes are in balance, on hard counts, with an interval for each class's share.

Simultaneous intervals: Goodman, "On Simultaneous Confidence Intervals for Multinomial Proportions",
Technometrics 7 (1965).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float, Float64, Int64
from pydantic import Field

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.features import Embedding, check_probabilities
from ganray.metrics.metric import Metric, Value
from ganray.text.wording import short_list


class ClassHistogram(Metric):
    """KL(real ‖ generated) of the shares of classes, each image counted for its likeliest one.

    In nats, 0 where the shares are equal; infinite, and so undefined, where the generated images
    have none of a class that real ones have. The classifier's mistakes count on both sides; how
    sure it is does not. It does not see what images of a class look like. Each class's share stands
    beside it with Goodman's interval, which hold all at once with `confidence`, and how many real
    shares lie outside them.
    """

    title = "class histogram divergence"
    meaning = "KL(real ‖ generated) of the classes' shares, each image counted for its likeliest"
    better = "lower"
    needs = frozenset({"class posteriors"})

    name: Literal["class_histogram"] = Field("class_histogram", description="the metric")
    confidence: float = Field(0.95, gt=0, lt=1, description="of all intervals at once")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The divergence; undefined where a class of the real images has no generated one."""
        wanted, found = real.once(_shares), class_counts(generated.probabilities)
        value = histogram_divergence(wanted, found)
        low, high = goodman_intervals(found, self.confidence)
        details = {"classes outside": float(((wanted < low) | (wanted > high)).sum())}
        for k, ends in enumerate(zip(found / found.sum(), low, high, strict=True)):
            names = (f"class {k}{end}" for end in ("", " low", " high"))
            details |= {name: float(end) for name, end in zip(names, ends, strict=True)}
        return Value(value, details=details)


def _shares(real: Embedding) -> Float64[np.ndarray, "k"]:
    counts = class_counts(real.probabilities)
    return np.asarray(counts / counts.sum())


def class_counts(probabilities: Float[np.ndarray, "n k"]) -> Int64[np.ndarray, "k"]:
    """How many images are of each class, by the largest posterior, the first of equals.

    Raises:
        RefusedInput: rows are no probabilities.
    """
    check_probabilities(probabilities)
    return np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1])


def histogram_divergence(wanted: Float64[np.ndarray, "k"], counts: Int64[np.ndarray, "m"]) -> float:
    """KL of the shares `wanted` from those of counts, in nats.

    Raises:
        RefusedInput: they differ in classes.
        UndefinedScore: infinite, as a wanted class is empty; names which.
    """
    from scipy.special import rel_entr

    if len(wanted) != len(counts):
        raise RefusedInput(f"wanted has {len(wanted)} classes, counts has {len(counts)}")
    missing = np.flatnonzero((counts == 0) & (wanted > 0)).tolist()
    if missing:
        raise UndefinedScore(
            f"infinite: no generated image is of class {short_list(missing)} (counted from 0), "
            "which real images are of"
        )
    return max(0.0, float(rel_entr(wanted, counts / counts.sum()).sum()))


def goodman_intervals(
    counts: Int64[np.ndarray, "k"], confidence: float = 0.95
) -> tuple[Float64[np.ndarray, "k"], Float64[np.ndarray, "k"]]:
    """Lower and upper ends for the share of each of k classes, all held at once.

    The ends are where (p̂ − p)² = A p (1 − p) / n, with A the χ² quantile of one degree of freedom
    at 1 − (1 − confidence) / k.

    Raises:
        RefusedInput: confidence is not between 0 and 1, or there is no image.
    """
    from scipy.special import chdtri

    n, k = int(counts.sum()), len(counts)
    if not 0 < confidence < 1:
        raise RefusedInput(f"confidence (={confidence!r}) must lie between 0 and 1")
    if n < 1:
        raise RefusedInput(f"counts (={counts.tolist()}) must be of at least 1 image")
    quantile = float(chdtri(1, (1 - confidence) / k))
    root = np.sqrt(quantile * (quantile + 4 * counts * (n - counts) / n))
    low, high = ((quantile + 2 * counts + sign * root) / (2 * (n + quantile)) for sign in (-1, 1))
    return np.maximum(low, 0), np.minimum(high, 1)
