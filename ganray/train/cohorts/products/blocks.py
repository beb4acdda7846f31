"""The gradient by images in blocks of one stride, each of the maps that reach it."""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ganray.train.cohorts.products.geometry import Geometry, Images, Maps, Weights
from ganray.train.cohorts.products.layouts import product, windows


class _Blocks(NamedTuple):
    """Along one axis, how the gradient by images is made in blocks of one stride.

    Pixel h = stride·u + r − padding comes of places u − m through the kernel's rows r + stride·m.

    Attributes:
        first, blocks: the first u and how many.
        taps: how many m.
        skipped: pixels of the first block that lie before the image.
    """

    first: int
    blocks: int
    taps: int
    skipped: int


def _blocks(side: int, kernel: int, stride: int, padding: int) -> _Blocks:
    first = padding // stride
    last = (side - 1 + padding) // stride
    return _Blocks(first, last - first + 1, -(-kernel // stride), padding - stride * first)


def _cut(blocked: Float[Tensor, "k n u r v t c"], geometry: Geometry) -> Images:
    k, n, u, r, v, t, c = blocked.shape
    rows, columns = (_blocks(*axis) for axis in zip(*geometry[:4], strict=True))
    whole = blocked.reshape(k, n, u * r, v * t, c)
    (height, width), (top, left) = geometry.sides, (rows.skipped, columns.skipped)
    return whole[:, :, top : top + height, left : left + width].permute(0, 1, 4, 2, 3)


def _by_phase(weights: Weights, geometry: Geometry) -> Float[Tensor, "k o c m r n t"]:
    """The kernel, filled up with zeros to whole strides: row r + stride·m at (m, r)."""
    (i, j), (r, t) = geometry.kernel, geometry.stride
    rows, columns = -(-i // r), -(-j // t)
    full = functional.pad(weights, (0, columns * t - j, 0, rows * r - i))
    return full.unflatten(4, (columns, t)).unflatten(3, (rows, r))


def images_by_columns(maps: Maps, weights: Weights, geometry: Geometry) -> Images:
    """As a product of the maps' columns and the kernel, one block of pixels for each."""
    k, n = maps.shape[:2]
    rows, columns = (_blocks(*axis) for axis in zip(*geometry[:4], strict=True))
    last = maps.permute(0, 1, 3, 4, 2)
    around: list[int] = []
    for axis, places in ((columns, maps.shape[4]), (rows, maps.shape[3])):
        begin = axis.first - axis.taps + 1  # the first place that a window sees
        around += [-begin, axis.first + axis.blocks - places]
    padded = functional.pad(last, (0, 0, *around)).contiguous()
    seen = windows(padded, (rows.taps, columns.taps), (1, 1))
    # A window sees places in ascending order, which are taps in descending order.
    phases = _by_phase(weights, geometry).flip(3, 5)
    matrix = phases.permute(0, 3, 5, 1, 4, 6, 2).flatten(4, 6).flatten(1, 3)
    made = product(seen, matrix)
    blocked = made.view(k, n, rows.blocks, columns.blocks, *geometry.stride, -1)
    return _cut(blocked.permute(0, 1, 2, 4, 3, 5, 6), geometry)


def images_by_folding(maps: Maps, weights: Weights, geometry: Geometry) -> Images:
    """As a product of maps and kernel, and a sum over the places that reach each block."""
    k, n, _, p, q = maps.shape
    rows, columns = (_blocks(*axis) for axis in zip(*geometry[:4], strict=True))
    channels, (r, t) = weights.shape[2], geometry.stride
    matrix = _by_phase(weights, geometry).permute(0, 1, 3, 5, 4, 6, 2).flatten(2)
    made = product(maps.permute(0, 1, 3, 4, 2).flatten(1, 3), matrix)
    parts = made.view(k, n, p, q, rows.taps, columns.taps, r, t, channels)
    # Block u has place u − m: places p from m on, all blocks from 0 on being there.
    sums = parts.new_zeros(
        k,
        n,
        max(p + rows.taps - 1, rows.first + rows.blocks),
        max(q + columns.taps - 1, columns.first + columns.blocks),
        r,
        t,
        channels,
    )
    for m in range(rows.taps):
        for j in range(columns.taps):
            sums[:, :, m : m + p, j : j + q] += parts[:, :, :, :, m, j]
    own = sums[:, :, rows.first :, columns.first :][:, :, : rows.blocks, : columns.blocks]
    return _cut(own.permute(0, 1, 2, 4, 3, 5, 6), geometry)
