"""How smoothly images change along a path between two latent vectors.

A generator that has learnt images by heart jumps from one to the next; one that has understood them
moves. Interpolation is a test in pictures (Radford, Metz and Chintala, arXiv 1511.06434, "walking
in the latent space"); these numbers are this project's own, and they know the path by its images'
features alone: how latent vectors were interpolated is the caller's business.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from ganray.errors import RefusedInput, UndefinedScore


@dataclass(frozen=True)
class Smoothness:
    """How even and how straight a path of images is, in the units of an encoder's features.

    Attributes:
        length: Σ of the steps' Euclidean lengths.
        distance: between the first and the last image.
        detour: length / distance, 1 for a straight line and more for any other. It grows with the
            number of steps where the path is rough at every scale, so compare equal numbers.
        largest_share: the largest step's share of the length, from 1/steps, where all are equal, to
            1, where the image changes all at once.
    """

    length: float
    distance: float
    detour: float
    largest_share: float


def smoothness(path: Float[np.ndarray, "n d"]) -> Smoothness:
    """The smoothness of one path, image after image.

    Args:
        path: features of three images or more in their order, both ends included.

    Raises:
        RefusedInput: there are fewer than three images.
        UndefinedScore: both ends have equal features.
    """
    if len(path) < 3:
        raise RefusedInput(f"path has {len(path)} images; both ends and 1 between are needed")
    points = path.astype(np.float64)
    steps = _lengths(np.diff(points, axis=0))
    distance = float(_lengths(points[-1:] - points[:1])[0])
    if distance == 0.0:
        raise UndefinedScore("both ends of the path have equal features: no detour is defined")
    length = float(steps.sum())
    return Smoothness(length, distance, length / distance, float(steps.max()) / length)


def _lengths(steps: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n"]:
    return np.sqrt(np.square(steps).sum(axis=1))
