"""What FLD compares generated images with: units, training images and the baseline's loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64

from ganray.errors import UndefinedScore
from ganray.metrics.copying.fitting import fit_mixture
from ganray.metrics.copying.neighbours import check_dimensions, training_of
from ganray.metrics.features import Embedding
from ganray.randomness import permutation

_BLOCK = 2048  # images whose features are widened to float64 at once


@dataclass(frozen=True, eq=False)
class Reference:
    """What generated images are compared with; all features in units of the held-out images'.

    Attributes:
        varying: which features differ among the held-out images at all.
        training: those that mixtures are fitted to.
        baseline: the held-out images' loss of a mixture around as many training images as there are
            generated ones, or half of them, in nats for each dimension.
    """

    varying: Bool[np.ndarray, "m"]
    mean: Float64[np.ndarray, "d"]
    deviation: Float64[np.ndarray, "d"]
    held_out: Float32[np.ndarray, "n d"]
    training: Float32[np.ndarray, "k d"]
    baseline: float

    def standard(self, features: Float32[np.ndarray, "n m"]) -> Float32[np.ndarray, "n d"]:
        """The varying features, in units of the held-out images' deviations."""
        check_dimensions(features.shape[1], len(self.varying))
        return _standard(features, self.varying, self.mean, self.deviation)


@dataclass(frozen=True)
class Comparing:
    """How a reference is made: a statistic of the real images, for `Embedding.once`."""

    count: int
    training: int | None
    seed: int

    def __call__(self, real: Embedding) -> Reference:
        features = training_of(real).features
        return compared_with(real.features, features, self.count, self.training, self.seed)


def compared_with(
    held_out: Float32[np.ndarray, "n d"],
    training: Float32[np.ndarray, "m k"],
    count: int,
    most: int | None = None,
    seed: int = 0,
) -> Reference:
    """What so many generated images are compared with.

    Args:
        most: of the training images that a mixture is fitted to; none: all.

    Raises:
        RefusedInput: the two differ in dimensions.
        UndefinedScore: there are fewer than two training images, or no feature varies among the
            held-out ones.
    """
    check_dimensions(training.shape[1], held_out.shape[1])
    mean = held_out.mean(axis=0, dtype=np.float64)
    deviation = held_out.std(axis=0, dtype=np.float64, ddof=1)
    varying = held_out.min(axis=0) < held_out.max(axis=0)
    if len(training) < 2 or not varying.any():
        raise UndefinedScore(
            f"{len(training)} training images and {varying.sum()} features that differ among the "
            f"{len(held_out)} held-out ones: at least 2 and 1 are needed"
        )
    units = varying, mean[varying], deviation[varying]
    order = permutation(seed, "fld/training", 0, len(training))
    half = min(count, len(training) // 2)
    fixed = _standard(held_out, *units)
    others = _standard(training[order[half:][:most]], *units)
    baseline = fit_mixture(_standard(training[order[:half]], *units), others, seed).loss(fixed)
    return Reference(*units, fixed, _standard(training[order[:most]], *units), baseline)


def _standard(
    features: Float32[np.ndarray, "n m"],
    varying: Bool[np.ndarray, "m"],
    mean: Float64[np.ndarray, "d"],
    deviation: Float64[np.ndarray, "d"],
) -> Float32[np.ndarray, "n d"]:
    blocks = [features[i : i + _BLOCK][:, varying] for i in range(0, len(features), _BLOCK)]
    return np.concatenate([((block - mean) / deviation).astype(np.float32) for block in blocks])
