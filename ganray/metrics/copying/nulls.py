"""Paths that are no GAN's, to read the smoothness of its paths by: a cross-fade, and jumps.

A cross-fade of two images is as even as a path of pixels can be, and shows two images at once
between its ends. One that shows, for each image of it, the nearest training image is what a
generator would show that knew these by heart: it stands still and jumps.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64, UInt8

from ganray.errors import RefusedInput
from ganray.metrics.nearest import nearest
from ganray.randomness import uniforms


def cross_fades(
    first: UInt8[np.ndarray, "n c h w"], last: UInt8[np.ndarray, "n c h w"], frames: int
) -> UInt8[np.ndarray, "n frames c h w"]:
    """(1 − t)·a + t·b, rounded, at `frames` equal steps from 0 to 1."""
    t = np.linspace(0.0, 1.0, frames)[None, :, None, None, None]
    return np.rint((1 - t) * first[:, None] + t * last[:, None]).astype(np.uint8)


def jumps(
    paths: UInt8[np.ndarray, "n frames c h w"], training: UInt8[np.ndarray, "m c h w"]
) -> UInt8[np.ndarray, "n frames c h w"]:
    """Each image of the paths as the training image that is nearest to it by pixels."""
    frames = paths.reshape(-1, *paths.shape[2:])
    found, _ = nearest(frames.reshape(len(frames), -1), training.reshape(len(training), -1))
    return training[found].reshape(paths.shape)


def drawn_pairs(seed: int, start: int, count: int, images: int) -> Int64[np.ndarray, "count 2"]:
    """Pairs `start … start+count−1` of two different ones of so many images, by their numbers.

    Raises:
        RefusedInput: there are fewer than two.
    """
    if images < 2:
        raise RefusedInput(f"images (={images}) must be 2 or more, of which pairs are drawn")
    drawn = uniforms(seed, "pairs", start, count, 2)
    first = np.minimum((drawn[:, 0] * images).astype(np.int64), images - 1)
    step = 1 + np.minimum((drawn[:, 1] * (images - 1)).astype(np.int64), images - 2)
    return np.column_stack([first, (first + step) % images])
