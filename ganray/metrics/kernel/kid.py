"""KID, the kernel distance: how far two sets are apart in all moments to the third.

Bińkowski et al., "Demystifying MMD GANs", 2018 (arXiv 1801.01401), section 4: the squared maximum
mean discrepancy under (⟨x, y⟩/d + 1)³, estimated without bias. The paper and its public code answer
the mean over subsets; here the value is that of all images, and that mean stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float, Float64, Num
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics import pairs
from ganray.metrics.features import Embedding
from ganray.metrics.kernel.sums import unbiased_mmd
from ganray.metrics.metric import Metric, Value
from ganray.process.progress import shares
from ganray.randomness import permutation

SUBSETS, SUBSET_SIZE = 100, 1000
_MANY, _FITS, _STRIP = 4096, 1e11, 64
_AT_ONCE = 255
"""Subsets whose sums are taken from one table of all pairs."""


class Kid(Metric):
    """The squared distance of the features' means, spreads and skews under a cubic kernel.

    Its unit is the sixth power of the features'; 0 is expected of images as good as real ones,
    however few, so that it is negative as often as positive there, and stays so. It hardly sees a
    few outliers or copies, and says nothing of what is wrong.
    """

    title = "cubic kernel distance"
    known_as: ClassVar[Mapping[str, str]] = {"inception": "KID"}
    meaning = "unbiased squared MMD of the features, cubic kernel; KID is that on Inception"
    better = "lower"
    needs = frozenset({"features"})
    multiplies = True

    name: Literal["kid"] = Field("kid", description="the metric")
    subsets: int = Field(SUBSETS, ge=1, le=10**5, description="draws for the mean beside the value")
    subset_size: int = Field(SUBSET_SIZE, ge=2, le=10**4, description="images of each draw, or all")
    seed: int = Field(0, ge=0, description="of the draws")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The distance of all images, and mean and deviation of that of subsets."""
        x, y = real.features, generated.features
        pairs.check_sets(real=x, generated=y)
        draws = Draws(self.subsets, min(self.subset_size, len(x), len(y)), self.seed)
        first, second = shares(len(x) ** 2 / 2, len(y) ** 2 / 2 + len(x) * len(y))
        with first:
            within = real.once(_Within(draws))
        with second:
            value, drawn = _distances(x, y, draws, within)
        deviation = float(drawn.std())
        return Value(
            value,
            details={"mean of subsets": float(drawn.mean()), "deviation of subsets": deviation},
        )

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """All products of as many images, of both sets, and of the subsets among them."""
        return 4.0 * count**2 * (dimensions + self.subsets)

    def memory(self, count: int, dimensions: int, classes: int) -> int:  # noqa: ARG002
        """Who belongs to which subsets, of as many as are summed at once."""
        return 2 * 8 * count * min(self.subsets, _AT_ONCE)


@dataclass(frozen=True)
class Draws:
    """Subsets of two sets, without replacement within each: draw i is the same however many."""

    subsets: int
    size: int
    seed: int

    def of(self, side: str, images: int) -> Iterator[Float64[np.ndarray, "n k"]]:
        """1 where an image belongs to a subset, some subsets at a time; to the first one all do."""
        for start in range(0, max(self.subsets, 1), _AT_ONCE):
            yield _drawn(self, side, images, start)


@lru_cache(maxsize=2)  # one of each side, which two sums ask for
def _drawn(draws: Draws, side: str, images: int, start: int) -> Float64[np.ndarray, "n k"]:
    numbers = range(start, min(start + _AT_ONCE, draws.subsets))
    found = np.zeros((images, len(numbers) + (not start)))
    for column, number in enumerate(numbers, not start):
        drawn = permutation(draws.seed, f"kid/{side}", number, images)[: draws.size]
        found[drawn, column] = 1
    if not start:
        found[:, 0] = 1
    return found


@dataclass(frozen=True)
class _Within:
    """The sums within the real images, as a statistic that `Embedding.once` keeps."""

    draws: Draws

    def __call__(self, real: Embedding) -> Float64[np.ndarray, "k"]:
        return _sums_within(real.features, self.draws, "real")


def kid(real: Num[np.ndarray, "n d"], generated: Num[np.ndarray, "m d"]) -> float:
    """The unbiased squared distance of all images; may be negative.

    Raises:
        RefusedInput: for a set of fewer than two images, and as `pairs.check_sets` does.
    """
    pairs.check_sets(real=real, generated=generated)
    none = Draws(0, 0, 0)
    return _distances(real, generated, none, _sums_within(real, none, "real"))[0]


def subset_distances(
    real: Num[np.ndarray, "n d"],
    generated: Num[np.ndarray, "m d"],
    subsets: int = SUBSETS,
    size: int = SUBSET_SIZE,
    seed: int = 0,
) -> Float64[np.ndarray, "k"]:
    """The distance of each of some draws from both sets, without replacement within a draw.

    Args:
        size: images that are drawn of each set; all of the smaller set if it has fewer.

    Raises:
        RefusedInput: for no subsets, and as `kid` does.
    """
    if subsets < 1:
        raise RefusedInput(f"subsets (={subsets}) must be at least 1")
    pairs.check_sets(real=real, generated=generated)
    draws = Draws(subsets, min(size, len(real), len(generated)), seed)
    return _distances(real, generated, draws, _sums_within(real, draws, "real"))[1]


def _distances(
    real: Num[np.ndarray, "n d"],
    generated: Num[np.ndarray, "_ d"],
    draws: Draws,
    within: Float64[np.ndarray, "k"],
) -> tuple[float, Float64[np.ndarray, "m"]]:
    """That of all images, and that of each draw."""
    n, m, size = len(real), len(generated), draws.size
    first, second = shares(m / 2, n)
    with first:
        own = _sums_within(generated, draws, "generated")
    with second:
        between = _sums_between(real, generated, draws)
    whole, *drawn = zip(within.tolist(), own.tolist(), between.tolist(), strict=True)
    value = unbiased_mmd(whole[0], n, whole[1], m, whole[2])
    return value, np.array([unbiased_mmd(a, size, b, size, c) for a, b, c in drawn])


def _sums_within(rows: Num[np.ndarray, "n d"], draws: Draws, side: str) -> Float64[np.ndarray, "k"]:
    """Σ k(xᵢ, xⱼ) over all i ≠ j, of all images and of those of each draw."""
    return np.concatenate([_within(rows, chosen) for chosen in draws.of(side, len(rows))])


def _within(
    rows: Num[np.ndarray, "n d"], chosen: Float64[np.ndarray, "n k"]
) -> Float64[np.ndarray, "k"]:
    found, dtype = np.zeros(chosen.shape[1]), _precision(rows, rows)
    of: np.ndarray = chosen.astype(dtype)
    for start, some in pairs.outer_blocks(rows, upper=True, dtype=dtype):
        sums = np.zeros((len(some), len(found)))
        for first, others in pairs.blocks(rows, start, dtype):
            table = cubes(some, others)
            if first == start:
                np.fill_diagonal(table, 0)
            # Blocks beside the diagonal stand for those on its other side, too.
            sums += (1 if first == start else 2) * (table @ of[first : first + len(others)])
        found += (chosen[start : start + len(some)] * sums).sum(axis=0)
    return found / rows.shape[1] ** 3


def _sums_between(
    x: Num[np.ndarray, "n d"], y: Num[np.ndarray, "m d"], draws: Draws
) -> Float64[np.ndarray, "k"]:
    """Σ k(xᵢ, yⱼ), likewise."""
    both = zip(draws.of("real", len(x)), draws.of("generated", len(y)), strict=True)
    return np.concatenate([_between(x, y, left, right) for left, right in both])


def _between(
    x: Num[np.ndarray, "n d"],
    y: Num[np.ndarray, "m d"],
    left: Float64[np.ndarray, "n k"],
    right: Float64[np.ndarray, "m k"],
) -> Float64[np.ndarray, "k"]:
    found, dtype = np.zeros(left.shape[1]), _precision(x, y)
    of: np.ndarray = right.astype(dtype)
    for start, some in pairs.outer_blocks(x, dtype=dtype):
        sums = np.zeros((len(some), len(found)))
        for first, others in pairs.blocks(y, dtype=dtype):
            sums += cubes(some, others) @ of[first : first + len(others)]
        found += (left[start : start + len(some)] * sums).sum(axis=0)
    return found / x.shape[1] ** 3


def _precision(x: Num[np.ndarray, "n d"], y: Num[np.ndarray, "m d"]) -> type:
    """32 bits for products of many features that have no more: rounding is of either sign and new
    in each of n · m pairs, so that of their mean it takes a 1e-9, far below what drawing other
    images does. Their cubes must fit."""
    many = min(len(x), len(y)) >= _MANY
    if not many or not x.dtype == y.dtype == np.float32:
        return np.float64
    longest = max(np.einsum("ij,ij->i", rows, rows).max() for rows in (x, y))
    return np.float32 if longest + x.shape[1] < _FITS else np.float64


def cubes(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "n m"]:
    """(⟨x, y⟩ + d)³, which is the kernel times d³."""
    table = pairs.product(x, y)
    for start in range(0, len(table), _STRIP):
        strip = table[start : start + _STRIP]  # stays in the processor's cache
        strip += x.shape[1]
        strip *= strip * strip  # a power would take ten times as long
    return table
