"""CMMD's distance: the maximum mean discrepancy under a Gaussian kernel, on any encoder.

Jayasumana et al., "Rethinking FID: Towards a Better Evaluation Metric for Image Generation", 2024
(arXiv 2401.09603), with the choices of the authors' public code (google-research/cmmd): bandwidth
10, the biased estimate, multiplied by 1,000. They measure CLIP embeddings, made as long as 1; on
all other encoders the bandwidth is a setting like any other, and the number is no CMMD.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Num
from pydantic import Field

from ganray.metrics import pairs
from ganray.metrics.features import Embedding
from ganray.metrics.kernel.sums import (
    biased_mmd,
    gaussian,
    sum_within,
    sums_of_others,
    unbiased_mmd,
)
from ganray.metrics.metric import Metric, Value
from ganray.process.progress import shares

BANDWIDTH, SCALE = 10.0, 1000.0


class Cmmd(Metric):
    """1,000 times the squared distance of two sets under exp(−|x − y|² / 2σ²).

    From 0 to 2,000 without a unit; biased upwards by up to 1,000 (1/n + 1/m), which is its floor.
    It sees any difference of distributions, given a bandwidth near the images' distances: where
    the mean kernel of real images, told beside the value, is near 0 it sees equal images alone, and
    where it is near 1 little but the means. Of CLIP's features, of length 1, it is at least 0.98.
    """

    title = "Gaussian kernel distance"
    known_as: ClassVar[Mapping[str, str]] = {"clip": "CMMD"}
    meaning = "1,000 × squared MMD of the features, Gaussian kernel; CMMD is that on CLIP"
    better = "lower"
    needs = frozenset({"features"})
    multiplies = True

    name: Literal["cmmd"] = Field("cmmd", description="the metric")
    bandwidth: float = Field(
        BANDWIDTH, gt=0, description="σ of the kernel, in the features' unit; 10 is made for CLIP"
    )

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The biased distance, the unbiased one, and how much the kernel tells apart."""
        n = real.count
        pairs.check_sets(real=real.features, generated=generated.features)
        first, second = shares(n / 2, generated.count / 2 + n)  # per generated image
        with first:
            own = real.once(_Within(self.bandwidth))
        with second:
            sums = _sums(real.features, generated.features, self.bandwidth, own)
        unbiased = SCALE * unbiased_mmd(*sums)
        mean = own / (n * (n - 1))
        return Value(
            SCALE * biased_mmd(*sums),
            details={"unbiased": unbiased, "mean kernel of real images": mean},
        )

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """All products of as many real images."""
        return 4.0 * count**2 * dimensions


@dataclass(frozen=True)
class _Within:
    bandwidth: float

    def __call__(self, embedding: Embedding) -> float:
        return sum_within(gaussian(self.bandwidth), embedding.features)


def cmmd(
    real: Num[np.ndarray, "n d"], generated: Num[np.ndarray, "m d"], bandwidth: float = BANDWIDTH
) -> float:
    """1,000 times the biased squared distance, at least 0.

    Raises:
        RefusedInput: for a bandwidth that is not above 0, and as `pairs.check_sets` does.
    """
    pairs.check_sets(real=real, generated=generated)
    own = sum_within(gaussian(bandwidth), real)
    return SCALE * biased_mmd(*_sums(real, generated, bandwidth, own))


def _sums(
    real: Num[np.ndarray, "n d"], generated: Num[np.ndarray, "m d"], bandwidth: float, own: float
) -> tuple[float, int, float, int, float]:
    within, between = sums_of_others(gaussian(bandwidth), real, generated)
    return own, len(real), within, len(generated), between
