"""C_T: the three-sample test of data copying, cell by cell.

Meehan, Chaudhuri and Dasgupta, "A Non-Parametric Test to Detect Data-Copying in Generative Models"
(arXiv 2004.05675). Taken from the public code casey-meehan/data-copying: Z_U with its continuity
correction of 0.5 and without one for ties, and C_T as the mean of Z_U weighted by the cells'
shares of held-out images. Taken from marcojira/fld: 3 cells by k-means of the training features,
reduced to 64 principal axes where there are more, the best of 10 first centres, and cells with more
than 20 generated images. Here a cell without held-out images, refused there, has no weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64
from pydantic import Field

from ganray.errors import UndefinedScore
from ganray.metrics.copying.cells import Partition, Partitioning
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value
from ganray.metrics.nearest import nearest
from ganray.process.progress import shares


class CT(Metric):
    """C_T: in standard deviations of the null law, without bounds.

    Far below 0, generated images are nearer to training images than held-out ones are: copies. Far
    above 0 they are further away: underfitting, which is no merit. Real images do not read 0 where
    the held-out ones are easier or harder than those of training (−1.6 … −3.7 against MNIST's first
    test images), and it grows with the root of the number of images: no fixed cut-off, the floor
    decides. A few copies among many images are not seen.
    """

    title = "C_T"
    meaning = "how much nearer images are to training images than held-out ones are, cell by cell"
    better = "higher"
    needs = frozenset({"features"})
    asks = frozenset({"training images"})

    name: Literal["c_t"] = Field("c_t", description="the metric")
    cells: int = Field(3, ge=1, le=1000, description="by k-means of the training features")
    dimensions: int = Field(64, ge=1, description="principal axes of these at most")
    more_than: int = Field(20, ge=1, description="generated images in a cell that counts")
    restarts: int = Field(10, ge=1, le=1000, description="of k-means, the best of which is taken")
    seed: int = Field(0, ge=0, description="of the first centres")

    @property
    def least(self) -> int:
        """So many that a cell counts."""
        return self.more_than + 1

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """C_T; details say how many cells and which share of the images it rests on."""
        how = Partitioning(self.cells, self.dimensions, self.restarts, self.seed)
        first, second = shares(real.count, generated.count)
        with first:
            partition = real.once(how)
        with second:
            found = c_t(partition, generated.features, self.more_than)
        return Value(
            found.value,
            details={
                "cells counted": float(found.cells),
                "share of images counted": found.share,
                "lowest z of a cell": found.lowest,
            },
        )

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """Its principal axes, and tables of distances within cells."""
        kept = min(dimensions, self.dimensions)
        return 2.0 * count * dimensions**2 + 4.0 * count**2 * kept / self.cells


@dataclass(frozen=True)
class Copying:
    """C_T, the cells that count, the share of generated images in these, and their lowest Z_U."""

    value: float
    cells: int
    share: float
    lowest: float


def c_t(
    partition: Partition, generated: Float32[np.ndarray, "n d"], more_than: int = 20
) -> Copying:
    """C_T = Σ_π P(π) Z_U(π) / Σ_π P(π) over the cells π with more than so many generated images,
    where P is the share of held-out images.

    Args:
        partition: of `cells.partition(training, held_out)`.

    Raises:
        RefusedInput: the features are of other dimensions.
        UndefinedScore: there is no such cell with held-out images.
    """
    placing, comparing = shares(0, 1)
    with placing:
        reduced, cell = partition.space.place(generated)
    inside = np.bincount(cell, minlength=len(partition.training))
    sizes = np.array([len(distances) for distances in partition.held_out])
    counted = np.flatnonzero((inside > more_than) & (sizes > 0))
    if not len(counted):
        raise UndefinedScore(
            f"none of {len(sizes)} cells has more than {more_than} generated images and any "
            "held-out one: give more images or fewer cells"
        )
    scores = []
    with comparing:
        for k, share in zip(counted, shares(*inside[counted].tolist()), strict=True):
            with share:
                _, squared = nearest(reduced[cell == k], partition.training[k])
            scores.append(z_u(np.sqrt(squared), partition.held_out[k]))
    value = float(np.average(scores, weights=sizes[counted]))
    return Copying(value, len(counted), float(inside[counted].sum() / len(cell)), min(scores))


def z_u(generated: Float64[np.ndarray, "n"], held_out: Float64[np.ndarray, "m"]) -> float:
    """The Mann–Whitney statistic of distances to the nearest training image, in its null law's
    standard deviations: below 0 where the generated ones are the smaller."""
    from scipy.stats import rankdata  # half a second, which no reader of a store should wait

    n, m = len(generated), len(held_out)
    ranks = rankdata(np.concatenate([generated, held_out]))
    u = ranks[:n].sum() - n * (n + 1) / 2
    return float((u - (n * m / 2 - 0.5)) / np.sqrt(n * m * (n + m + 1) / 12))
