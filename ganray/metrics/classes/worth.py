"""How many real images a synthetic set is worth to a classifier.

Asked in Madry's lecture "Are GANs Truly Distribution Learners?" and in Santurkar et al., "A
Classification-Based Study of Covariate Shift in GAN Distributions", arXiv 1711.00970. The
interpolation, linear in the logarithm of the number, is a choice of our own.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64, Int64

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.classes.logistic_regression import PENALTY, fit
from ganray.randomness import permutation


def real_accuracies(
    train: tuple[Float[np.ndarray, "n d"], Int64[np.ndarray, "n"]],
    test: tuple[Float[np.ndarray, "m d"], Int64[np.ndarray, "m"]],
    counts: Int64[np.ndarray, "p"],
    penalty: float = PENALTY,
    seed: int = 0,
) -> Float64[np.ndarray, "p"]:
    """Accuracies on test images of linear classifiers of the first so many training images.

    In the order of one fixed permutation, so that a larger subset holds every smaller one.

    Args:
        train: features and labels; `test` likewise.

    Raises:
        RefusedInput: a count is below 1 or above the number of training images.
    """
    features, labels = train
    if not ((counts >= 1) & (counts <= len(labels))).all():
        raise RefusedInput(f"counts (={counts.tolist()}) must be from 1 to {len(labels)}")
    order = permutation(seed, "worth", 0, len(labels))
    classes = int(max(labels.max(), test[1].max())) + 1
    parts = [order[:count] for count in counts.tolist()]
    return np.array(
        [fit(features[one], labels[one], classes, penalty).accuracy(*test) for one in parts]
    )


def worth_in_real_images(
    counts: Int64[np.ndarray, "p"], accuracies: Float64[np.ndarray, "m"], accuracy: float
) -> float:
    """The number of real images that give this accuracy, from those that some numbers give.

    The curve is made to rise, each accuracy at least that of fewer images, and interpolated
    linearly in the logarithm of the number; on a level stretch its first number is meant.

    Args:
        counts: rising.

    Raises:
        RefusedInput: counts do not rise from 1 or more, or differ from accuracies in number.
        UndefinedScore: the accuracy is below or above all of the curve; says which.
    """
    if len(counts) == 0 or len(counts) != len(accuracies):
        raise RefusedInput(f"counts has {len(counts)} numbers, accuracies has {len(accuracies)}")
    if counts[0] < 1 or (np.diff(counts) <= 0).any():
        raise RefusedInput(f"counts (={counts.tolist()}) must rise, from 1 or more")
    curve = np.maximum.accumulate(accuracies)
    if not curve[0] <= accuracy <= curve[-1]:
        side, end = ("fewer", counts[0]) if accuracy < curve[0] else ("more", counts[-1])
        raise UndefinedScore(
            f"accuracy (={accuracy!r}) is worth {side} real images than {end}, which the curve "
            f"from {curve[0]:g} to {curve[-1]:g} does not reach"
        )
    above = int(np.searchsorted(curve, accuracy))
    if curve[above] == accuracy:
        return float(counts[above])
    part = (accuracy - curve[above - 1]) / (curve[above] - curve[above - 1])
    low, high = np.log(counts[above - 1 : above + 1].astype(np.float64))
    return float(np.exp(low + part * (high - low)))
