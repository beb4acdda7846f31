"""The truncated Vendi score: how many kinds of images there are, by the entropy of a kernel.

Friedman and Dieng, "The Vendi Score: A Diversity Evaluation Metric for Machine Learning", 2022
(arXiv 2210.02410), defines exp of the entropy of the eigenvalues of K/n; Ospanov and Farnia, "Do
Vendi Scores Converge with Finite Samples? Truncated Vendi Score for Finite-Sample Convergence
Guarantees", 2025 (arXiv 2410.21719), keep the largest t eigenvalues and spread what the others sum
to evenly over them, as their public code does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64, Num
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.features import Embedding
from ganray.metrics.kernel.chosen import ChosenKernel
from ganray.metrics.kernel.spectrum import (
    IMAGES,
    LARGEST,
    cosine_eigenvalues,
    drawn,
    gaussian_eigenvalues,
)
from ganray.metrics.metric import Value

KEPT = 100


class Vendi(ChosenKernel):
    """The effective number of kinds among generated images; the real ones' stands beside it.

    From 1, all alike, to the number of eigenvalues kept. It tells diversity alone and knows no
    fidelity: noise is diverse. So it is to be as high as that of the real images, not higher.
    Cosines of features that are nowhere negative are all near 1, and so is the score.
    """

    title = "Vendi score"
    meaning = "effective number of kinds: exp of the entropy of a kernel's largest eigenvalues"
    better = "higher"
    needs = frozenset({"features"})

    name: Literal["vendi"] = Field("vendi", description="the metric")
    kept: int = Field(KEPT, ge=1, description="largest eigenvalues; others' sum is spread on them")
    order: float = Field(1.0, gt=0, le=100, description="of Rényi's entropy; 1 is Shannon's")
    images: int = Field(
        IMAGES,
        ge=2,
        le=LARGEST,
        description="most drawn of each set; cosines in no more than 4,096 dimensions are "
        "of all images",
    )
    seed: int = Field(0, ge=0, description="of the draws")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The number of kinds, that of the real images, and what was kept."""
        spectrum = _Spectrum(self.width(real), self.images, self.seed)
        found = spectrum(generated)
        real_kinds = vendi_score(real.once(spectrum), self.kept, self.order)
        details = {"of real images": real_kinds, "kept": float(found[: self.kept].sum())}
        if spectrum.bandwidth is not None:
            details["bandwidth"] = spectrum.bandwidth
        return Value(vendi_score(found, self.kept, self.order), details=details)

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """The products, and one decomposition of values alone."""
        side = min(count, self.images)
        if self.kernel == "cosine" and dimensions <= LARGEST:
            side = min(count, dimensions)
        return 2.0 * count * dimensions * side + 4 / 3 * side**3


@dataclass(frozen=True)
class _Spectrum:
    """Eigenvalues, as a statistic that `Embedding.once` keeps; no bandwidth: of cosines."""

    bandwidth: float | None
    images: int
    seed: int

    def __call__(self, embedding: Embedding) -> Float64[np.ndarray, "p"]:
        features = embedding.features
        if self.bandwidth is None and features.shape[1] <= LARGEST:
            return cosine_eigenvalues(features)
        some = drawn(features, self.images, self.seed, "vendi")
        if self.bandwidth is None:
            return cosine_eigenvalues(some)
        return gaussian_eigenvalues(some, self.bandwidth)


def vendi(
    features: Num[np.ndarray, "n d"], bandwidth: float | None = None, kept: int = KEPT
) -> float:
    """The effective number of kinds among all of some images.

    Args:
        bandwidth: of the Gaussian kernel; none: the kernel is the cosine.

    Raises:
        RefusedInput, UndefinedScore: as `cosine_eigenvalues`, `gaussian_eigenvalues` and
            `vendi_score` do.
    """
    if bandwidth is None:
        return vendi_score(cosine_eigenvalues(features), kept)
    return vendi_score(gaussian_eigenvalues(features, bandwidth), kept)


def vendi_score(
    eigenvalues: Float64[np.ndarray, "p"], kept: int = KEPT, order: float = 1.0
) -> float:
    """exp of the entropy of the largest eigenvalues, each with its share of the others' sum.

    Args:
        eigenvalues: descending, at least 0 and with sum 1.
        order: α of Rényi's entropy log(Σ λ^α) / (1 − α); at 1 it is Shannon's, −Σ λ log λ.

    Raises:
        RefusedInput: for no eigenvalues kept, and for an order that is not above 0.
    """
    from scipy.special import entr

    if kept < 1:
        raise RefusedInput(f"kept (={kept}) must be at least 1")
    if not order > 0:
        raise RefusedInput(f"order (={order}) must be above 0")
    largest = eigenvalues[:kept]
    largest = largest + max(0.0, eigenvalues[kept:].sum()) / len(largest)
    if order == 1:
        return float(np.exp(entr(largest).sum()))
    return float((largest[largest > 0] ** order).sum() ** (1 / (1 - order)))
