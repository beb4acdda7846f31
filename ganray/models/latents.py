"""The laws of the noise that images are made from, each drawn by index; free of torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from ganray.errors import RefusedInput
from ganray.randomness import normals, truncated_normals, uniforms


@runtime_checkable
class Law(Protocol):
    """How vectors of `size` numbers are drawn: each depends on its number in a stream alone."""

    @property
    def size(self) -> int:
        """Numbers in a vector."""

    @property
    def free(self) -> int:
        """How many of them, the first ones, a search may move: not what chooses among things."""

    @property
    def isotropic(self) -> bool:
        """Whether all directions of those are equally likely, so that great circles fit."""

    def truncated(self, bound: float) -> Law:
        """The same law with those nearer to its middle: normal numbers beyond ± `bound` are drawn
        anew, as often as it takes (Brock et al., arXiv 1809.11096). What chooses stays.

        Args:
            bound: in standard deviations, above 0.

        Raises:
            RefusedInput: the law is not made of normal numbers.
        """

    def rows(
        self, seed: int, stream: str, start: int, count: int
    ) -> Float64[np.ndarray, "count size"]:
        """Vectors `start … start+count-1` of a stream."""


class _Plain:
    """A law of numbers that are all alike."""

    size: int

    @property
    def free(self) -> int:
        """All."""
        return self.size

    @property
    def isotropic(self) -> bool:
        """Of normal ones alone."""
        return False

    def truncated(self, bound: float) -> Law:
        """Of normal ones alone."""
        raise RefusedInput(
            f"truncation (={bound:g}) is of normal latent vectors or those on a sphere; these are "
            "uniform: leave it out"
        )


@dataclass(frozen=True)
class Normal(_Plain):
    """z ~ N(0, deviation² I), or where there is a `bound`, of numbers within ± it alone.

    Attributes:
        bound: in deviations.
        deviation: of each number; of those that are not bounded.
    """

    size: int
    bound: float | None = None
    deviation: float = 1.0

    @property
    def isotropic(self) -> bool:
        """It is."""
        return True

    @property
    def root_mean_square(self) -> float:
        """Of each number: √(1 − 2 b φ(b) / (2 Φ(b) − 1)) deviations with a bound b."""
        if self.bound is None:
            return self.deviation
        within = math.erf(self.bound / 2**0.5)
        density = math.exp(-(self.bound**2) / 2) / (2 * math.pi) ** 0.5
        return self.deviation * max(0.0, 1 - 2 * self.bound * density / within) ** 0.5

    def truncated(self, bound: float) -> Normal:
        """As `Law.truncated`; the numbers are those of the same uniform ones.

        A bound that is there already stays where it is the nearer one.
        """
        nearer = bound if self.bound is None else min(bound, self.bound)
        return replace(self, bound=nearer)

    def rows(
        self, seed: int, stream: str, start: int, count: int
    ) -> Float64[np.ndarray, "count size"]:
        """As `Law.rows`."""
        if self.bound is None:
            return self.deviation * normals(seed, stream, start, count, self.size)
        bounded = truncated_normals(seed, stream, start, count, self.size, self.bound)
        return self.deviation * bounded


@dataclass(frozen=True)
class Uniform(_Plain):
    """Each coordinate uniform between `low` and `high`, by itself."""

    size: int
    low: float = -1.0
    high: float = 1.0

    def rows(
        self, seed: int, stream: str, start: int, count: int
    ) -> Float64[np.ndarray, "count size"]:
        """As `Law.rows`."""
        return self.low + (self.high - self.low) * uniforms(seed, stream, start, count, self.size)


@dataclass(frozen=True)
class Sphere(_Plain):
    """Uniform on the sphere of radius √size, where nearly all of N(0, I) lies.

    With a `bound` it is the directions of truncated normal vectors that are drawn: all stay on the
    sphere, and fewer of them point along an axis.
    """

    size: int
    bound: float | None = None

    @property
    def isotropic(self) -> bool:
        """It is."""
        return True

    def truncated(self, bound: float) -> Sphere:
        """As `Law.truncated`, of the vectors whose directions it takes."""
        return Sphere(self.size, bound)

    def rows(
        self, seed: int, stream: str, start: int, count: int
    ) -> Float64[np.ndarray, "count size"]:
        """As `Law.rows`."""
        drawn = Normal(self.size, self.bound).rows(seed, stream, start, count)
        norms = np.linalg.norm(drawn, axis=1, keepdims=True)
        return np.asarray(drawn * (self.size**0.5 / norms))


@dataclass(frozen=True)
class Joined:
    """A vector of one law, and behind it one of another."""

    first: Law
    second: Law

    @property
    def size(self) -> int:
        """Of both together."""
        return self.first.size + self.second.size

    @property
    def free(self) -> int:
        """The first vector's."""
        return self.first.free

    @property
    def isotropic(self) -> bool:
        """As the first law."""
        return self.first.isotropic

    def truncated(self, bound: float) -> Joined:
        """As `Law.truncated`, of the first law."""
        return replace(self, first=self.first.truncated(bound))

    def rows(
        self, seed: int, stream: str, start: int, count: int
    ) -> Float64[np.ndarray, "count size"]:
        """As `Law.rows`."""
        first = self.first.rows(seed, stream, start, count)
        return np.column_stack([first, self.second.rows(seed, f"{stream}/more", start, count)])


@dataclass(frozen=True)
class Codes:
    """A latent vector and behind it codes: a category, as zeros and a one, and uniform numbers.

    Attributes:
        categories: how many values the category has; 0: there is none.
        continuous: how many numbers, in [−1, 1].
    """

    latents: Law
    categories: int
    continuous: int

    @property
    def size(self) -> int:
        """Of all together."""
        return self.latents.size + self.categories + self.continuous

    @property
    def free(self) -> int:
        """The latent vector's."""
        return self.latents.free

    @property
    def isotropic(self) -> bool:
        """As the latent vector's law."""
        return self.latents.isotropic

    def truncated(self, bound: float) -> Codes:
        """As `Law.truncated`, of the latent vector."""
        return replace(self, latents=self.latents.truncated(bound))

    def rows(
        self, seed: int, stream: str, start: int, count: int
    ) -> Float64[np.ndarray, "count size"]:
        """As `Law.rows`."""
        codes = self.codes(seed, stream, start, count)
        category = codes[:, :1] == np.arange(self.categories)
        drawn = self.latents.rows(seed, stream, start, count)
        return np.column_stack([drawn, category, codes[:, 1:]])

    def codes(
        self, seed: int, stream: str, start: int, count: int
    ) -> Float64[np.ndarray, "count more"]:
        """The codes in these rows: the category's number (0 where there is none), the others."""
        drawn = uniforms(seed, f"{stream}/codes", start, count, 1 + self.continuous)
        category = np.floor(drawn[:, :1] * max(1, self.categories))
        return np.column_stack([category, 2 * drawn[:, 1:] - 1])


@dataclass(frozen=True)
class Labelled:
    """A latent vector, and behind it the number of a class: label y with probability n_y / Σ n.

    Attributes:
        shares: n_y, how many of each class there are.
    """

    latents: Law
    shares: tuple[int, ...]

    @property
    def size(self) -> int:
        """The latent vector's, and one."""
        return self.latents.size + 1

    @property
    def free(self) -> int:
        """The latent vector's."""
        return self.latents.free

    @property
    def isotropic(self) -> bool:
        """As the latent vector's law."""
        return self.latents.isotropic

    def truncated(self, bound: float) -> Labelled:
        """As `Law.truncated`, of the latent vector."""
        return replace(self, latents=self.latents.truncated(bound))

    def rows(
        self, seed: int, stream: str, start: int, count: int
    ) -> Float64[np.ndarray, "count size"]:
        """As `Law.rows`; the latent vectors are those of `latents` alone."""
        labels = self.labels(seed, stream, start, count)
        return np.column_stack([self.latents.rows(seed, stream, start, count), labels])

    def labels(self, seed: int, stream: str, start: int, count: int) -> Float64[np.ndarray, "n"]:
        """The classes in these rows."""
        return drawn_of(self.shares, uniforms(seed, f"{stream}/label", start, count, 1)[:, 0])


def free_part(law: Law) -> Law:
    """The law of those numbers of a vector that a search may move."""
    if isinstance(law, Joined):
        return free_part(law.first)
    return free_part(law.latents) if isinstance(law, Codes | Labelled) else law


def refuse_projection(law: Law, projection: str) -> None:
    """Refuse to project latent vectors towards the origin whose likely ones are not about it.

    Raises:
        RefusedInput: they are not normal or on a sphere.
    """
    if projection != "none" and not law.isotropic:
        raise RefusedInput(
            f"search.projection (={projection!r}) is of normal latent vectors or those on a "
            "sphere; these are neither: use none"
        )


def drawn_of(
    shares: Sequence[int] | Sequence[float], drawn: Float64[np.ndarray, "n"]
) -> Float64[np.ndarray, "n"]:
    """Uniform numbers in (0, 1) to indices, each as often as its share says."""
    ends = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.searchsorted(ends / ends[-1], drawn, side="right").astype(np.float64)
