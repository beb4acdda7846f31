"""CAFD, the class-aware Fréchet distance: one Fréchet distance per class, softly assigned.

Liu et al., "An Improved Evaluation Framework for Generative Adversarial Networks", 2018, with the
definitions of its public code: class k weighs image i by the posterior p_k(xᵢ) of a classifier,
covariances are divided by the total weight, and classes count alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, zip_longest
from typing import Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.features import Embedding, check_probabilities
from ganray.metrics.gaussian.frechet_distance import DISTANCE_TERMS, Gaussian
from ganray.metrics.metric import Metric, Value
from ganray.metrics.moments import CHUNK, Moments, moments

_DDOF = 0  # as published: Σ_k divides by Σᵢ p_k(xᵢ)
_GAUSSIAN_BYTES = 16  # of each d²: a covariance and its factor
_KEPT_BYTES = 2**28


class Cafd(Metric):
    """Class-aware Fréchet distance, as published."""

    title = "CAFD"
    meaning = "class-aware Fréchet distance: the mean over classes, softly assigned by posteriors"
    better = "lower"
    needs = frozenset({"features", "class posteriors"})
    usual = True

    name: Literal["cafd"] = Field("cafd", description="the metric")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The mean over classes, and a term for each."""
        k, d = real.probabilities.shape[1], real.features.shape[1]
        few = k * d * d * _GAUSSIAN_BYTES <= _KEPT_BYTES
        reference = real.once(_all_classes) if few else _classes(real)
        fake = class_moments(generated.features, generated.probabilities)
        mean, terms = class_aware_frechet_distance(reference, fake)
        return Value(mean, per_class=terms)

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """A distance for each class."""
        return classes * DISTANCE_TERMS * float(dimensions) ** 3


def _classes(real: Embedding) -> Iterator[Gaussian]:
    return class_gaussians(class_moments(real.features, real.probabilities))


def _all_classes(real: Embedding) -> list[Gaussian]:
    """Kept where they are small, as each is factored once."""
    return list(_classes(real))


def class_moments(
    features: Float[np.ndarray, "n d"],
    probabilities: Float[np.ndarray, "m k"],
    chunk: int = CHUNK,
) -> Iterator[Moments]:
    """The k moments of the features, those of class k with the weights p_k(xᵢ), one by one.

    Only one is there at a time: 1,000 classes of 1,024² would take 8 GB.

    Raises:
        RefusedInput: for rows that do not match or are no probabilities, and as `moments` does.
    """
    check_probabilities(probabilities)
    return (moments(features, weights, chunk) for weights in probabilities.T)


def class_gaussians(classes: Iterable[Moments]) -> Iterator[Gaussian]:
    """CAFD's k normal distributions, one by one; a few may be kept, as each is factored once.

    Raises:
        UndefinedScore: naming a class to which no image belongs at all.
    """
    return (_fitted("classes", k, one) for k, one in enumerate(classes))


def class_aware_frechet_distance(
    reference: Iterable[Moments | Gaussian], generated: Iterable[Moments]
) -> tuple[float, list[float]]:
    """The unweighted mean over classes of the Fréchet distance, and its k terms.

    Class by class, so that no more than two are held. With about 1,000 images per class in 1,024
    dimensions the finite-sample bias is large: print the value between two real sets of the same
    size beside it.

    Raises:
        RefusedInput: if the two differ in classes or dimensions.
        UndefinedScore: if a class is empty.
    """
    terms = []
    real_ones, fake_ones = iter(reference), iter(generated)
    for k, (real, fake) in enumerate(zip_longest(real_ones, fake_ones)):
        if real is None or fake is None:
            counts = [k + (one is not None) for one in (real, fake)]
            more = sum(1 for _ in chain(real_ones, fake_ones))
            counts[0 if fake is None else 1] += more
            raise RefusedInput(f"reference has {counts[0]} classes where generated has {counts[1]}")
        fitted = _fitted("reference", k, real), _fitted("generated", k, fake)
        terms.append(fitted[0].distance(fitted[1]))
    if not terms:
        raise RefusedInput("generated has no classes; at least 1 is needed")
    return float(np.mean(terms)), terms


def _fitted(name: str, k: int, one: Moments | Gaussian) -> Gaussian:
    if isinstance(one, Gaussian):
        return one
    if one.weight == 0.0:
        raise UndefinedScore(
            f"{name}: class {k} has no weight in any image, so that its covariance is "
            "undefined; every class needs some posterior probability"
        )
    return Gaussian.fit(one, _DDOF)
