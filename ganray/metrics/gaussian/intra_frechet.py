"""The Fréchet distance within each class, by the labels that images were made for.

Miyato and Koyama, "cGANs with Projection Discriminator", ICLR 2018 (as "intra FID"): the mean over
the classes of the Fréchet distance between real and generated images of a class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float, Int64
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.features import Embedding
from ganray.metrics.gaussian.cafd import averaged, class_aware_frechet_distance
from ganray.metrics.gaussian.class_gaussians import (
    check_members,
    few,
    member_gaussian,
    member_shares,
)
from ganray.metrics.gaussian.frechet_distance import DISTANCE_TERMS, Gaussian
from ganray.metrics.metric import Metric, Value
from ganray.process.arithmetic import HERE, place

_DDOF = 1  # as the FID of a class, of which it is the mean


class IntraFrechet(Metric):
    """The mean over the classes of the Fréchet distance within a class, by known labels.

    In squared units of the features. It sees an image of another class than was asked for, which a
    Fréchet distance of all images does not. A class has a tenth of the images or fewer, so that it
    is biased upwards far more than that one: read it beside its floor.
    """

    title = "intra-class Fréchet distance"
    known_as: ClassVar[Mapping[str, str]] = {"inception": "intra-FID"}
    meaning = "mean over the classes of the Fréchet distance within a class, by known labels"
    better = "lower"
    needs = frozenset({"features"})
    fits_covariances = True
    multiplies = True
    asks = frozenset({"real labels", "generated labels"})

    name: Literal["intra_frechet"] = Field("intra_frechet", description="the metric")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The mean over the classes that occur, and a term for each in the order of classes."""
        theirs, own = _labels("real", real), _labels("generated", generated)
        classes = np.union1d(theirs, own).tolist()
        check_members("real", theirs, classes)
        if place() != HERE:
            from ganray.metrics.gaussian.batched import class_distances  # torch

            check_members("generated", own, classes)
            mean, terms = averaged(class_distances(real, generated, _shares, _DDOF), None)
            return Value(mean, per_class=terms)
        fake = _within("generated", generated, own, classes)
        kept = few(len(classes), real.features.shape[1])
        reference = real.once(_all_classes) if kept else _within("real", real, theirs, classes)
        mean, terms = class_aware_frechet_distance(reference, fake)
        return Value(mean, per_class=terms)

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """A distance for each class."""
        return max(classes, 1) * DISTANCE_TERMS * float(dimensions) ** 3


def _labels(name: str, embedding: Embedding) -> Int64[np.ndarray, "n"]:
    if embedding.labels is None:
        raise RefusedInput(f"{name}: labels (=None) must be the class of each image, from 0 on")
    return embedding.labels


def _shares(embedding: Embedding, name: str) -> Float[np.ndarray, "n k"]:
    """Of the classes that occur, which are those of both sets."""
    labels = _labels(name, embedding)
    return member_shares(name, labels, np.unique(labels).tolist())


def _within(
    name: str, embedding: Embedding, labels: Int64[np.ndarray, "n"], classes: Sequence[int]
) -> Iterator[Gaussian]:
    return map(member_gaussian(name, embedding.features, labels, classes, _DDOF), classes)


def _all_classes(real: Embedding) -> list[Gaussian]:
    """Kept where they are small, as each is factored once."""
    labels = _labels("real", real)
    return list(_within("real", real, labels, np.unique(labels).tolist()))
