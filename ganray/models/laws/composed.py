"""Laws of vectors that end in something else: another vector, codes, a label; free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from ganray.models.laws.law import Law
from ganray.randomness import uniforms


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
class _OfLatents(Law):
    """A latent vector, which alone is searched, and something behind it."""

    latents: Law

    @property
    def free(self) -> int:
        """The latent vector's."""
        return self.latents.free

    @property
    def isotropic(self) -> bool:
        """As the latent vector's law."""
        return self.latents.isotropic

    def truncated(self, bound: float) -> Law:
        """As `Law.truncated`, of the latent vector."""
        return replace(self, latents=self.latents.truncated(bound))


@dataclass(frozen=True)
class Codes(_OfLatents):
    """A latent vector and behind it codes: a category, as zeros and a one, and uniform numbers.

    Attributes:
        categories: how many values the category has; 0: there is none.
        continuous: how many numbers, in [−1, 1].
    """

    categories: int
    continuous: int

    @property
    def size(self) -> int:
        """Of all together."""
        return self.latents.size + self.categories + self.continuous

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
class Labelled(_OfLatents):
    """A latent vector, and behind it the number of a class: label y with probability n_y / Σ n.

    Attributes:
        shares: n_y, how many of each class there are.
    """

    shares: tuple[int, ...]

    @property
    def size(self) -> int:
        """The latent vector's, and one."""
        return self.latents.size + 1

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


def drawn_of(
    shares: Sequence[int] | Sequence[float], drawn: Float64[np.ndarray, "n"]
) -> Float64[np.ndarray, "n"]:
    """Uniform numbers in (0, 1) to indices, each as often as its share says."""
    ends = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.searchsorted(ends / ends[-1], drawn, side="right").astype(np.float64)
