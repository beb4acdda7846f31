"""Classes where there are no labels: k-means, and how well a clustering agrees with labels.

Lloyd, "Least squares quantization in PCM" (1982), from the first centres of Arthur and
Vassilvitskii, "k-means++" (2007). Every draw is by index, and sums are taken in one order, so that
a clustering depends on the features, the seed and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64

from ganray.errors import RefusedInput
from ganray.randomness import uniforms

_BLOCK = 2048  # images whose features are widened to float64 at once
_MOST_MOVES = 300


@dataclass(frozen=True)
class Clustering:
    """Each image's cluster, the clusters' means, and Σ ‖feature − mean of its cluster‖²."""

    assignment: Int64[np.ndarray, "n"]
    centres: Float64[np.ndarray, "k d"]
    inertia: float


def k_means(
    features: Float32[np.ndarray, "n d"], clusters: int, seed: int, restart: int = 0
) -> Clustering:
    """A local minimum of the inertia, from first centres that `restart` draws.

    Centres move until no image changes its cluster, 300 times at most. A cluster that is left empty
    begins anew at the image that is farthest from its own centre.

    Raises:
        RefusedInput: there are fewer different features than clusters.
    """
    centres = _first_centres(features, clusters, seed, f"k-means/{restart}")
    assignment = np.full(len(features), -1)
    for _ in range(_MOST_MOVES):
        nearest, sums = _nearest(features, centres)
        if not np.bincount(nearest, minlength=clusters).all():
            distances = _squares(features, centres, nearest)
            nearest = _without_empty(nearest, distances, clusters)
            sums = _sums(features, nearest, clusters)
        if np.array_equal(nearest, assignment):
            break
        assignment = nearest
        centres = sums / np.bincount(assignment, minlength=clusters)[:, None]
    distances = _squares(features, centres, assignment)
    return Clustering(assignment, centres, float(distances.sum()))


def _first_centres(
    features: Float32[np.ndarray, "n d"], clusters: int, seed: int, stream: str
) -> Float64[np.ndarray, "k d"]:
    """Each one an image's features, with a probability as the square of how far it lies from those
    before it."""
    drawn = uniforms(seed, stream, 0, clusters, 1)[:, 0]
    chosen = [int(drawn[0] * len(features))]
    distances = np.full(len(features), np.inf)
    for place in drawn[1:]:
        own = np.full(len(features), 0)
        distances = np.minimum(distances, _squares(features, features[chosen[-1:]], own))
        ends = np.cumsum(distances)
        if not ends[-1] > 0:
            raise RefusedInput(
                f"split.clusters (={clusters}) exceeds the {len(chosen)} different features that "
                f"the encoder gives these images; use at most {len(chosen)}, or another encoder"
            )
        found = np.searchsorted(ends, place * ends[-1], side="right")
        chosen.append(int(min(found, len(features) - 1)))
    return features[chosen].astype(np.float64)


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, start + _BLOCK) for start in range(0, count, _BLOCK))


def _nearest(
    features: Float32[np.ndarray, "n d"], centres: Float64[np.ndarray, "k d"]
) -> tuple[Int64[np.ndarray, "n"], Float64[np.ndarray, "k d"]]:
    """The nearest centre of each image, the first of equal ones, and the sums of each one's."""
    nearest, sums = np.empty(len(features), np.int64), np.zeros(centres.shape)
    lengths = np.square(centres).sum(axis=1)
    for rows in _blocks(len(features)):
        block = features[rows].astype(np.float64)
        # ‖x − c‖² without ‖x‖², which is the same for all centres.
        nearest[rows] = (lengths - 2 * block @ centres.T).argmin(axis=1)
        sums += _members(nearest[rows], len(centres)) @ block
    return nearest, sums


def _members(
    assignment: Int64[np.ndarray, "n"], clusters: int
) -> Float64[np.ndarray, "clusters n"]:
    """1 where an image is in a cluster, else 0."""
    return (assignment == np.arange(clusters)[:, None]).astype(np.float64)


def _squares(
    features: Float32[np.ndarray, "n d"],
    centres: Float32[np.ndarray, "k d"] | Float64[np.ndarray, "k d"],
    assignment: Int64[np.ndarray, "n"],
) -> Float64[np.ndarray, "n"]:
    """How far each image lies from the centre that it is assigned to, squared."""
    found = np.empty(len(features))
    for rows in _blocks(len(features)):
        block = features[rows].astype(np.float64)
        found[rows] = np.square(block - centres[assignment[rows]]).sum(axis=1)
    return found


def _without_empty(
    nearest: Int64[np.ndarray, "n"], distances: Float64[np.ndarray, "n"], clusters: int
) -> Int64[np.ndarray, "n"]:
    """The same, with the farthest images in clusters of their own where some would be empty."""
    counts = np.bincount(nearest, minlength=clusters)
    if counts.all():
        return nearest
    moved, empty = nearest.copy(), list(np.flatnonzero(counts == 0))
    for row in np.argsort(-distances, kind="stable"):
        if not empty:
            break
        if counts[moved[row]] > 1:
            counts[moved[row]] -= 1
            moved[row] = empty.pop(0)
    return moved


def _sums(
    features: Float32[np.ndarray, "n d"], assignment: Int64[np.ndarray, "n"], clusters: int
) -> Float64[np.ndarray, "clusters d"]:
    sums = np.zeros((clusters, features.shape[1]))
    for rows in _blocks(len(features)):
        sums += _members(assignment[rows], clusters) @ features[rows].astype(np.float64)
    return sums


def contingency(
    clusters: Int64[np.ndarray, "n"], classes: Int64[np.ndarray, "n"]
) -> Int64[np.ndarray, "k m"]:
    """How many images of each class (columns) lie in each cluster (rows)."""
    rows, columns = int(clusters.max()) + 1, int(classes.max()) + 1
    counts = np.bincount(clusters * columns + classes, minlength=rows * columns)
    return counts.reshape(rows, columns).astype(np.int64)


def adjusted_rand_index(table: Int64[np.ndarray, "k m"]) -> float:
    """How a clustering agrees with labels: 1 where they are the same partition, 0 on average where
    images are put into clusters of these sizes at random.

    (S − E) / ((A + B) / 2 − E) with S = Σ C(n_ij, 2), A = Σ C(n_i·, 2), B = Σ C(n_·j, 2) and
    E = A B / C(n, 2): Hubert and Arabie, "Comparing partitions" (1985). Two partitions with one
    part each, or with a part for each image, are the same.

    Args:
        table: of `contingency`.
    """
    counts = table.astype(np.float64)
    both, first, second = (
        float((sizes * (sizes - 1) / 2).sum())
        for sizes in (counts, counts.sum(axis=1), counts.sum(axis=0))
    )
    total = counts.sum()
    pairs = total * (total - 1) / 2
    expected = first * second / pairs if pairs else 0.0
    most = (first + second) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)
