"""CAFD, the class-aware Fréchet distance: one Fréchet distance per class, softly assigned.

Liu et al., "An Improved Evaluation Framework for Generative Adversarial Networks", 2018, with the
definitions of its public code: class k weighs image i by the posterior p_k(xᵢ) of a classifier,
covariances are divided by the total weight, and classes count alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, zip_longest

import numpy as np
from jaxtyping import Float
from scipy.special import rel_entr

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.frechet import Gaussian
from ganray.metrics.inception_score import check_probabilities
from ganray.metrics.moments import CHUNK, Moments, moments

_DDOF = 0  # as published: Σ_k divides by Σᵢ p_k(xᵢ)


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


def class_divergence(p_real: Float[np.ndarray, "n k"], p_gen: Float[np.ndarray, "m j"]) -> float:
    """KL(real ‖ generated), in nats, between the mean posteriors: whether classes are in balance.

    Infinite where a class of the real set has exactly no probability in the generated set.

    Raises:
        RefusedInput: if rows are no probabilities or the numbers of classes differ.
    """
    check_probabilities(p_real)
    check_probabilities(p_gen)
    if p_real.shape[1] != p_gen.shape[1]:
        raise RefusedInput(f"p_real has {p_real.shape[1]} classes, p_gen has {p_gen.shape[1]}")
    real, generated = (p.mean(axis=0, dtype=np.float64) for p in (p_real, p_gen))
    return max(0.0, float(rel_entr(real / real.sum(), generated / generated.sum()).sum()))


def _fitted(name: str, k: int, one: Moments | Gaussian) -> Gaussian:
    if isinstance(one, Gaussian):
        return one
    if one.weight == 0.0:
        raise UndefinedScore(
            f"{name}: class {k} has no weight in any image, so that its covariance is "
            "undefined; every class needs some posterior probability"
        )
    return Gaussian.fit(one, _DDOF)
