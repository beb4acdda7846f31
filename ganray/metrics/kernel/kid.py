"""KID, the kernel distance: how far two sets are apart in all moments to the third.

Bińkowski et al., "Demystifying MMD GANs", 2018 (arXiv 1801.01401), section 4: the squared maximum
mean discrepancy under (⟨x, y⟩/d + 1)³, estimated without bias. The paper and its public code answer
the mean over subsets; here the value is that of all images, and that mean stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float64, Num
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics import pairs
from ganray.metrics.features import Embedding
from ganray.metrics.kernel.sums import cubic, sum_within, sums_of_others, unbiased_mmd
from ganray.metrics.metric import Metric, Value
from ganray.progress import shares
from ganray.randomness import permutation

SUBSETS, SUBSET_SIZE = 100, 1000


class Kid(Metric):
    """The squared distance of the features' means, spreads and skews under a cubic kernel.

    Its unit is the sixth power of the features'; 0 is expected of images as good as real ones,
    however few, so that it is negative as often as positive there, and stays so. It hardly sees a
    few outliers or copies, and says nothing of what is wrong.
    """

    title = "cubic kernel distance"
    known_as: ClassVar[Mapping[str, str]] = {"inception": "KID"}
    meaning = "unbiased squared MMD of the features, cubic kernel; KID is that on Inception"
    better = "lower"
    needs = frozenset({"features"})

    name: Literal["kid"] = Field("kid", description="the metric")
    subsets: int = Field(SUBSETS, ge=1, le=10**5, description="draws for the mean beside the value")
    subset_size: int = Field(SUBSET_SIZE, ge=2, le=10**4, description="images of each draw, or all")
    seed: int = Field(0, ge=0, description="of the draws")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The distance of all images, and mean and deviation of that of subsets."""
        x, y = real.features, generated.features
        pairs.check_sets(real=x, generated=y)
        n, m, size = len(x), len(y), min(self.subset_size, len(x), len(y))
        first, second, third = shares(n**2 / 2, m**2 / 2 + n * m, 2 * self.subsets * size**2)
        with first:
            within = real.once(_within)
        with second:
            value = _distance(x, y, within)
        with third:
            drawn = subset_distances(x, y, self.subsets, self.subset_size, self.seed)
        deviation = float(drawn.std())
        return Value(
            value,
            details={"mean of subsets": float(drawn.mean()), "deviation of subsets": deviation},
        )

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """All products of as many real images, and those of the subsets."""
        return 4.0 * dimensions * (count**2 + self.subsets * min(count, self.subset_size) ** 2)


def kid(real: Num[np.ndarray, "n d"], generated: Num[np.ndarray, "m d"]) -> float:
    """The unbiased squared distance of all images; may be negative.

    Raises:
        RefusedInput: for a set of fewer than two images, and as `pairs.check_sets` does.
    """
    pairs.check_sets(real=real, generated=generated)
    return _distance(real, generated, sum_within(cubic, real))


def _within(real: Embedding) -> float:
    return sum_within(cubic, real.features)


def _distance(
    real: Num[np.ndarray, "n d"], generated: Num[np.ndarray, "m d"], within: float
) -> float:
    own, between = sums_of_others(cubic, real, generated)
    return unbiased_mmd(within, len(real), own, len(generated), between)


def subset_distances(
    real: Num[np.ndarray, "n d"],
    generated: Num[np.ndarray, "m d"],
    subsets: int = SUBSETS,
    size: int = SUBSET_SIZE,
    seed: int = 0,
) -> Float64[np.ndarray, "k"]:
    """The distance of each of some draws from both sets, without replacement within a draw.

    Args:
        size: images that are drawn of each set; all of the smaller set if it has fewer.

    Raises:
        RefusedInput: for no subsets, and as `kid` does.
    """
    if subsets < 1:
        raise RefusedInput(f"subsets (={subsets}) must be at least 1")
    size = min(size, len(real), len(generated))

    def draw(rows: np.ndarray, side: str, number: int) -> np.ndarray:
        return rows[permutation(seed, f"kid/{side}", number, len(rows))[:size]]

    found = np.empty(subsets)
    for i, share in enumerate(shares(*[1] * subsets)):
        with share:
            found[i] = kid(draw(real, "real", i), draw(generated, "generated", i))
    return found
