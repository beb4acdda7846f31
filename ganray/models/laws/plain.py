"""Laws of numbers that are all alike: normal, uniform, and on a sphere; free of torch."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from ganray.errors import RefusedInput
from ganray.models.laws.law import Law
from ganray.randomness import normals, truncated_normals, uniforms


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
