"""Small squares cut out of images at random places, without a copy of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64

from ganray.errors import UndefinedScore
from ganray.metrics.pixels.pyramid import laplacian_pyramid
from ganray.randomness import uniforms

PATCHES, SIDE = 128, 7
"""Of an image, and of a patch."""

_EVEN = 1e-9  # a deviation below it is rounding: one grey value less in one patch is above
_BLOCK = 256  # images whose patches are there at once


class Level(NamedTuple):
    """Which of so many levels of a pyramid, the largest being 0."""

    number: int
    levels: int


class Patches(NamedTuple):
    """All patches of one level of a set, which are cut out where they are needed."""

    images: Float32[np.ndarray, "n c h w"]
    level: Level
    seed: int
    mean: Float64[np.ndarray, "k"]
    deviation: Float64[np.ndarray, "k"]

    @classmethod
    def of(
        cls, name: str, images: Float32[np.ndarray, "n c h w"], level: Level, seed: int
    ) -> Patches:
        """With what standardises them."""
        whole = len(images) * PATCHES * SIDE**2
        zero, one = np.zeros(images.shape[1]), np.ones(images.shape[1])
        plain = cls(images, level, seed, zero, one)
        mean = sum(x.sum(axis=(0, 2)) for x in plain.blocks()) / whole
        centred = cls(images, level, seed, mean, one)
        variance = sum(np.square(x).sum(axis=(0, 2)) for x in centred.blocks()) / whole
        deviation = np.sqrt(variance)
        if (deviation < _EVEN).any():
            raise UndefinedScore(
                f"{name}: a channel has one value in all patches of level {level.number}"
            )
        return cls(images, level, seed, mean, deviation)

    def blocks(self) -> Iterator[Float64[np.ndarray, "q c p"]]:
        """Standardised patches of some images after others, channel by channel."""
        number, levels = self.level
        for start in range(0, len(self.images), _BLOCK):
            part = laplacian_pyramid(self.images[start : start + _BLOCK], levels)[number]
            windows = np.lib.stride_tricks.sliding_window_view(part, (SIDE, SIDE), axis=(2, 3))
            high, wide = windows.shape[2:4]
            drawn = uniforms(self.seed, f"swd/{number}", start, len(part), 2 * PATCHES)
            top = (drawn[:, :PATCHES] * high).astype(np.int64)
            left = (drawn[:, PATCHES:] * wide).astype(np.int64)
            chosen = windows[np.arange(len(part))[:, None], :, top, left]
            values = chosen.reshape(-1, chosen.shape[2], SIDE**2)
            yield (values - self.mean[:, None]) / self.deviation[:, None]

    def sorted(self, directions: Float64[np.ndarray, "k p"]) -> Float64[np.ndarray, "k q"]:
        """Projections of all patches on each direction, in rising order."""
        found = np.empty((len(directions), len(self.images) * PATCHES))
        first = 0
        for block in self.blocks():
            flat = block.reshape(len(block), -1)
            found[:, first : first + len(flat)] = directions @ flat.T
            first += len(flat)
        found.sort(axis=1)
        return found
