"""The Inception Score of any classifier's posteriors.

Salimans et al., "Improved Techniques for Training GANs", 2016: exp E_x KL(p(y|x) ‖ p(y)).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from jaxtyping import Float, Float64
from scipy.special import rel_entr

from ganray.errors import RefusedInput
from ganray.randomness import permutation

_SUM_TOLERANCE = 1e-3  # wide enough for float32 softmax over a thousand classes


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


def check_probabilities(probabilities: Float[np.ndarray, "n k"]) -> None:
    """Make sure that each row is a probability vector.

    Raises:
        RefusedInput: naming the first row that is not, or if there are no rows.
    """
    if probabilities.size == 0:
        raise RefusedInput(f"probabilities is empty (shape {probabilities.shape})")
    sums = probabilities.sum(axis=1, dtype=np.float64)
    valid = (abs(sums - 1.0) <= _SUM_TOLERANCE) & (probabilities >= 0).all(axis=1)
    if not valid.all():
        row = int(np.argmin(valid))
        raise RefusedInput(
            f"probabilities: row {row} sums to {sums[row]:g} with minimum "
            f"{probabilities[row].min():g}; each row must be non-negative and sum to 1 "
            "(softmax, not logits)"
        )


def _one_split(posteriors: Float64[np.ndarray, "n k"]) -> float:
    marginal = posteriors.mean(axis=0)
    return float(np.exp(rel_entr(posteriors, marginal).sum(axis=1).mean()))
