"""How FLD fits the variances of a mixture around generated images.

From the public code marcojira/fld of Jiralerspong et al. (arXiv 2302.04440): round components of
equal weight, whose variances alone are fitted to other images by Adam (0.5) in batches of 10,000,
from the squared distance of the nearest such image, divided by the dimensions. It ends after 50
epochs, or where the last five have losses within 5e-4. Meanwhile a further component around the
images' mean, drawn towards each image by a tenth and of weight 1, keeps every likelihood above
something; it is left out afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float32, Float64, Int64

from ganray.metrics.copying.mixture import Mixture, Table, parted, tables, weighted_logs
from ganray.process.progress import steps
from ganray.randomness import permutation

EPOCHS = 50
BATCH = 10_000
_RATE, _DECAYS, _EPSILON = 0.5, (0.9, 0.999), 1e-8
_MARGIN = 1e-3  # that keeps first variances above 0
_LEAST, _MOST = -40.0, 40.0  # of logarithms of variances
_ALIKE, _SINCE, _UNCHANGED = 5, 7, 5e-4  # epochs that are compared, from which on, and their losses
_DRAWN = 0.9  # of the way to the images' mean
KEPT_BYTES = 2**29
"""Of distances; beyond they are computed in every epoch."""
_EXACT_BYTES = 2**27  # of distances in 64 bits; more are kept in 32, in which the public code is


def fit_mixture(
    centres: Float32[np.ndarray, "k d"],
    images: Float32[np.ndarray, "n d"],
    seed: int = 0,
    epochs: int = EPOCHS,
) -> Mixture:
    """The mixture around `centres` whose variances make `images` likely.

    As published it is no maximum of the likelihood but where Adam comes to. Up to half a GiB of
    distances is kept, of more than 16 million pairs in 32 bits, by which FLD of MNIST moves by
    3e-5 of itself; beyond, they are computed anew in every epoch.

    Args:
        seed: of the images' order, which matters where they are more than a batch.
        epochs: at most.
    """
    order = permutation(seed, "fld", 0, len(images))
    rows = [order[start : start + BATCH] for start in range(0, len(images), BATCH)]
    mean = images.mean(axis=0, dtype=np.float64)
    kept_as = precision(len(images), len(centres))
    batches = [_Batch(images, some, centres, mean, kept_as) for some in rows]
    first = np.min([batch.nearest() for batch in batches], axis=0)
    start = np.log((first + _MARGIN) / images.shape[1])
    logs = np.append(start, 0.0)  # the last one is the mean's
    descent = _Adam(len(logs))
    losses: list[float] = []
    for _ in steps(range(epochs), [1] * epochs):
        found = []
        for batch in batches:
            loss, slope = batch.loss(logs)
            logs = logs + descent.step(slope)
            logs[:-1] = logs[:-1].clip(_LEAST, _MOST)
            found.append(loss)
        losses.append(float(np.mean(found)))
        if _settled(losses):
            break
    return Mixture(centres, logs[:-1])


def precision(images: int, centres: int) -> type[np.floating] | None:
    """In what the distances of all pairs are kept; none: they are not."""
    pairs = images * centres
    if 4 * pairs > KEPT_BYTES:
        return None
    return np.float64 if 8 * pairs <= _EXACT_BYTES else np.float32


def _settled(losses: list[float]) -> bool:
    """Whether the last few epochs have about one loss."""
    last = losses[-_ALIKE:]
    return len(losses) >= _SINCE and max(abs(one - last[-1]) for one in last) < _UNCHANGED


class _Adam:
    """Kingma and Ba, "Adam: A Method for Stochastic Optimization" (arXiv 1412.6980)."""

    def __init__(self, size: int) -> None:
        self.first, self.second, self.steps = np.zeros(size), np.zeros(size), 0

    def step(self, slope: Float64[np.ndarray, "m"]) -> Float64[np.ndarray, "m"]:
        """Where to go from here."""
        self.steps += 1
        (a, b), t = _DECAYS, self.steps
        self.first = a * self.first + (1 - a) * slope
        self.second = b * self.second + (1 - b) * slope**2
        size = np.sqrt(self.second / (1 - b**t)) + _EPSILON
        return -_RATE * self.first / (1 - a**t) / size


class _Batch:
    """Some images and their squared distances from all centres, kept where they are few."""

    def __init__(
        self,
        images: Float32[np.ndarray, "n d"],
        rows: Int64[np.ndarray, "m"],
        centres: Float32[np.ndarray, "k d"],
        mean: Float64[np.ndarray, "d"],
        kept_as: type[np.floating] | None,
    ) -> None:
        self.images, self.rows, self.centres = images, rows, centres
        apart = [np.square(images[some] - mean).sum(axis=1) for some in parted(rows)]
        self.from_mean = _DRAWN**2 * np.concatenate(apart)
        self._kept = None if kept_as is None else self._all(kept_as)

    def _all(self, kept_as: type[np.floating]) -> list[Table]:
        # In one piece, which goes back to the system as a whole; of many small ones holes are left.
        whole, found = np.empty((len(self.rows), len(self.centres)), kept_as), list[Table]()
        for table in tables(self.images, self.centres, self.rows):
            start = sum(map(len, found))
            found.append(whole[start : start + len(table)])
            found[-1][:] = table
        return found

    def tables(self) -> Iterable[Table]:
        """Rows of images, columns of centres."""
        return tables(self.images, self.centres, self.rows) if self._kept is None else self._kept

    def nearest(self) -> Float64[np.ndarray, "k"]:
        """The squared distance of each centre from the nearest image."""
        least = np.min([table.min(axis=0) for table in self.tables()], axis=0)
        return np.asarray(least, np.float64)

    def loss(self, logs: Float64[np.ndarray, "m"]) -> tuple[float, Float64[np.ndarray, "m"]]:
        """The loss for each dimension, and its gradient in the logarithms of all variances."""
        n, d = len(self.rows), self.images.shape[1]
        loss, slope, row = 0.0, np.zeros_like(logs), 0
        for table in self.tables():
            around = self.from_mean[row : row + len(table), None]
            found = _loss(table, around, logs, d)
            loss, slope, row = loss + found[0], slope + found[1], row + len(table)
        return loss / (n * d), slope / (n * d)


def _loss(
    table: Table, around: Float64[np.ndarray, "part 1"], logs: Float64[np.ndarray, "m"], d: int
) -> tuple[float, Float64[np.ndarray, "m"]]:
    """−Σᵢ log p(xᵢ), and Σᵢ rᵢⱼ (d − ‖xᵢ − cⱼ‖² / σⱼ²) / 2 with component j's responsibility r for
    image i."""
    shares, mean_s = weighted_logs(table, logs[:-1], d), weighted_logs(around, logs[-1:], d)
    most = np.maximum(shares.max(axis=1, keepdims=True), mean_s)
    np.exp(np.subtract(shares, most, out=shares), out=shares)
    mean_s = np.exp(mean_s - most)
    totals = shares.sum(axis=1, keepdims=True) + mean_s
    # Divided row by row in two products of vectors, not in a table of its own.
    weights = 1 / totals
    mass = np.append(weights[:, 0] @ shares, (weights * mean_s).sum())
    shares *= table
    spread = np.append(weights[:, 0] @ shares, (weights * mean_s * around).sum())
    loss = -float((most + np.log(totals)).sum())
    return loss, (d * mass - spread * np.exp(-logs)) / 2
