"""How far images are from the nearest training image, or from the nearest other one of their set.

What is needed of real and training images alone is asked for by `once`, so that a process computes
it a single time, whatever is compared with them.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from ganray.errors import RefusedInput
from ganray.metrics.features import Embedding
from ganray.metrics.nearest import nearest, nearest_others
from ganray.process.progress import shares


def training_of(real: Embedding) -> Embedding:
    """The images that the generated ones were learnt from.

    Raises:
        RefusedInput: they are not known.
    """
    if real.training is None:
        raise RefusedInput("real.training (=None) must be the embedding of the training images")
    return real.training


def to_training(images: Embedding, real: Embedding) -> Float64[np.ndarray, "n"]:
    """How far each image is from its nearest training image, in units of the features.

    Raises:
        RefusedInput: training images are not known, or come from another encoder.
    """
    return np.asarray(np.sqrt(nearest(images.features, training_of(real).features)[1]))


def held_out_to_training(real: Embedding) -> Float64[np.ndarray, "n"]:
    """How far each real image, which was not shown to any GAN, is from its nearest training one."""
    return to_training(real, real)


def both_to_training(
    generated: Embedding, real: Embedding
) -> tuple[Float64[np.ndarray, "n"], Float64[np.ndarray, "m"]]:
    """How far generated images are from their nearest training ones, and how far real ones are."""
    first, second = shares(real.count, generated.count)
    with first:
        usual = real.once(held_out_to_training)
    with second:
        return to_training(generated, real), usual


def among_themselves(embedding: Embedding) -> Float64[np.ndarray, "n"]:
    """How far each image is from the nearest other one of its own set."""
    return np.sqrt(nearest_others(embedding.features)[1])


def check_dimensions(first: int, second: int) -> None:
    """Make sure that two sets have as many dimensions.

    Raises:
        RefusedInput: they have not.
    """
    if first != second:
        raise RefusedInput(
            f"features of {first} and of {second} dimensions cannot be compared: all sets must "
            "come from one encoder"
        )
