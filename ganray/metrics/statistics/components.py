"""How much of a score's variance is training's and how much is sampling's.

N training seeds with K sampling seeds each: one-way random effects, score = μ + aᵢ + eᵢⱼ with aᵢ
of variance σ²_a between training seeds and eᵢⱼ of σ²_e within. Searle, Casella and McCulloch,
"Variance Components", 1992: estimates by the analysis of variance, the exact F interval of the
ratio, the exact one of σ²_e, and for σ²_a, which has no exact one, that of Tukey and of Williams
("A confidence interval for variance components", Biometrika 49, 1962).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ganray.errors import RefusedInput


@dataclass(frozen=True)
class Estimate:
    """A variance, or a ratio of two, with its two-sided interval; none of them is below 0."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Components:
    """Where a panel's variance comes from.

    Attributes:
        mean: of the score, with Student's t interval over training seeds, `low` to `high`.
        training: σ²_a, between training seeds; 0 where they differ less than sampling explains.
        sampling: σ²_e, between sampling seeds of one training seed.
        ratio: σ²_a / σ²_e; None where sampling seeds make no difference at all.
        p_value: of the F test of no difference between training seeds; None likewise.
        n: training seeds.
        k: sampling seeds of each.
    """

    mean: float
    low: float
    high: float
    training: Estimate
    sampling: Estimate
    ratio: Estimate | None
    p_value: float | None
    n: int
    k: int
    confidence: float

    def deviation(self, k: int) -> float:
        """The standard deviation of a training seed's mean over k sampling seeds: what `power`
        needs to plan another panel. Every training costs hours, a sampling seed minutes.

        Raises:
            RefusedInput: `k` is below 1.
        """
        if k < 1:
            raise RefusedInput(f"k (={k}) must be at least 1")
        return float((self.training.value + self.sampling.value / k) ** 0.5)


def variance_components(scores: Float64[np.ndarray, "n k"], confidence: float = 0.95) -> Components:
    """The components of N training seeds (rows) × K sampling seeds (columns).

    Raises:
        RefusedInput: fewer than 2 rows or columns, numbers that are not finite, or a confidence
            outside (0, 1).
    """
    n, k = _checked(scores, confidence)
    from scipy.special import fdtrc, stdtrit

    means = scores.mean(axis=1)
    sums = k * float(np.square(means - means.mean()).sum()), _within(scores)
    between, within = sums[0] / (n - 1), sums[1] / (n * (k - 1))
    margin = float(stdtrit(n - 1, (1 + confidence) / 2)) * (between / (n * k)) ** 0.5
    mean = float(means.mean())
    ends = _Ends.of(n, k, confidence)
    return Components(
        mean,
        mean - margin,
        mean + margin,
        training=ends.training(sums[0], between, within),
        sampling=ends.sampling(sums[1], within),
        ratio=ends.ratio(between / within) if within > 0 else None,
        p_value=float(fdtrc(n - 1, n * (k - 1), between / within)) if within > 0 else None,
        n=n,
        k=k,
        confidence=confidence,
    )


@dataclass(frozen=True)
class _Ends:
    """Both ends of the laws that the intervals come from, the one first that bounds from below."""

    n: int
    k: int
    f: tuple[float, float]
    between: tuple[float, float]
    within: tuple[float, float]

    @classmethod
    def of(cls, n: int, k: int, confidence: float) -> _Ends:
        from scipy.special import chdtri, fdtri

        above = (1 - confidence) / 2, (1 + confidence) / 2  # what lies above each end
        freedom = n - 1, n * (k - 1)
        f, between, within = (
            (float(first), float(second))
            for first, second in (
                [fdtri(*freedom, 1 - tail) for tail in above],
                [chdtri(freedom[0], tail) for tail in above],
                [chdtri(freedom[1], tail) for tail in above],
            )
        )
        return cls(n, k, f, between, within)

    def training(self, squares: float, between: float, within: float) -> Estimate:
        """Tukey's and Williams' interval of σ²_a."""
        low, high = (
            max(0.0, (squares - (self.n - 1) * f * within) / (self.k * end))
            for f, end in zip(self.f, self.between, strict=True)
        )
        return Estimate(max(0.0, (between - within) / self.k), low, high)

    def sampling(self, squares: float, within: float) -> Estimate:
        """The exact interval of σ²_e."""
        return Estimate(within, squares / self.within[0], squares / self.within[1])

    def ratio(self, f: float) -> Estimate:
        """The exact interval of σ²_a / σ²_e."""
        low, high = (max(0.0, (f / end - 1) / self.k) for end in self.f)
        return Estimate(max(0.0, (f - 1) / self.k), low, high)


def _within(scores: Float64[np.ndarray, "n k"]) -> float:
    """The sum of squares around each row's mean; exactly 0 of equal scores."""
    rows = scores - scores[:, :1]  # whose means have no rounding of their own where all are equal
    return float(np.square(rows - rows.mean(axis=1, keepdims=True)).sum())


def _checked(scores: Float64[np.ndarray, "n k"], confidence: float) -> tuple[int, int]:
    n, k = scores.shape
    if n < 2 or k < 2:
        raise RefusedInput(
            f"scores of {n} training seeds × {k} sampling seeds: at least 2 × 2 are needed"
        )
    if not np.isfinite(scores).all():
        raise RefusedInput(f"scores (={scores.tolist()!r}) must hold finite numbers only")
    if not 0.0 < confidence < 1.0:
        raise RefusedInput(f"confidence (={confidence!r}) must lie between 0 and 1")
    return n, k
