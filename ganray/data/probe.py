"""Drawn probe images for the range-space search: things that no data set of digits contains.

The source document probes with digits, a noisy digit, Fashion-MNIST items and simple drawings such
as a smiley face. Drawings are made at any size, white on black, with anti-aliased edges.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from jaxtyping import Float64, UInt8

from ganray.errors import RefusedInput
from ganray.randomness import normals, uniforms
from ganray.spec import unknown_name

Plane = Float64[np.ndarray, "s s"]


def draw(name: str, shape: tuple[int, int, int], number: int = 0) -> UInt8[np.ndarray, "c h w"]:
    """One drawing of `SHAPES`, as large as fits and centred, the same in every channel.

    Args:
        number: which of its draws, of `noise`; the others have one alone.

    Raises:
        RefusedInput: an unknown name, with the nearest valid one.
    """
    if name not in SHAPES:
        raise RefusedInput(f"shape: {unknown_name(name, list(SHAPES))}")
    channels, height, width = shape
    size = min(height, width)
    centres = (np.arange(size) + 0.5) / size * 2 - 1
    drawing = partial(_noise, number=number) if name == "noise" else SHAPES[name]
    plane = drawing(*np.meshgrid(centres, centres), 2 / size)
    canvas = np.zeros((height, width))
    top, left = (height - size) // 2, (width - size) // 2
    canvas[top : top + size, left : left + size] = np.clip(plane, 0, 1)
    return np.repeat(np.rint(canvas * 255).astype(np.uint8)[None], channels, axis=0)


def add_noise(
    image: UInt8[np.ndarray, "c h w"], deviation: float = 0.2, seed: int = 0
) -> UInt8[np.ndarray, "c h w"]:
    """The image with Gaussian noise of `deviation` (of the full range), clipped to 0 … 255."""
    noise = normals(seed, "probe/noise", 0, 1, image.size).reshape(image.shape)
    return np.clip(np.rint(image + 255 * deviation * noise), 0, 255).astype(np.uint8)


def _edge(distance: Plane, pixel: float) -> Plane:
    """1 inside (negative distance), 0 outside, a ramp of one pixel between."""
    return np.clip(0.5 - distance / pixel, 0, 1)


def _disc(x: Plane, y: Plane, pixel: float, at: tuple[float, float], radius: float) -> Plane:
    return _edge(np.hypot(x - at[0], y - at[1]) - radius, pixel)


def _ring(x: Plane, y: Plane, pixel: float) -> Plane:
    return _edge(np.abs(np.hypot(x, y) - 0.6) - 0.1, pixel)


def _smiley(x: Plane, y: Plane, pixel: float) -> Plane:
    face = _edge(np.abs(np.hypot(x, y) - 0.75) - 0.07, pixel)
    eyes = _disc(x, y, pixel, (-0.28, -0.25), 0.1) + _disc(x, y, pixel, (0.28, -0.25), 0.1)
    mouth = _edge(np.abs(np.hypot(x, y - 0.02) - 0.42) - 0.06, pixel) * (y > 0.15)
    return face + eyes + mouth


def _square(x: Plane, y: Plane, pixel: float) -> Plane:
    return _edge(np.abs(np.maximum(np.abs(x), np.abs(y)) - 0.6) - 0.08, pixel)


def _cross(x: Plane, y: Plane, pixel: float) -> Plane:
    diagonal = np.minimum(np.abs(x - y), np.abs(x + y)) / np.sqrt(2)
    reach = np.maximum(np.abs(x), np.abs(y)) - 0.65
    return _edge(np.maximum(diagonal - 0.1, reach), pixel)


def _stripes(x: Plane, y: Plane, pixel: float) -> Plane:
    return ((np.floor((x + 1) * 3.5) % 2) == 0).astype(np.float64)


def _checkerboard(x: Plane, y: Plane, pixel: float) -> Plane:
    return ((np.floor((x + 1) * 3.5) + np.floor((y + 1) * 3.5)) % 2).astype(np.float64)


def _blank(x: Plane, y: Plane, pixel: float) -> Plane:
    return np.zeros_like(x)


def _noise(x: Plane, y: Plane, pixel: float, number: int = 0) -> Plane:
    return uniforms(0, "probe/uniform", number * x.shape[0], x.shape[0], x.shape[1])


SHAPES: dict[str, Callable[[Plane, Plane, float], Plane]] = {
    "smiley": _smiley,
    "square": _square,
    "ring": _ring,
    "cross": _cross,
    "stripes": _stripes,
    "checkerboard": _checkerboard,
    "blank": _blank,
    "noise": _noise,
}
"""Name → a drawing on [−1, 1]², given each pixel's x and y (down) and the width of a pixel."""
