"""The three products of a convolution as Triton kernels, without any copy of columns.

Each is one product of matrices for each network, whose operands are read where they lie: a tile's
places under the kernel are found as it is loaded, and what lies beyond an image reads as zero.
Images and maps are read channels last; sums have 32 bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, no_type_check

import torch
import triton
import triton.language as tl
from jaxtyping import Float
from torch import Tensor

from ganray.train.cohorts.products import Geometry, Images, Maps, Weights, laid_out_once

_LEAST = 16  # rows and columns of a tile that tensor cores take
_WIDE = 64  # columns of a tile that four warps can hold
PROGRAMS = 512
"""So many keep a large card busy; a sum is split where there would be fewer."""


class Tile(NamedTuple):
    """Rows and columns of what a program gives, how much it sums at a time, warps and stages."""

    rows: int
    columns: int
    depth: int
    warps: int
    stages: int


SIDES = [
    *("rows", "height", "width", "places_down", "places_across", "top", "left"),
    *("first_down", "first_across", "blocks_down", "blocks_across", "share"),
]
"""Numbers that differ from layer to layer, for which a kernel is not compiled anew."""
TILES = {"implicit": Tile(128, 128, 32, 4, 3), "implicit_low": Tile(64, 128, 32, 4, 4)}
"""By the names of the forms that they make."""


@triton.jit(do_not_specialize=SIDES)
@no_type_check
def _maps_kernel(
    images, weights, made, rows,
    image_network, image_row, image_height, image_width,
    height, width, places_down, places_across, top, left,
    CHANNELS: tl.constexpr, MAPS: tl.constexpr,
    KERNEL_ROWS: tl.constexpr, KERNEL_COLUMNS: tl.constexpr,
    STRIDE_ROWS: tl.constexpr, STRIDE_COLUMNS: tl.constexpr,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    network = tl.program_id(2).to(tl.int64)
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    q, p = row % places_across, (row // places_across) % places_down
    n = row // (places_down * places_across)
    above, before = p * STRIDE_ROWS - top, q * STRIDE_COLUMNS - left
    begin = images + network * image_network + n.to(tl.int64) * image_row
    of_weights = weights + network * (KERNEL_ROWS * KERNEL_COLUMNS * CHANNELS * MAPS)
    total = tl.zeros((ROWS, COLUMNS), dtype=tl.float32)
    TAPS: tl.constexpr = KERNEL_ROWS * KERNEL_COLUMNS
    if CHANNELS % DEPTH == 0:
        for tap in range(TAPS):
            h, w = above + tap // KERNEL_COLUMNS, before + tap % KERNEL_COLUMNS
            inside = (row < rows) & (h >= 0) & (h < height) & (w >= 0) & (w < width)
            place = begin + h * image_height + w * image_width
            for first in range(0, CHANNELS, DEPTH):
                channel = first + tl.arange(0, DEPTH)
                one = tl.load(place[:, None] + channel[None, :], inside[:, None], 0.0)
                line = tap * CHANNELS + channel
                other = tl.load(
                    of_weights + column[:, None] * (TAPS * CHANNELS) + line[None, :],
                    column[:, None] < MAPS,
                    0.0,
                )
                total = tl.dot(one, tl.trans(other), total, input_precision=PRECISION)
    else:
        for first in range(0, TAPS * CHANNELS, DEPTH):
            line = first + tl.arange(0, DEPTH)
            channel, tap = line % CHANNELS, line // CHANNELS
            h = above[:, None] + (tap // KERNEL_COLUMNS)[None, :]
            w = before[:, None] + (tap % KERNEL_COLUMNS)[None, :]
            inside = (row < rows)[:, None] & (tap < TAPS)[None, :]
            inside = inside & (h >= 0) & (h < height) & (w >= 0) & (w < width)
            place = begin[:, None] + h * image_height + w * image_width + channel[None, :]
            one = tl.load(place, inside, 0.0)
            known = (column < MAPS)[:, None] & (tap < TAPS)[None, :]
            other = tl.load(
                of_weights + column[:, None] * (TAPS * CHANNELS) + line[None, :], known, 0.0
            )
            total = tl.dot(one, tl.trans(other), total, input_precision=PRECISION)
    place = made + network * rows * MAPS + row.to(tl.int64)[:, None] * MAPS + column[None, :]
    known = (row < rows)[:, None] & (column < MAPS)[None, :]
    tl.store(place, total.to(made.dtype.element_ty), known)


@triton.jit(do_not_specialize=SIDES)
@no_type_check
def _images_kernel(
    maps, weights, made, rows,
    maps_network, maps_row, maps_height, maps_width,
    made_network, made_row, first_down, first_across, blocks_down, blocks_across,
    height, width, places_down, places_across, top, left,
    CHANNELS: tl.constexpr, MAPS: tl.constexpr,
    KERNEL_ROWS: tl.constexpr, KERNEL_COLUMNS: tl.constexpr,
    STRIDE_ROWS: tl.constexpr, STRIDE_COLUMNS: tl.constexpr,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    PHASES: tl.constexpr = STRIDE_ROWS * STRIDE_COLUMNS
    network = (tl.program_id(2) // PHASES).to(tl.int64)
    phase = tl.program_id(2) % PHASES
    r, t = phase // STRIDE_COLUMNS, phase % STRIDE_COLUMNS
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    v = row % blocks_across + first_across
    u = (row // blocks_across) % blocks_down + first_down
    n = (row // (blocks_across * blocks_down)).to(tl.int64)
    begin = maps + network * maps_network + n * maps_row
    of_weights = weights + network * (KERNEL_ROWS * KERNEL_COLUMNS * CHANNELS * MAPS)
    total = tl.zeros((ROWS, COLUMNS), dtype=tl.float32)
    for i in range(r, KERNEL_ROWS, STRIDE_ROWS):
        p = u - i // STRIDE_ROWS
        for j in range(t, KERNEL_COLUMNS, STRIDE_COLUMNS):
            q = v - j // STRIDE_COLUMNS
            inside = (row < rows) & (p >= 0) & (p < places_down) & (q >= 0) & (q < places_across)
            place = begin + p * maps_height + q * maps_width
            tap = (i * KERNEL_COLUMNS + j) * CHANNELS
            for first in range(0, MAPS, DEPTH):
                own = first + tl.arange(0, DEPTH)
                one = tl.load(
                    place[:, None] + own[None, :], inside[:, None] & (own < MAPS)[None, :], 0.0
                )
                known = (column < CHANNELS)[:, None] & (own < MAPS)[None, :]
                line = (tap + column) * MAPS
                other = tl.load(of_weights + line[:, None] + own[None, :], known, 0.0)
                total = tl.dot(one, tl.trans(other), total, input_precision=PRECISION)
    h, w = u * STRIDE_ROWS + r - top, v * STRIDE_COLUMNS + t - left
    inside = (row < rows) & (h >= 0) & (h < height) & (w >= 0) & (w < width)
    place = made + network * made_network + n * made_row + (h * width + w) * CHANNELS
    known = inside[:, None] & (column < CHANNELS)[None, :]
    tl.store(place[:, None] + column[None, :], total.to(made.dtype.element_ty), known)


@triton.jit(do_not_specialize=SIDES)
@no_type_check
def _weights_kernel(
    images, maps, made, rows, share,
    image_network, image_row, image_height, image_width,
    maps_network, maps_row, maps_height, maps_width,
    height, width, places_down, places_across, top, left,
    NETWORKS: tl.constexpr, CHANNELS: tl.constexpr, MAPS: tl.constexpr,
    KERNEL_ROWS: tl.constexpr, KERNEL_COLUMNS: tl.constexpr,
    STRIDE_ROWS: tl.constexpr, STRIDE_COLUMNS: tl.constexpr,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    network = (tl.program_id(2) % NETWORKS).to(tl.int64)
    part = tl.program_id(2) // NETWORKS
    LINES: tl.constexpr = KERNEL_ROWS * KERNEL_COLUMNS * CHANNELS
    line = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    channel, tap = line % CHANNELS, line // CHANNELS
    i, j = tap // KERNEL_COLUMNS, tap % KERNEL_COLUMNS
    of_images = images + network * image_network + channel
    of_maps = maps + network * maps_network + column
    total = tl.zeros((ROWS, COLUMNS), dtype=tl.float32)
    for first in range(part * share, tl.minimum(rows, (part + 1) * share), DEPTH):
        row = first + tl.arange(0, DEPTH)
        q, p = row % places_across, (row // places_across) % places_down
        n = (row // (places_down * places_across)).to(tl.int64)
        own = row < tl.minimum(rows, (part + 1) * share)
        h = (p * STRIDE_ROWS - top)[None, :] + i[:, None]
        w = (q * STRIDE_COLUMNS - left)[None, :] + j[:, None]
        inside = own[None, :] & (line < LINES)[:, None]
        inside = inside & (h >= 0) & (h < height) & (w >= 0) & (w < width)
        place = of_images[:, None] + (n * image_row)[None, :] + h * image_height + w * image_width
        one = tl.load(place, inside, 0.0)
        place = of_maps[None, :] + (n * maps_row + p * maps_height + q * maps_width)[:, None]
        other = tl.load(place, own[:, None] & (column < MAPS)[None, :], 0.0)
        total = tl.dot(one, other, total, input_precision=PRECISION)
    begin = made + (part * NETWORKS + network) * (LINES * MAPS)
    known = (line < LINES)[:, None] & (column < MAPS)[None, :]
    tl.store(begin + column[None, :] * LINES + line[:, None], total, known)


def channels_last(values: Float[Tensor, "k n c h w"]) -> Float[Tensor, "k n h w c"]:
    """With channels last, as they lie in memory too."""
    last = values.permute(0, 1, 3, 4, 2)
    return last if last.stride(4) == 1 else last.contiguous()


def launch(
    kernel: Any,
    grid: tuple[int, ...],
    read: Sequence[Tensor],
    made: Tensor,
    numbers: Sequence[int],
    **constants: Any,
) -> None:
    """One launch of a kernel, which reads some tensors and writes one."""
    kernel[grid](*read, made, *numbers, **constants)


def fitted(tile: Tile, columns: int, dtype: torch.dtype) -> dict[str, Any]:
    """What a tile is where there are so many columns of this precision."""
    wide = max(_LEAST, min(tile.columns, triton.next_power_of_2(columns)))
    depth = 2 * tile.depth if dtype == torch.bfloat16 else tile.depth
    exact = dtype == torch.float32 and not torch.backends.cudnn.allow_tf32
    return {
        "ROWS": tile.rows, "COLUMNS": wide, "DEPTH": depth,
        "num_warps": 2 * tile.warps if wide > _WIDE else tile.warps,
        "num_stages": tile.stages, "PRECISION": "ieee" if exact else "tf32",
    }  # fmt: skip


def told(geometry: Geometry, channels: int, maps: int) -> dict[str, int]:
    """What kernels are told of a geometry."""
    (height, width), (i, j), (r, t), (top, left), _ = geometry
    down, across = geometry.places
    return {
        "height": height, "width": width, "places_down": down, "places_across": across,
        "top": top, "left": left, "CHANNELS": channels, "MAPS": maps,
        "KERNEL_ROWS": i, "KERNEL_COLUMNS": j, "STRIDE_ROWS": r, "STRIDE_COLUMNS": t,
    }  # fmt: skip


def maps(tile: Tile, images: Images, weights: Weights, geometry: Geometry) -> Maps:
    """The convolution of images and weights."""
    (k, n, channels), of_maps = images.shape[:3], weights.shape[1]
    seen, matrix = channels_last(images), weights.permute(0, 1, 3, 4, 2).contiguous()
    made = images.new_empty(k, n, *geometry.places, of_maps)
    how = fitted(tile, of_maps, images.dtype)
    rows = n * math.prod(geometry.places)
    grid = -(-rows // how["ROWS"]), -(-of_maps // how["COLUMNS"]), k
    numbers = [rows, *seen.stride()[:4]]
    settings = told(geometry, channels, of_maps)
    launch(_maps_kernel, grid, [seen, matrix], made, numbers, **settings, **how)
    return made.permute(0, 1, 4, 2, 3)


def blocks_of(geometry: Geometry) -> tuple[list[int], list[int]]:
    """Of the gradient by images, the first block of one stride and how many, down and across."""
    first = [pad // step for pad, step in zip(geometry.padding, geometry.stride, strict=True)]
    blocks = [
        (side - 1 + pad) // step - begin + 1
        for side, pad, step, begin in zip(
            geometry.sides, geometry.padding, geometry.stride, first, strict=True
        )
    ]
    return first, blocks


def images(tile: Tile, maps: Maps, weights: Weights, geometry: Geometry) -> Images:
    """Its gradient by the images."""
    (k, n, of_maps), channels = maps.shape[:3], weights.shape[2]
    seen = channels_last(maps)
    matrix = laid_out_once(
        "for images", weights, None, lambda: weights.permute(0, 3, 4, 2, 1).contiguous()
    )
    made = maps.new_empty(k, n, *geometry.sides, channels)
    how = fitted(tile, channels, maps.dtype)
    how["DEPTH"] = max(_LEAST, min(how["DEPTH"], triton.next_power_of_2(of_maps)))
    first, blocks = blocks_of(geometry)
    rows = n * math.prod(blocks)
    grid = (
        -(-rows // how["ROWS"]),
        -(-channels // how["COLUMNS"]),
        k * math.prod(geometry.stride),
    )
    numbers = [rows, *seen.stride()[:4], *made.stride()[:2], *first, *blocks]
    settings = told(geometry, channels, of_maps)
    launch(_images_kernel, grid, [seen, matrix], made, numbers, **settings, **how)
    return made.permute(0, 1, 4, 2, 3)


def parts_of(rows: int, programs: int, depth: int) -> tuple[int, int]:
    """Into how many parts so many programs split their sum over rows, and the rows of each."""
    parts = max(1, min(PROGRAMS // programs, rows // (8 * depth)))
    share = -(-rows // (parts * depth)) * depth
    return -(-rows // share), share


def weights(tile: Tile, images: Images, maps: Maps, geometry: Geometry) -> Weights:
    """Its gradient by the weights; a sum that few programs would do is split, in a fixed way."""
    (k, n, channels), of_maps = images.shape[:3], maps.shape[2]
    seen, others = channels_last(images), channels_last(maps)
    lines, rows = math.prod(geometry.kernel) * channels, n * math.prod(geometry.places)
    how = fitted(tile, of_maps, images.dtype)
    how["ROWS"] = max(_LEAST, min(how["ROWS"], triton.next_power_of_2(lines)))
    programs = k * -(-lines // how["ROWS"]) * -(-of_maps // how["COLUMNS"])
    parts, share = parts_of(rows, programs, how["DEPTH"])
    made = images.new_empty(parts, k, of_maps, lines, dtype=torch.float32)
    grid = -(-lines // how["ROWS"]), -(-of_maps // how["COLUMNS"]), parts * k
    numbers = [rows, share, *seen.stride()[:4], *others.stride()[:4]]
    settings = told(geometry, channels, of_maps)
    launch(_weights_kernel, grid, [seen, others], made, numbers, NETWORKS=k, **settings, **how)
    whole = (made.sum(0) if parts > 1 else made[0]).to(images.dtype)
    return whole.view(k, of_maps, *geometry.kernel, channels).permute(0, 1, 4, 2, 3)


PRODUCTS: dict[str, Callable[..., Tensor]] = {"maps": maps, "images": images, "weights": weights}
