"""Cells of the feature space by k-means of the training features, as C_T needs them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64

from ganray.errors import RefusedInput, UndefinedScore
from ganray.k_means import Clustering, k_means
from ganray.metrics.copying.neighbours import check_dimensions, training_of
from ganray.metrics.features import Embedding
from ganray.metrics.moments import moments
from ganray.metrics.nearest import nearest
from ganray.process.progress import shares, steps

_ITERATIONS = 20  # of k-means, about, for who wants to know how far it is
_BLOCK = 2048  # images whose features are widened to float64 at once


@dataclass(frozen=True, eq=False)
class Space:
    """Features reduced to few axes, and cut into the cells of the nearest centres.

    Attributes:
        axes: what features are reduced to, after `mean` is taken from them; None: as they are.
    """

    mean: Float64[np.ndarray, "d"]
    axes: Float64[np.ndarray, "d p"] | None
    centres: Float64[np.ndarray, "k p"]

    def place(
        self, features: Float32[np.ndarray, "n m"]
    ) -> tuple[Float32[np.ndarray, "n p"], Int64[np.ndarray, "n"]]:
        """The reduced features of images, and the cell that each is in."""
        check_dimensions(features.shape[1], len(self.mean))
        reduced = _reduced(features, self.mean, self.axes)
        return reduced, nearest(reduced, self.centres)[0]


@dataclass(frozen=True, eq=False)
class Partition:
    """The training images in cells, and how far held-out images are from them.

    Attributes:
        training: the reduced features of each cell's training images.
        held_out: of each cell, its held-out images' distances from their nearest training image
            in the same cell.
    """

    space: Space
    training: list[Float32[np.ndarray, "_ p"]]
    held_out: list[Float64[np.ndarray, " _"]]


@dataclass(frozen=True)
class Partitioning:
    """How cells are made: a statistic of the real images, for `Embedding.once`."""

    cells: int
    dimensions: int
    restarts: int
    seed: int

    def __call__(self, real: Embedding) -> Partition:
        """As `partition` does of the embedding's training and held-out images."""
        training = training_of(real).features
        settings = (self.cells, self.dimensions, self.restarts, self.seed)
        return partition(training, real.features, *settings)


def partition(
    training: Float32[np.ndarray, "n d"],
    held_out: Float32[np.ndarray, "m p"],
    cells: int = 3,
    dimensions: int = 64,
    restarts: int = 10,
    seed: int = 0,
) -> Partition:
    """The cells of the training images, with the held-out ones placed in them.

    Args:
        dimensions: the principal axes that features are reduced to where they have more.
        restarts: of k-means, of which the lowest inertia is taken.

    Raises:
        RefusedInput: the two differ in dimensions.
        UndefinedScore: there are fewer different training images than cells.
    """
    mean, axes = principal_axes(training, dimensions)
    reduced = _reduced(training, mean, axes)
    clustering, placing, comparing = shares(
        restarts * cells * _ITERATIONS, cells, len(held_out) / cells
    )
    with clustering:
        clusters = _best(reduced, cells, restarts, seed)
    space = Space(mean, axes, clusters.centres)
    own = [reduced[clusters.assignment == k] for k in range(cells)]
    with placing:
        placed, cell = space.place(held_out)
    with comparing:
        near = []
        for k, share in enumerate(shares(*np.bincount(cell, minlength=cells).tolist())):
            with share:
                near.append(np.sqrt(nearest(placed[cell == k], own[k])[1]))
    return Partition(space, own, near)


def _best(reduced: Float32[np.ndarray, "n p"], cells: int, restarts: int, seed: int) -> Clustering:
    try:
        found = [
            k_means(reduced, cells, seed, restart)
            for restart in steps(range(restarts), [1] * restarts)
        ]
    except RefusedInput:
        raise UndefinedScore(
            f"the {len(reduced)} training images have fewer different features than there are "
            f"cells, {cells}"
        ) from None
    return min(found, key=lambda clustering: clustering.inertia)


def principal_axes(
    features: Float32[np.ndarray, "n d"], most: int
) -> tuple[Float64[np.ndarray, "d"], Float64[np.ndarray, "d p"] | None]:
    """The mean, and the axes of the largest variance; none where there are no more than `most`."""
    d = features.shape[1]
    if d <= most:
        return np.zeros(d), None
    from scipy.linalg import eigh

    found = moments(features)
    _, axes = eigh(found.scatter, subset_by_index=(d - most, d - 1))
    return found.mean, axes[:, ::-1]


def _reduced(
    features: Float32[np.ndarray, "n d"],
    mean: Float64[np.ndarray, "d"],
    axes: Float64[np.ndarray, "d p"] | None,
) -> Float32[np.ndarray, "n p"]:
    if axes is None:
        return features
    found = np.empty((len(features), axes.shape[1]), np.float32)
    for start in range(0, len(features), _BLOCK):
        rows = slice(start, start + _BLOCK)
        found[rows] = (features[rows].astype(np.float64) - mean) @ axes
    return found
