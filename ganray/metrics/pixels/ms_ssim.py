"""The mean MS-SSIM of random pairs of generated images: how much alike they are.

Odena, Olah and Shlens, "Conditional Image Synthesis with Auxiliary Classifier GANs", arXiv
1610.09585, section 4.2, who take 100 pairs within each class and set them beside real pairs'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float32, Int64
from pydantic import Field

from ganray.errors import UndefinedScore
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value
from ganray.metrics.pixels.structural_similarity import ms_ssim
from ganray.randomness import uniforms

_BLOCK = 1024  # pairs of images at once


class MsSsim(Metric):
    """Mean MS-SSIM of pairs of generated images, 0 to 1; the higher, the less diverse.

    Within each class, all counting alike, where the labels of both sets are known, else over all
    pairs. Lower is better down to the real images' value, which stands beside it: below that images
    differ more than real ones do, as noise does, which this metric takes for variety. It sees
    neither quality nor a few repeated images. What differs by a shift alone counts as different.
    """

    title = "MS-SSIM"
    meaning = "mean structural similarity of pairs of generated images, within classes if known"
    better = "lower"
    needs = frozenset({"pixels"})
    takes = frozenset({"real labels", "generated labels"})

    name: Literal["ms_ssim"] = Field("ms_ssim", description="the metric")
    pairs: int = Field(
        1000, ge=1, le=10**6, description="of each class, or of all images without labels"
    )
    seed: int = Field(0, ge=0, description="of the pairs")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The mean, its standard error by pairs, and the real images' mean."""
        labelled = real.labels is not None and generated.labels is not None
        alone = _OfSet(self.pairs, self.seed, labelled)
        found, beside = alone(generated), real.once(alone)
        details = {
            "real images": beside.value,
            "standard error": found.error,
            "within classes": float(labelled),
        }
        return Value(found.value, found.per_class, details=details)

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """Five windowed means of either set's pairs, each by two matrix products."""
        return 2 * self.pairs * max(1, classes) * 5 * 4.0 * dimensions**1.5


class Similarity(NamedTuple):
    """A mean over classes, its standard error, and a term for each class, where there are any."""

    value: float
    error: float
    per_class: list[float] | None


@dataclass(frozen=True)
class _OfSet:
    """Of one set alone, so that the real images' is computed once."""

    pairs: int
    seed: int
    labelled: bool

    def __call__(self, images: Embedding) -> Similarity:
        labels = images.labels if self.labelled else None
        return mean_ms_ssim(images.pictures, labels, self.pairs, self.seed)


def mean_ms_ssim(
    images: Float32[np.ndarray, "n c h w"],
    labels: Int64[np.ndarray, "n"] | None = None,
    pairs: int = 1000,
    seed: int = 0,
) -> Similarity:
    """The mean over random pairs of two images; with labels the mean over classes of theirs.

    Pairs are drawn with replacement, the images of a pair without. Classes are those that there
    are: from 0 to the highest label.

    Raises:
        RefusedInput: images are smaller than 11 pixels.
        UndefinedScore: a class, or the set, has fewer than two images.
    """
    known = [np.arange(len(images))] if labels is None else _rows(labels)
    found = [_of_rows(images, rows, k, pairs, seed) for k, rows in enumerate(known)]
    means, squared_errors = zip(*found, strict=True)
    error = float(np.sum(squared_errors)) ** 0.5 / len(known)
    return Similarity(float(np.mean(means)), error, None if labels is None else list(means))


def _rows(labels: Int64[np.ndarray, "n"]) -> list[Int64[np.ndarray, "m"]]:
    return [np.flatnonzero(labels == k) for k in range(int(labels.max()) + 1)]


def _of_rows(
    images: Float32[np.ndarray, "n c h w"],
    rows: Int64[np.ndarray, "m"],
    k: int,
    pairs: int,
    seed: int,
) -> tuple[float, float]:
    """The mean of pairs among some images, and the square of its standard error."""
    if len(rows) < 2:
        raise UndefinedScore(f"class {k} has {len(rows)} images; a pair needs 2")
    low, high = np.sort(random_pairs(len(rows), pairs, f"ms_ssim/{k}", seed), axis=0)
    # Ten images have 45 pairs, which 1,000 draws meet again and again, either way round.
    once, again = np.unique(low * len(rows) + high, return_inverse=True)
    first, second = np.divmod(once, len(rows))
    values = np.concatenate(
        [
            ms_ssim(images[rows[first[i : i + _BLOCK]]], images[rows[second[i : i + _BLOCK]]])
            for i in range(0, len(first), _BLOCK)
        ]
    )[again]
    return float(values.mean()), float(values.var() / pairs)


def random_pairs(
    count: int, pairs: int, stream: str, seed: int
) -> tuple[Int64[np.ndarray, "p"], Int64[np.ndarray, "p"]]:
    """Pairs of two different numbers below `count`, each by its own index."""
    drawn = uniforms(seed, stream, 0, pairs, 2)
    first = (drawn[:, 0] * count).astype(np.int64)
    second = (drawn[:, 1] * (count - 1)).astype(np.int64)
    return first, second + (second >= first)
