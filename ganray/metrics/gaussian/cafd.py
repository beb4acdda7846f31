"""CAFD, the class-aware Fréchet distance: one Fréchet distance per class, softly assigned.

Liu et al., "An Improved Evaluation Framework for Generative Adversarial Networks", 2018, with the
definitions of its public code: class k weighs image i by the posterior p_k(xᵢ) of a classifier,
covariances are divided by the total weight, and classes count alike. Hard assignment, whose
divisor is the number of a class's images, and weighing classes by the real images' mean posterior
are variants of this project's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, zip_longest
from typing import Literal

import numpy as np
from jaxtyping import Float, Float64
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.features import Embedding, check_probabilities
from ganray.metrics.gaussian.class_gaussians import (
    DDOF,
    GAUSSIAN_BYTES,
    few,
    fit_class,
    member_gaussian,
    member_shares,
)
from ganray.metrics.gaussian.frechet_distance import DISTANCE_TERMS, Gaussian
from ganray.metrics.metric import Metric, Value
from ganray.metrics.moments import Moments, moments
from ganray.process.arithmetic import HERE, place
from ganray.process.progress import steps


class Cafd(Metric):
    """Class-aware Fréchet distance; as published where `assignment` and `weights` are not set.

    In squared units of the features. It is biased upwards, the more so the fewer images a class
    has: its floor stands at the same number.
    """

    title = "CAFD"
    meaning = (
        "class-aware Fréchet distance: the mean over classes, to which posteriors assign images"
    )
    better = "lower"
    needs = frozenset({"features", "class posteriors"})
    fits_covariances = True
    multiplies = True
    usual = True

    name: Literal["cafd"] = Field("cafd", description="the metric")
    assignment: Literal["soft", "hard"] = Field(
        "soft",
        description="of images to classes: soft, to all by their posteriors, as published; hard, "
        "to the likeliest alone, of which each class then needs two",
    )
    weights: Literal["equal", "real"] = Field(
        "equal",
        description="of classes in the mean: equal, as published; real, the real images' mean "
        "posteriors",
    )

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The mean over classes, and a term for each."""
        k = real.probabilities.shape[1]
        if generated.probabilities.shape[1] != k:
            other = generated.probabilities.shape[1]
            raise RefusedInput(f"reference has {k} classes where generated has {other}")
        terms = self._terms(real, generated) if place() == HERE else self._there(real, generated)
        weights = real.once(_mean_posterior) if self.weights == "real" else None
        mean, kept = averaged(terms, weights)
        return Value(mean, per_class=kept)

    def _terms(self, real: Embedding, generated: Embedding) -> list[float]:
        from ganray.process.numerics import side_by_side

        k, d = real.probabilities.shape[1], real.features.shape[1]
        fit, fit_all = (_hard, _all_hard) if self.assignment == "hard" else (_soft, _all_soft)
        # Kept where they are small, as each is factored once.
        theirs = real.once(fit_all).__getitem__ if few(k, d) else fit(real, "real")
        own = fit(generated, "generated")
        terms = side_by_side(lambda one: theirs(one).distance(own(one)), k)
        return list(steps(terms, [1] * k))

    def _there(self, real: Embedding, generated: Embedding) -> list[float]:
        """All classes in one batch, on another device."""
        from ganray.metrics.gaussian.batched import class_distances  # torch

        shares = _hard_shares if self.assignment == "hard" else _soft_shares
        return class_distances(real, generated, shares, DDOF)

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """A distance for each class."""
        return classes * DISTANCE_TERMS * float(dimensions) ** 3

    def memory(self, count: int, dimensions: int, classes: int) -> int:  # noqa: ARG002
        """The real images' Gaussians, where they are kept."""
        return classes * dimensions**2 * GAUSSIAN_BYTES if few(classes, dimensions) else 0


def _soft(embedding: Embedding, name: str) -> Callable[[int], Gaussian]:
    """The Gaussian of a class, by its number."""
    check_probabilities(embedding.probabilities)
    shares = embedding.probabilities.T
    return lambda k: fit_class(name, k, moments(embedding.features, shares[k]))


def _hard(embedding: Embedding, name: str) -> Callable[[int], Gaussian]:
    """The same of the images whose likeliest class, the first of equals, it is."""
    check_probabilities(embedding.probabilities)
    labels, classes = embedding.probabilities.argmax(axis=1), embedding.probabilities.shape[1]
    return member_gaussian(name, embedding.features, labels, range(classes), DDOF)


def _soft_shares(embedding: Embedding, _: str) -> Float[np.ndarray, "n k"]:
    check_probabilities(embedding.probabilities)
    return embedding.probabilities


def _hard_shares(embedding: Embedding, name: str) -> Float[np.ndarray, "n k"]:
    check_probabilities(embedding.probabilities)
    labels, classes = embedding.probabilities.argmax(axis=1), embedding.probabilities.shape[1]
    return member_shares(name, labels, range(classes))


def _all_soft(real: Embedding) -> list[Gaussian]:
    return _all(real, _soft)


def _all_hard(real: Embedding) -> list[Gaussian]:
    return _all(real, _hard)


def _all(
    real: Embedding, fit: Callable[[Embedding, str], Callable[[int], Gaussian]]
) -> list[Gaussian]:
    from ganray.process.numerics import side_by_side

    return list(side_by_side(fit(real, "real"), real.probabilities.shape[1]))


def _mean_posterior(real: Embedding) -> Float64[np.ndarray, "k"]:
    return real.probabilities.mean(axis=0, dtype=np.float64)


def class_aware_frechet_distance(
    reference: Iterable[Moments | Gaussian],
    generated: Iterable[Moments | Gaussian],
    weights: Float64[np.ndarray, "k"] | None = None,
) -> tuple[float, list[float]]:
    """The mean over classes of the Fréchet distance, unweighted without `weights`, and its k terms.

    Class by class, so that no more than two are held. With about 1,000 images per class in 1,024
    dimensions the finite-sample bias is large: print the value between two real sets of the same
    size beside it.

    Raises:
        RefusedInput: if the two differ in classes or dimensions, and for weights that are none.
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
        fitted = fit_class("reference", k, real), fit_class("generated", k, fake)
        terms.append(fitted[0].distance(fitted[1]))
    return averaged(terms, weights)


def averaged(
    terms: list[float], weights: Float64[np.ndarray, "k"] | None
) -> tuple[float, list[float]]:
    """The mean of the classes' terms, and these; raises as `class_aware_frechet_distance` does."""
    if not terms:
        raise RefusedInput("generated has no classes; at least 1 is needed")
    if weights is None:
        return float(np.mean(terms)), terms
    if len(weights) != len(terms) or not (weights >= 0).all() or not weights.sum() > 0:
        raise RefusedInput(
            f"weights (={weights.tolist()}) must be {len(terms)} numbers, one a class, none below "
            "0 and not all 0"
        )
    return float(np.average(terms, weights=weights)), terms
