"""The Gaussian of each class, whose images are told by posteriors or by labels.

One at a time: 1,000 classes of 1,024² would take 8 GB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from jaxtyping import Float, Int64

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.features import check_probabilities
from ganray.metrics.gaussian.frechet_distance import Gaussian
from ganray.metrics.moments import CHUNK, Moments, moments
from ganray.text.wording import short_list

DDOF = 0
"""As published for CAFD: Σ_k divides by Σᵢ p_k(xᵢ)."""
GAUSSIAN_BYTES = 16
"""Of each d²: a covariance and its factor."""
_KEPT_BYTES = 2**28


def few(classes: int, dimensions: int) -> bool:
    """Whether the Gaussians of all classes are small enough to be kept for further comparisons."""
    return classes * dimensions**2 * GAUSSIAN_BYTES <= _KEPT_BYTES


def class_moments(
    features: Float[np.ndarray, "n d"],
    probabilities: Float[np.ndarray, "m k"],
    chunk: int = CHUNK,
) -> Iterator[Moments]:
    """The k moments of the features, those of class k with the weights p_k(xᵢ), one by one.

    Raises:
        RefusedInput: for rows that do not match or are no probabilities, and as `moments` does.
    """
    check_probabilities(probabilities)
    return (moments(features, weights, chunk) for weights in probabilities.T)


def class_gaussians(classes: Iterable[Moments], name: str = "classes") -> Iterator[Gaussian]:
    """CAFD's k normal distributions, one by one; a few may be kept, as each is factored once.

    Raises:
        UndefinedScore: naming a class to which no image belongs at all.
    """
    return (fit_class(name, k, one) for k, one in enumerate(classes))


def fit_class(name: str, k: int, one: Moments | Gaussian) -> Gaussian:
    """CAFD's normal distribution of class k, unless it is one by now.

    Raises:
        UndefinedScore: no image belongs to the class at all.
    """
    if isinstance(one, Gaussian):
        return one
    if one.weight == 0.0:
        raise UndefinedScore(
            f"{name}: class {k} has no weight in any image, so that its covariance is "
            "undefined; every class needs some posterior probability"
        )
    return Gaussian.fit(one, DDOF)


def check_members(name: str, labels: Int64[np.ndarray, "n"], classes: Sequence[int]) -> None:
    """Make sure that each of some classes has two images or more.

    Raises:
        UndefinedScore: naming each class that has not, with its number of images.
    """
    rare = {k: count for k in classes if (count := int((labels == k).sum())) < 2}
    if rare:
        said = short_list([f"class {k} has {count}" for k, count in rare.items()])
        raise UndefinedScore(
            f"{name}: {said} of the two images or more that a covariance needs (classes are "
            "counted from 0), so that the mean over the classes is undefined"
        )


def member_gaussian(
    name: str,
    features: Float[np.ndarray, "n d"],
    labels: Int64[np.ndarray, "m"],
    classes: Sequence[int],
    ddof: int,
) -> Callable[[int], Gaussian]:
    """The Gaussian of the features of a class, by its number, which is one of `classes`.

    Args:
        name: of the features, as errors call them.
        ddof: covariances are divided by the class's number of images less this.

    Raises:
        RefusedInput: if labels and features differ in number, and as `moments` does.
        UndefinedScore: naming the classes that have fewer than two images.
    """
    if len(labels) != len(features):
        raise RefusedInput(f"labels has {len(labels)} rows where {name} has {len(features)}")
    check_members(name, labels, classes)
    return lambda k: Gaussian.fit(moments(features[labels == k]), ddof)


def member_shares(
    name: str, labels: Int64[np.ndarray, "n"], classes: Sequence[int]
) -> Float[np.ndarray, "n k"]:
    """1 where an image is of a class, 0 elsewhere.

    Raises:
        UndefinedScore: as `check_members` does.
    """
    check_members(name, labels, classes)
    return (labels[:, None] == np.asarray(classes)).astype(np.float32)
