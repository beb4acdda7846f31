"""The distributions of Räisä et al.'s sanity checks (arXiv 2505.22450), drawn by seeds.

Written anew from the paper's public code; what is smaller here is said at each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

N = 1000
"""Points of either set, unless a check varies them."""
SIZES = (100, 316, 1000, 2000, 4000)  # the paper: 20 sizes from 100 to 10,000
Points = Float64[np.ndarray, "n d"]


class Point(NamedTuple):
    """One point of a curve: what is varied, and both sets."""

    x: float
    real: Points
    generated: Points


class Draws:
    """Numbers drawn in an order that a check fixes; the paper draws as it comes."""

    def __init__(self, *seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def normal(self, n: int, d: int, mean: object = 0.0, deviation: float = 1.0) -> Points:
        return np.asarray(mean) + deviation * self.random.standard_normal((n, d))

    def mixture(self, n: int, means: Points, deviation: float, shares: object) -> Points:
        kinds = self.random.choice(len(means), n, p=np.asarray(shares) / np.sum(shares))
        return means[kinds] + deviation * self.random.standard_normal((n, means.shape[1]))

    def cube(self, n: int, d: int, start: float) -> Points:
        return self.random.uniform(start, start + 1, (n, d))

    def sphere(self, n: int, d: int, radius: float) -> Points:
        drawn = self.random.standard_normal((n, d))
        return radius * drawn / np.linalg.norm(drawn, axis=1, keepdims=True)

    def ball(self, n: int, d: int, radius: float) -> Points:
        return self.sphere(n, d, 1) * radius * self.random.uniform(0, 1, (n, 1)) ** (1 / d)

    def torus(self, n: int) -> Points:
        angle, tube = self.random.uniform(0, 2 * np.pi, n), self.ball(n, 2, 0.1)
        across = 1 + tube[:, 0]
        return np.stack([across * np.cos(angle), across * np.sin(angle), tube[:, 1]], axis=1)

    def pareto(self, n: int) -> Points:
        return 1 + self.random.pareto(1.01, (n, 1))


def means(d: int, most: dict[int, float]) -> np.ndarray:
    """What means are moved by: nine of the paper's 51 steps, both ends and 0 among them."""
    return np.linspace(-most[d], most[d], 9)


FARTHEST = {1: 6.0, 8: 3.0, 64: 1.0}
WIDEST = {1: 3.0, 8: 1.0, 64: 0.5}
WITHIN = {1: 1 / 6, 8: 1 / 3, 64: 1.0}


def moved(draws: Draws, d: int) -> Iterator[Point]:
    """A normal distribution whose mean moves in all dimensions."""
    real = draws.normal(N, d)
    for mean in means(d, FARTHEST):
        yield Point(mean, real, draws.normal(N, d, mean))


def moved_beside(draws: Draws, d: int, side: str) -> Iterator[Point]:
    """The same with an outlier where the mean moves to, in one of the sets."""
    outlier, real = np.full((1, d), FARTHEST[d]), draws.normal(N, d)
    real = np.concatenate([real, outlier]) if side == "real" else real
    for mean in means(d, FARTHEST):
        generated = draws.normal(N, d, mean)
        beside = np.concatenate([generated, outlier]) if side == "generated" else generated
        yield Point(mean, real, beside)


def widened(draws: Draws, d: int) -> Iterator[Point]:
    """A normal distribution of another deviation."""
    real = draws.normal(N, d)
    for deviation in np.logspace(-WIDEST[d], WIDEST[d], 9):
        yield Point(deviation, real, draws.normal(N, d, 0, deviation))


def _ten(d: int) -> Points:
    return np.repeat(np.linspace(0, 10, 10)[:, None], d, axis=1)


def dropped_at_once(draws: Draws, d: int) -> Iterator[Point]:
    """Nine of ten modes become rarer together."""
    real = draws.mixture(N, _ten(d), WITHIN[d], np.ones(10))
    for share in (0, 0.2, 0.4, 0.6, 0.8, 0.96, 1):
        shares = [1, *[1 - share] * 9]
        yield Point(share, real, draws.mixture(N, _ten(d), WITHIN[d], shares))


def dropped_one_by_one(draws: Draws, d: int) -> Iterator[Point]:
    """Of ten modes the last ones are missing."""
    real = draws.mixture(N, _ten(d), WITHIN[d], np.ones(10))
    for dropped in range(10):
        shares = np.arange(10) < 10 - dropped
        yield Point(dropped, real, draws.mixture(N, _ten(d), WITHIN[d], shares))


CENTRES = np.array(
    [[5.46794328, -4.08481523], [4.87211875, -13.64864684], [-16.39432073, 9.09802249],
     [-2.15447941, 12.46200019], [11.55784483, -4.96049923], [-24.60558474, 14.18020818],
     [16.84215967, -3.18710751], [-5.47807206, -6.77247129], [9.46726546, 1.05922347],
     [-5.40346201, -17.29490131]]
)  # fmt: skip


def invented(draws: Draws) -> Iterator[Point]:
    """One to ten modes where five are real."""
    real = draws.mixture(N, CENTRES[:5], 0.25, np.ones(5))
    for modes in range(1, 11):
        yield Point(modes, real, draws.mixture(N, CENTRES[:modes], 0.25, np.ones(modes)))


def one_for_two(draws: Draws, d: int) -> Iterator[Point]:
    """One wide mode where there are two, which move apart; both ends and five of 18 between."""
    for apart in np.linspace(0, 5, 7):
        both = np.repeat([[-apart / 2], [apart / 2]], d, axis=1)
        real = draws.mixture(N, both, 1.0, np.ones(2))
        yield Point(apart, real, draws.normal(N, d, 0, np.sqrt(1 + apart**2)))


def overlapping(draws: Draws, d: int, varied: str) -> Iterator[Point]:
    """Uniform in cubes that share a fifth of their volume, of more and more points."""
    start, real = 1 - 0.2 ** (1 / d), draws.cube(N, d, 0)
    for n in SIZES:
        real = draws.cube(n, d, 0) if varied == "both" else real
        yield Point(n, real, draws.cube(n, d, start))


def surfaces(draws: Draws, d: int) -> Iterator[Point]:
    """Uniform on spheres of another radius; nine of 51 radii."""
    real = draws.sphere(N, d, 1)
    for radius in np.linspace(0.1, 1.9, 9):
        yield Point(radius, real, draws.sphere(N, d, radius))


def ball_and_torus(draws: Draws, real: str) -> Iterator[Point]:
    """A ball in the hole of a torus."""
    given = draws.ball(N, 3, 0.8) if real == "ball" else draws.torus(N)
    for n in SIZES:
        yield Point(n, given, draws.torus(n) if real == "ball" else draws.ball(n, 3, 0.8))


def scaled(draws: Draws) -> Iterator[Point]:
    """Apart in one dimension, while another one is scaled; seven of 20 scales."""
    for scale in np.logspace(-3, 3, 7):
        by = np.array([1, scale])
        yield Point(scale, draws.normal(N, 2) * by, draws.normal(N, 2, (6, 0)) * by)


def beside_pareto(draws: Draws) -> Iterator[Point]:
    """A mean that moves, beside a dimension of heavy tails."""
    real = np.hstack([draws.normal(N, 1), draws.pareto(N)])
    for mean in means(1, FARTHEST):
        yield Point(mean, real, np.hstack([draws.normal(N, 1, mean), draws.pareto(N)]))


def one_of_many(draws: Draws) -> Iterator[Point]:
    """Apart in one dimension and alike in 1 to 1,000 others; seven of 20 numbers."""
    for others in np.logspace(0, 3, 7).astype(int):
        generated = draws.normal(N, 1 + others)
        real = draws.normal(N, 1 + others)
        generated[:, 0] += 6
        yield Point(others, real, generated)


def rounded(draws: Draws, which: str) -> Iterator[Point]:
    """Whole numbers against real ones, coarse to fine; seven of 20 scales."""
    for scale in np.logspace(0, 3, 7):
        real, generated = draws.normal(N, 1, 0, scale), draws.normal(N, 1, 0, scale)
        if which == "real":
            yield Point(scale, np.round(real), generated)
        else:
            yield Point(scale, real, np.round(generated))
