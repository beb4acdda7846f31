"""SWD, the sliced Wasserstein distance between patches of images, level by level of a pyramid.

Karras et al., "Progressive Growing of GANs", arXiv 1710.10196, section 5, with the choices of its
public code: 128 patches of 7 × 7 an image, 4 · 128 directions, patches standardised channel by
channel within each set, mean absolute difference of sorted projections, times 1,000.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64
from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value
from ganray.metrics.pixels.patches import PATCHES, SIDE, Level, Patches
from ganray.randomness import normals, permutation

DIRECTIONS = 4 * 128
_SMALLEST = 16  # side of the published pyramid's last level
_BYTES = 2**29  # of projections
Pyramid = Literal["published", "two_levels"]


class Swd(Metric):
    """Sliced Wasserstein distance between standardised patches, times 1,000; 0 for equal sets.

    Each set's patches have mean 0 and deviation 1 in every channel by its own values, as published:
    a change of brightness or contrast of all images is not seen. Nor is what is larger than a
    patch, whether patches fit together, or collapse to images with typical patches. It falls with
    the number of images: its floor stands at the same number. `published` has levels down to 16
    pixels, which at 28 is the image itself alone; `two_levels` has the image's and that of half its
    size.
    """

    title = "SWD"
    meaning = "sliced Wasserstein distance between patches, mean over a pyramid's levels, × 1,000"
    better = "lower"
    needs = frozenset({"pixels"})

    name: Literal["swd"] = Field("swd", description="the metric")
    pyramid: Pyramid = Field(
        "published", description="levels of at least 16 pixels, or two_levels whatever the size"
    )
    seed: int = Field(0, ge=0, description="of patches, directions and the images left out")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The mean over levels, and each level's own."""
        found = swd(real.pictures, generated.pictures, self.pyramid, self.seed)
        details = {f"{side} px": value for side, value in found.items()}
        return Value(float(np.mean(list(found.values()))), details=details)

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """Projections of all patches of both sets, of one channel and level."""
        return 2 * 2.0 * count * PATCHES * SIDE**2 * DIRECTIONS


def swd(
    real: Float32[np.ndarray, "n c h w"],
    generated: Float32[np.ndarray, "m p q r"],
    pyramid: Pyramid = "published",
    seed: int = 0,
) -> dict[int, float]:
    """The distance × 1,000 of each level, by the shorter side of its images.

    The larger set is cut to the smaller one's number by a fixed permutation. Image i of either set
    has its patches at the same places, and both are projected on the same directions. Memory beside
    the images is that of some directions' projections, half a gigabyte; for each some patches are
    cut out anew.

    Raises:
        RefusedInput: images differ in shape, or a level is below 7 pixels.
        UndefinedScore: a channel of a level has the same value in all patches.
    """
    if real.shape[1:] != generated.shape[1:]:
        raise RefusedInput(f"real images of {real.shape[1:]}, generated of {generated.shape[1:]}")
    least = min(len(real), len(generated))
    one, other = (_cut(images, least, seed) for images in (real, generated))
    side = min(real.shape[2:])
    levels = _levels(side, pyramid)
    return {
        -(-side // 2**level): 1e3 * _distance(one, other, Level(level, levels), seed)
        for level in range(levels)
    }


def _cut(images: Float32[np.ndarray, "n c h w"], count: int, seed: int) -> np.ndarray:
    if len(images) == count:
        return images
    return images[permutation(seed, "swd/images", 0, len(images))[:count]]


def _levels(side: int, pyramid: Pyramid) -> int:
    # As published, by whole halves of the side; an image below 16 pixels has itself all the same.
    published = sum(side // 2**halvings >= _SMALLEST for halvings in range(side.bit_length()))
    levels = max(1, published) if pyramid == "published" else 2
    last = -(-side // 2 ** (levels - 1))
    if last < SIDE:
        raise RefusedInput(f"images of {side} pixels have a level of {last}: {SIDE} at least")
    return levels


def _distance(
    real: Float32[np.ndarray, "n c h w"],
    generated: Float32[np.ndarray, "n c h w"],
    level: Level,
    seed: int,
) -> float:
    one = Patches.of("real", real, level, seed)
    other = Patches.of("generated", generated, level, seed)
    stream, width = f"swd/{level.number}/directions", real.shape[1] * SIDE**2
    directions = normals(seed, stream, 0, DIRECTIONS, width)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    group = max(1, _BYTES // (2 * 8 * len(real) * PATCHES))
    groups = (directions[start : start + group] for start in range(0, DIRECTIONS, group))
    return sum(_sum_of_means(one, other, some) for some in groups) / DIRECTIONS


def _sum_of_means(one: Patches, other: Patches, directions: Float64[np.ndarray, "k p"]) -> float:
    """Over directions, the mean absolute difference of sorted projections."""
    apart = one.sorted(directions)
    apart -= other.sorted(directions)
    return float(np.abs(apart, out=apart).mean(axis=1).sum())
