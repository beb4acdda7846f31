"""A mixture of one round normal distribution around each of some images, all of equal weight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64

from ganray.metrics.pairs import squared_distances

ROWS = 256
"""Images whose distances from all centres are looked at together."""
_LOG_2_PI = np.log(2 * np.pi)

Table = Float[np.ndarray, "part k"]


@dataclass(frozen=True, eq=False)
class Mixture:
    """Normal distributions of equal weight with variances σ² in every direction."""

    centres: Float32[np.ndarray, "k d"]
    log_variances: Float64[np.ndarray, "k"]

    def loss(self, images: Float32[np.ndarray, "n d"]) -> float:
        """The mean negative log-likelihood, in nats for each dimension."""
        total = 0.0
        for table in tables(images, self.centres):
            logs = weighted_logs(table, self.log_variances, self.centres.shape[1])
            most = logs.max(axis=1)
            total -= float((most + np.log(np.exp(logs - most[:, None]).sum(axis=1))).sum())
        return total / images.size


def weighted_logs(
    table: Table, log_variances: Float64[np.ndarray, "k"], d: int
) -> Float64[np.ndarray, "part k"]:
    """Weighted log-densities of each image under each component."""
    found = table * (-0.5 * np.exp(-log_variances))
    found -= d / 2 * (log_variances + _LOG_2_PI) + np.log(len(log_variances))
    return found


def tables(
    images: Float32[np.ndarray, "n d"],
    centres: Float32[np.ndarray, "k d"],
    rows: Int64[np.ndarray, "m"] | None = None,
) -> Iterator[Float64[np.ndarray, "part k"]]:
    """The squared distances of some images at a time from all centres.

    Args:
        rows: the images that are meant, in their order; none: all, in theirs.
    """
    wide = centres.astype(np.float64)  # once, not for every few images
    for some in parted(np.arange(len(images)) if rows is None else rows):
        yield squared_distances(images[some], wide)


def parted(rows: Int64[np.ndarray, "m"]) -> Iterator[Int64[np.ndarray, "p"]]:
    """A few rows after others."""
    for start in range(0, len(rows), ROWS):
        yield rows[start : start + ROWS]
