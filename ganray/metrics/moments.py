"""Weighted means and scatters that merge: the one statistic behind every Fréchet distance.

Features are cut into chunks of fixed size, aligned to the global index, and the chunks are merged
over a fixed binary tree in float64. A shard that owns whole chunks therefore changes no bit of the
result, however many shards there are (given one BLAS build and thread count). The merge is that of
Chan, Golub and LeVeque, "Algorithms for computing the sample variance", The American Statistician
37 (1983), equation 2.1, for weighted vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Float64

from ganray.errors import RefusedInput
from ganray.metrics.features import check_features

CHUNK = 500  # rows summed at once; part of the arithmetic, so that changing it changes last bits


@dataclass(frozen=True, eq=False)
class Moments:
    """Total weight, mean and centred scatter Σ wᵢ(xᵢ−μ)(xᵢ−μ)ᵀ of a weighted set of vectors.

    Attributes:
        root: R with RᵀR the scatter: as many rows as vectors of any weight, and one for each merge.
            Of more than d rows the scatter itself is kept instead, which is then the smaller.
    """

    weight: float
    mean: Float64[np.ndarray, "d"]
    root: Float64[np.ndarray, "r d"] | None
    _scatter: Float64[np.ndarray, "d d"] | None = None

    @cached_property
    def scatter(self) -> Float64[np.ndarray, "d d"]:
        """Σ wᵢ(xᵢ−μ)(xᵢ−μ)ᵀ."""
        if self.root is None:
            assert self._scatter is not None
            return self._scatter
        # One factor with its own transpose: NumPy takes the symmetric product, half the work.
        return self.root.T @ self.root

    @property
    def dimensions(self) -> int:
        """The number of coordinates, d."""
        return len(self.mean)

    def covariance(self, ddof: int = 0) -> Float64[np.ndarray, "d d"]:
        """The covariance `scatter / (weight − ddof)`: `ddof` 1 is unbiased for unit weights.

        Raises:
            RefusedInput: if the total weight is not above `ddof`.
        """
        return self.scatter / self.divisor(ddof)

    def divisor(self, ddof: int) -> float:
        """What the scatter is divided by; raises as `covariance` does."""
        if not self.weight > ddof:
            raise RefusedInput(
                f"a covariance with ddof={ddof} needs a total weight above {ddof}, "
                f"but these moments weigh {self.weight:g}"
            )
        return self.weight - ddof


def moments(
    features: Float[np.ndarray, "n d"],
    weights: Float[np.ndarray, "m"] | None = None,
    chunk: int = CHUNK,
) -> Moments:
    """The moments of all rows, each of weight 1 or of the (non-negative) weight given.

    Memory beside the features is O(d² log(n / chunk)).

    Raises:
        RefusedInput: as `chunk_moments` does.
    """
    return merge_tree(chunk_moments(features, weights, chunk))


def chunk_moments(
    features: Float[np.ndarray, "n d"],
    weights: Float[np.ndarray, "m"] | None = None,
    chunk: int = CHUNK,
) -> Iterator[Moments]:
    """The moments of each run of `chunk` rows, in order; the last run may be shorter.

    Chain the answers of consecutive shards into `merge_tree`: while all shards but the last hold a
    whole number of chunks, the result equals `moments` of all rows to the last bit.

    Raises:
        RefusedInput: for no rows, `chunk` < 1, weights of another length or negative, and numbers
            that are not finite.
    """
    _check(features, weights, chunk)
    return (
        _one_chunk(features[i : i + chunk], None if weights is None else weights[i : i + chunk])
        for i in range(0, len(features), chunk)
    )


def merge(a: Moments, b: Moments) -> Moments:
    """The moments of the union of two disjoint sets (an empty set, of weight 0, changes nothing).

    Raises:
        RefusedInput: if the two differ in dimensions.
    """
    if a.dimensions != b.dimensions:
        raise RefusedInput(
            f"moments of {a.dimensions} and of {b.dimensions} dimensions cannot be merged"
        )
    if b.weight == 0.0:
        return a
    if a.weight == 0.0:
        return b
    weight = a.weight + b.weight
    share = b.weight / weight
    shift = b.mean - a.mean
    between = (a.weight * share) ** 0.5 * shift[None]
    mean = a.mean + share * shift
    if a.root is not None and b.root is not None:
        return _rooted(weight, mean, np.concatenate([a.root, b.root, between]))
    return Moments(weight, mean, None, a.scatter + b.scatter + between.T @ between)


def _rooted(
    weight: float, mean: Float64[np.ndarray, "d"], root: Float64[np.ndarray, "r d"]
) -> Moments:
    found = Moments(weight, mean, root)
    return found if len(root) <= len(mean) else Moments(weight, mean, None, found.scatter)


def merge_tree(parts: Iterable[Moments]) -> Moments:
    """Merge consecutive parts over the fixed binary tree: neighbours first, then pairs, and so on.

    The tree depends on the number of parts alone, and at most log₂ of them are held at a time.

    Raises:
        RefusedInput: if there are no parts, or they differ in dimensions.
    """
    stack: list[tuple[int, Moments]] = []  # subtrees with their height, highest first
    for part in parts:
        height = 0
        while stack and stack[-1][0] == height:
            part = merge(stack.pop()[1], part)
            height += 1
        stack.append((height, part))
    if not stack:
        raise RefusedInput("parts is empty: there are no moments to merge")
    merged = stack.pop()[1]
    while stack:
        merged = merge(stack.pop()[1], merged)
    return merged


def _one_chunk(
    features: Float[np.ndarray, "n d"], weights: Float[np.ndarray, "n"] | None
) -> Moments:
    mass = np.ones(len(features)) if weights is None else weights.astype(np.float64)
    weight = float(mass.sum())
    if not mass.all():  # of one class of many, say, whose images are few
        features, mass = features[mass > 0], mass[mass > 0]
    rows = features.astype(np.float64)
    if weight == 0.0:
        return Moments(0.0, np.zeros(rows.shape[1]), np.zeros((0, rows.shape[1])))
    mean = (mass / weight) @ rows
    return _rooted(weight, mean, np.sqrt(mass)[:, None] * (rows - mean))


def _check(
    features: Float[np.ndarray, "n d"], weights: Float[np.ndarray, "m"] | None, chunk: int
) -> None:
    if chunk < 1:
        raise RefusedInput(f"chunk (={chunk}) must be at least 1")
    if len(features) == 0:
        raise RefusedInput(f"features has no rows (shape {features.shape}); at least 1 is needed")
    check_features("features", features)
    if weights is None:
        return
    if len(weights) != len(features):
        raise RefusedInput(f"weights has {len(weights)} rows where features has {len(features)}")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        row = int(np.argmin(np.isfinite(weights) & (weights >= 0)))
        raise RefusedInput(f"weights: row {row} (={weights[row]!r}) must be finite and at least 0")
