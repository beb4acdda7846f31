"""Gaussians of all classes in one batch, on a device that takes ten as fast as one.

The formula and its doubts are those of `ganray.metrics.gaussian.frechet_distance`, in float64; the
factors of singular covariances are of eigenvectors here, which batch where pivots do not. Rows are
summed `_ROWS` at a time, and as many classes at once as follows from their sizes alone: both are
part of the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from ganray.errors import RefusedInput
from ganray.metrics.features import Embedding, check_features
from ganray.metrics.gaussian.class_gaussians import few, fit_class
from ganray.metrics.gaussian.frechet_distance import certain
from ganray.metrics.moments import Moments
from ganray.process.arithmetic import place
from ganray.process.progress import steps

_ROWS = 2000
"""Of all classes at once: 8 bytes · k · d each."""
_BYTES, _TABLES = 2**32, 8
"""That classes take at once, and their tables of d² in float64: covariances, factors, products."""

Shares = Callable[[Embedding, str], Float[np.ndarray, "n k"]]
"""How much of each image belongs to each class, at least 0; refuses, by a set's name, what has
none."""


@dataclass(frozen=True, eq=False)
class Gaussians:
    """Normal distributions of k classes, on one device."""

    means: Float64[Tensor, "k d"]
    covariances: Float64[Tensor, "k d d"]

    @cached_property
    def triangles(self) -> tuple[Float64[Tensor, "k d d"], Bool[Tensor, "k"]]:
        """Their Cholesky factors, and of which there is none."""
        made, failed = torch.linalg.cholesky_ex(self.covariances)
        singular = failed.bool()
        return made.masked_fill_(singular[:, None, None], 0), singular

    def factors(self, classes: Int64[Tensor, "m"]) -> Float64[Tensor, "m d d"]:
        """Of some classes L with LLᵀ the covariance, but for what is nothing but rounding error."""
        own = self.covariances[classes]
        values, vectors = torch.linalg.eigh(own)
        largest = torch.minimum(own.abs().sum(dim=2).amax(dim=1), torch.linalg.matrix_norm(own))
        rounding = own.shape[1] * torch.finfo(own.dtype).eps * largest[:, None]
        return vectors * values.where(values > rounding, 0).sqrt()[:, None]

    def part(self, classes: range) -> Gaussians:
        """Those of some classes in a row."""
        if len(classes) == len(self.means):
            return self
        own = slice(classes.start, classes.stop)
        return Gaussians(self.means[own], self.covariances[own])

    def distances(self, other: Gaussians) -> Float64[np.ndarray, "k"]:
        """The Fréchet distance of each class from the other's, at least 0.

        Raises:
            RefusedInput: if the two differ in dimensions.
        """
        (_, d), (_, e) = self.means.shape, other.means.shape
        if d != e:
            raise RefusedInput(f"features of {d} and of {e} dimensions cannot be compared")
        shift = (self.means - other.means).square().sum(dim=1)
        spread = _traces(self.covariances) + _traces(other.covariances)
        triangles, singular = self.triangles
        squares = torch.linalg.eigvalsh(triangles.mT @ other.covariances @ triangles)
        overlaps = squares.clamp_min(0).sqrt().sum(dim=1)
        found = (shift + spread - 2 * overlaps).cpu().numpy()
        known = zip(squares.cpu().numpy(), found, spread.tolist(), strict=True)
        sure = torch.tensor([certain(*one) for one in known], device=singular.device)
        doubtful = (singular | ~sure).nonzero()[:, 0]
        if len(doubtful):
            both = self.factors(doubtful).mT @ other.factors(doubtful)
            overlaps[doubtful] = torch.linalg.svdvals(both).sum(dim=1)
        return (shift + spread - 2 * overlaps).clamp_min(0).cpu().numpy()

    def distance(self, other: Gaussians) -> float:
        """Of one class, as `Gaussian.distance`."""
        return float(self.distances(other)[0])


def fitted_there(features: Float[np.ndarray, "n d"]) -> Gaussians:
    """The Gaussian of all features, with the unbiased covariance, where `arithmetic.place` says."""
    check_features("features", features)
    return _fitted(features, np.ones((len(features), 1)), 1)


def class_distances(
    real: Embedding, generated: Embedding, shares: Shares, ddof: int
) -> list[float]:
    """The Fréchet distance of each class, there.

    Args:
        ddof: covariances are divided by a class's weight less this.

    Raises:
        RefusedInput: for numbers that are not finite, and as `shares` does.
        UndefinedScore: no image belongs to some class at all, and as `shares` does.
    """
    own = _Classes(generated, "generated", shares, ddof)
    (_, k), d = own.weights.shape, generated.features.shape[1]
    # Kept where they are small, as each is factored once.
    fit: Callable[[range], Gaussians] = (
        real.once(_AllClasses(shares, ddof)).part
        if few(k, d)
        else _Classes(real, "real", shares, ddof).fit
    )
    at_once = max(1, _BYTES // (8 * d * (_TABLES * d + 2 * _ROWS)))
    parts = [range(at, min(at + at_once, k)) for at in range(0, k, at_once)]
    found: list[float] = []
    for part in steps(parts, [len(part) for part in parts]):
        found += fit(part).distances(own.fit(part)).tolist()
    return found


class _Classes:
    """A set's classes, to be fitted some at a time."""

    def __init__(self, embedding: Embedding, name: str, shares: Shares, ddof: int) -> None:
        check_features(name, embedding.features)
        self._features, self._ddof = embedding.features, ddof
        self.weights = shares(embedding, name)
        for k, weight in enumerate(self.weights.sum(axis=0, dtype=np.float64).tolist()):
            fit_class(name, k, _bare(weight))  # refuses one of none

    def fit(self, classes: range) -> Gaussians:
        return _fitted(self._features, self.weights[:, classes.start : classes.stop], self._ddof)


@dataclass(frozen=True)
class _AllClasses:
    """The Gaussians of all classes, as a statistic that `Embedding.once` keeps."""

    shares: Shares
    ddof: int

    def __call__(self, real: Embedding) -> Gaussians:
        own = _Classes(real, "real", self.shares, self.ddof)
        return own.fit(range(own.weights.shape[1]))


def _fitted(
    features: Float[np.ndarray, "n d"], weights: Float[np.ndarray, "n k"], ddof: int
) -> Gaussians:
    """By two passes over the images."""
    device = place()
    rows, shares = (
        torch.from_numpy(np.ascontiguousarray(one)).to(device) for one in (features, weights)
    )
    parts = list(zip(rows.split(_ROWS), shares.double().split(_ROWS), strict=True))
    whole = shares.double().sum(dim=0)
    divisors = torch.tensor(
        [_bare(weight).divisor(ddof) for weight in whole.tolist()], dtype=torch.float64
    )
    means = sum(part.double().T @ share for part, share in parts).T / whole[:, None]
    scatters = sum(_scatter(part.double(), share, means) for part, share in parts)
    return Gaussians(means, scatters / divisors.to(scatters)[:, None, None])


def _bare(weight: float) -> Moments:
    return Moments(weight, np.zeros(1), np.zeros((1, 1)))


def _traces(tables: Float64[Tensor, "k d d"]) -> Float64[Tensor, "k"]:
    return tables.diagonal(dim1=1, dim2=2).sum(dim=1)


def _scatter(
    rows: Float64[Tensor, "n d"], shares: Float64[Tensor, "n k"], means: Float64[Tensor, "k d"]
) -> Float64[Tensor, "k d d"]:
    centred = (rows - means[:, None]) * shares.T.sqrt()[:, :, None]
    return centred.mT @ centred
