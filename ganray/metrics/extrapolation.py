"""Scores of infinitely many images: a line in 1/n through scores of smaller draws, read at 0.

Chong and Forsyth, "Effectively Unbiased FID and Inception Score and Where to Find Them", CVPR 2020,
and their public code (mchong6/FID_IS_infinity): 15 sizes evenly spaced up to n, for each a fresh
draw without replacement, ordinary least squares on 1/size, the intercept. Its first size is 5,000
of 50,000 images; here it is a tenth of however many there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.metric import Metric
from ganray.process.progress import shares
from ganray.randomness import permutation

SIZES = 15


class Extrapolated(Metric):
    """What metrics share that are read at infinitely many generated images."""

    sizes: int = Field(
        SIZES, ge=2, le=1000, description="numbers of images that the line goes through"
    )
    seed: int = Field(0, description="of the draws of generated images, one for each size")

    @property
    def least(self) -> int:
        """Two images in the smallest draw, and no two draws of equal size."""
        return fewest(self.sizes)


@dataclass(frozen=True)
class Line:
    """score(n) ≈ intercept + slope / n.

    Attributes:
        intercept: the score at infinitely many images.
        at_all: the score of all images, measured.
    """

    intercept: float
    slope: float
    at_all: float

    @property
    def details(self) -> dict[str, float]:
        """What a table shows beside the intercept."""
        return {"slope": self.slope, "value at n": self.at_all}


def fewest(count: int) -> int:
    """How few images let a tenth of them be two, and all of `count` sizes differ."""
    return max(20, -(-10 * (count - 1) // 9))


def sizes_of(n: int, count: int = SIZES) -> list[int]:
    """`count` whole numbers evenly spaced from n/10 to n, rounded down.

    Raises:
        RefusedInput: for fewer than two sizes, or so few images that sizes were equal or below 2.
    """
    if count < 2:
        raise RefusedInput(f"sizes (={count}) must be at least 2: a line needs two points")
    if n < fewest(count):
        raise RefusedInput(f"{n} images are too few for sizes (={count}); {fewest(count)} are not")
    # In whole numbers, as a last bit would take one image away.
    return [n * (count - 1 + 9 * i) // (10 * (count - 1)) for i in range(count)]


def at_infinity(
    score: Callable[[Int64[np.ndarray, "length"]], float],
    n: int,
    count: int,
    seed: int,
    stream: str,
) -> Line:
    """The line through the scores of one draw of each size from n images.

    Args:
        score: of the images with these indices, which are in ascending order.
        stream: of the draws: number i is the beginning of the permutation of epoch i.

    Raises:
        RefusedInput: as `sizes_of` does.
    """
    sizes = sizes_of(n, count)
    drawn = (np.sort(permutation(seed, stream, i, n)[:size]) for i, size in enumerate(sizes))
    scores = np.empty(count)
    for i, (rows, share) in enumerate(zip(drawn, shares(*[1] * count), strict=True)):
        with share:
            scores[i] = score(rows)
    return line(1 / np.array(sizes, dtype=np.float64), scores)


def line(x: Float64[np.ndarray, "k"], y: Float64[np.ndarray, "k"]) -> Line:
    """The least-squares line through (x, y), of which the last is that of all images."""
    across = x - x.mean()
    slope = float(across @ (y - y.mean()) / (across @ across))
    return Line(float(y.mean() - slope * x.mean()), slope, float(y[-1]))
