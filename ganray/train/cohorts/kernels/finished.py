"""Maps and gradients by images as Triton kernels that finish what they make before it is stored.

As in `implicit` operands are read where they lie, but sums are one loop each, which a compiler can
load ahead for; biases are added, numbers bent and rounded while they are still in registers. The
kernel of a gradient by images is read as it lies, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import no_type_check

import triton
import triton.language as tl
from torch import Tensor

from ganray.train.cohorts.kernels.addresses import (
    block_of,
    of_any_taps,
    of_one_tap,
    places_of,
    within,
)
from ganray.train.cohorts.kernels.finishing import finish_of, finishing_of
from ganray.train.cohorts.kernels.tiles import (
    LEAST,
    SIDES,
    Tile,
    blocks_of,
    channels_last,
    fitted,
    launch,
    told,
)
from ganray.train.cohorts.products import NOTHING, Finish, Geometry, Images, Maps, Weights

TILES = {"finished": Tile(128, 128, 32, 4, 3), "finished_low": Tile(64, 128, 32, 4, 4)}
"""By the names of the forms that they make."""


@triton.jit(do_not_specialize=SIDES)
@no_type_check
def _maps_kernel(
    images, weights, bias, signs, made, rows,
    image_network, image_row, image_height, image_width, signs_network, signs_row,
    height, width, places_down, places_across, top, left,
    CHANNELS: tl.constexpr, MAPS: tl.constexpr,
    KERNEL_ROWS: tl.constexpr, KERNEL_COLUMNS: tl.constexpr,
    STRIDE_ROWS: tl.constexpr, STRIDE_COLUMNS: tl.constexpr,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PRECISION: tl.constexpr,
    SLOPE: tl.constexpr, BIASED: tl.constexpr, BENT: tl.constexpr,
):  # fmt: skip
    network = tl.program_id(2).to(tl.int64)
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    places = places_down * places_across
    n, p, q = places_of(row, places_down, places_across)
    above, before = p * STRIDE_ROWS - top, q * STRIDE_COLUMNS - left
    begin = images + network * image_network + n * image_row
    of_weights = weights + network * (KERNEL_ROWS * KERNEL_COLUMNS * CHANNELS * MAPS)
    total = tl.zeros((ROWS, COLUMNS), dtype=tl.float32)
    TAPS: tl.constexpr = KERNEL_ROWS * KERNEL_COLUMNS
    if CHANNELS % DEPTH == 0:
        PER: tl.constexpr = CHANNELS // DEPTH
        for step in range(TAPS * PER):
            total = of_one_tap(
                total, begin, of_weights, row < rows, column, above, before,
                step // PER, (step % PER) * DEPTH + tl.arange(0, DEPTH),
                image_height, image_width, height, width,
                CHANNELS, MAPS, TAPS, KERNEL_COLUMNS, PRECISION,
            )  # fmt: skip
    else:
        total = of_any_taps(
            total, begin, of_weights, row < rows, column, above, before,
            image_height, image_width, height, width,
            CHANNELS, MAPS, TAPS, KERNEL_COLUMNS, DEPTH, PRECISION,
        )  # fmt: skip
    known = (row < rows)[:, None] & (column < MAPS)[None, :]
    sign = signs + network * signs_network + (n * signs_row + (row % places) * MAPS)[:, None]
    total = finish_of(
        total, (bias + network * MAPS + column)[None, :], sign + column[None, :], known,
        SLOPE, BIASED, BENT,
    )  # fmt: skip
    place = made + network * rows * MAPS + row.to(tl.int64)[:, None] * MAPS + column[None, :]
    tl.store(place, total.to(made.dtype.element_ty), known)


@triton.jit(do_not_specialize=SIDES)
@no_type_check
def _images_kernel(
    maps, weights, bias, signs, made, rows,
    maps_network, maps_row, maps_height, maps_width, signs_network, signs_row,
    made_network, made_row, first_down, first_across, blocks_down, blocks_across,
    height, width, places_down, places_across, top, left,
    CHANNELS: tl.constexpr, MAPS: tl.constexpr,
    KERNEL_ROWS: tl.constexpr, KERNEL_COLUMNS: tl.constexpr,
    STRIDE_ROWS: tl.constexpr, STRIDE_COLUMNS: tl.constexpr,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PRECISION: tl.constexpr,
    SLOPE: tl.constexpr, BIASED: tl.constexpr, BENT: tl.constexpr,
):  # fmt: skip
    TAPS: tl.constexpr = KERNEL_ROWS * KERNEL_COLUMNS
    PER: tl.constexpr = (MAPS + DEPTH - 1) // DEPTH
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    network, r, t, n, u, v = block_of(
        tl.program_id(2), row, first_down, first_across, blocks_down, blocks_across,
        STRIDE_ROWS, STRIDE_COLUMNS,
    )  # fmt: skip
    begin = maps + network * maps_network + n * maps_row
    of_weights = weights + network * (TAPS * CHANNELS * MAPS)
    total = tl.zeros((ROWS, COLUMNS), dtype=tl.float32)
    down = (KERNEL_ROWS - r + STRIDE_ROWS - 1) // STRIDE_ROWS
    across = (KERNEL_COLUMNS - t + STRIDE_COLUMNS - 1) // STRIDE_COLUMNS
    for step in range(down * across * PER):
        tap = step // PER
        i, j = tap // across, tap % across  # in strides; the kernel's row is r + stride·i
        p, q = u - i, v - j
        inside = (row < rows) & within(p, q, places_down, places_across)
        own = (step % PER) * DEPTH + tl.arange(0, DEPTH)
        place = begin + p * maps_height + q * maps_width
        one = tl.load(place[:, None] + own[None, :], inside[:, None] & (own < MAPS)[None, :], 0.0)
        line = ((r + i * STRIDE_ROWS) * KERNEL_COLUMNS + t + j * STRIDE_COLUMNS) * CHANNELS
        other = tl.load(
            of_weights + (own * (TAPS * CHANNELS) + line)[:, None] + column[None, :],
            (own < MAPS)[:, None] & (column < CHANNELS)[None, :],
            0.0,
        )
        total = tl.dot(one, other, total, input_precision=PRECISION)
    h, w = u * STRIDE_ROWS + r - top, v * STRIDE_COLUMNS + t - left
    inside = (row < rows) & within(h, w, height, width)
    known = inside[:, None] & (column < CHANNELS)[None, :]
    pixel = (h * width + w) * CHANNELS
    sign = signs + network * signs_network + (n * signs_row + pixel)[:, None] + column[None, :]
    total = finish_of(
        total, (bias + network * CHANNELS + column)[None, :], sign, known, SLOPE, BIASED, BENT
    )
    place = made + network * made_network + n * made_row + pixel
    tl.store(place[:, None] + column[None, :], total.to(made.dtype.element_ty), known)


def maps(
    tile: Tile, images: Images, weights: Weights, geometry: Geometry, finish: Finish = NOTHING
) -> Maps:
    """The convolution of images and weights."""
    (k, n, channels), of_maps = images.shape[:3], weights.shape[1]
    seen, matrix = channels_last(images), weights.permute(0, 1, 3, 4, 2).contiguous()
    made = images.new_empty(k, n, *geometry.places, of_maps, dtype=finish.dtype or images.dtype)
    how = fitted(tile, of_maps, images.dtype)
    how["DEPTH"] = _dividing(channels, how["DEPTH"])
    rows = n * math.prod(geometry.places)
    read, strides, finishing = finishing_of(finish, made)
    launch(
        _maps_kernel,
        (-(-rows // how["ROWS"]), -(-of_maps // how["COLUMNS"]), k),
        [seen, matrix, *read], made,
        [rows, *seen.stride()[:4], *strides],
        **told(geometry, channels, of_maps), **finishing, **how,
    )  # fmt: skip
    return made.permute(0, 1, 4, 2, 3)


def _dividing(channels: int, depth: int) -> int:
    """Of a sum at a time, so that channels are whole times as much where that can be."""
    fit = math.gcd(channels, depth)
    return fit if fit >= LEAST else depth


def images(
    tile: Tile, maps: Maps, weights: Weights, geometry: Geometry, finish: Finish = NOTHING
) -> Images:
    """Its gradient by the images."""
    (k, n, of_maps), channels = maps.shape[:3], weights.shape[2]
    seen, matrix = channels_last(maps), weights.permute(0, 1, 3, 4, 2).contiguous()
    made = maps.new_empty(k, n, *geometry.sides, channels, dtype=finish.dtype or maps.dtype)
    how = fitted(tile, channels, maps.dtype)
    how["DEPTH"] = max(LEAST, min(how["DEPTH"], triton.next_power_of_2(of_maps)))
    first, blocks = blocks_of(geometry)
    rows = n * math.prod(blocks)
    read, strides, finishing = finishing_of(finish, made)
    launch(
        _images_kernel,
        (-(-rows // how["ROWS"]), -(-channels // how["COLUMNS"]), k * math.prod(geometry.stride)),
        [seen, matrix, *read], made,
        [rows, *seen.stride()[:4], *strides, *made.stride()[:2], *first, *blocks],
        **told(geometry, channels, of_maps), **finishing, **how,
    )  # fmt: skip
    return made.permute(0, 1, 4, 2, 3)


PRODUCTS: dict[str, Callable[..., Tensor]] = {"maps": maps, "images": images}
