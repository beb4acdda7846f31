"""StackedMNIST: three digits as the channels of one image, which makes 1,000 modes.

Metz et al., "Unrolled Generative Adversarial Networks", arXiv 1611.02163. No metric itself:
`mode_count` counts modes of any posteriors, also of these.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int64, Num

from ganray.errors import RefusedInput
from ganray.metrics.features import check_probabilities
from ganray.randomness import uniforms


def stacked_posteriors(
    red: Float[np.ndarray, "n p"], green: Float[np.ndarray, "n q"], blue: Float[np.ndarray, "n r"]
) -> Float[np.ndarray, "n k"]:
    """Posteriors of all triples of classes from those of three channels, one classifier for each.

    Mode (a · q + b) · r + c has the product of the channels' posteriors of a, b and c: with digits
    the number abc. The largest is that of the three likeliest digits.

    Raises:
        RefusedInput: rows are no probabilities.
    """
    for channel in (red, green, blue):
        check_probabilities(channel)
    two = red[:, :, None] * green[:, None, :]
    return (two[:, :, :, None] * blue[:, None, None, :]).reshape(len(red), -1)


def stacked_images(
    digits: Num[np.ndarray, "n h w"],
    labels: Int64[np.ndarray, "m"],
    start: int,
    count: int,
    seed: int = 0,
) -> tuple[Num[np.ndarray, "k 3 h w"], Int64[np.ndarray, "k"]]:
    """Images `start … start + count − 1` of an endless set, and the modes that they are of.

    Each channel is a digit drawn uniformly with replacement, by the image's number alone.

    Args:
        labels: of the digits, 0 to 9.

    Raises:
        RefusedInput: no digits, or labels that do not match them.
    """
    if len(digits) == 0 or len(digits) != len(labels):
        raise RefusedInput(
            f"digits has {len(digits)} images and labels {len(labels)}: "
            "there must be as many of both, and at least 1"
        )
    if labels.min() < 0 or labels.max() > 9:
        raise RefusedInput(f"labels must be 0 to 9; they are {labels.min()} to {labels.max()}")
    drawn = uniforms(seed, "stacked_mnist", start, count, 3)
    rows = np.minimum((drawn * len(digits)).astype(np.int64), len(digits) - 1)
    return digits[rows], labels[rows] @ np.array([100, 10, 1])
