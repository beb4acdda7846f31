"""The three products of a convolution as Triton kernels, without any copy of columns.

Each is one product of matrices for each network, whose operands are read where they lie: a tile's
places under the kernel are found as it is loaded. Images and maps are read channels last; sums have
32 bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import no_type_check

import torch
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
from ganray.train.cohorts.kernels.tiles import (
    LEAST,
    SIDES,
    Tile,
    blocks_of,
    channels_last,
    fitted,
    launch,
    parts_of,
    told,
)
from ganray.train.cohorts.products import Geometry, Images, Maps, Weights, laid_out_once

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
    n, p, q = places_of(row, places_down, places_across)
    above, before = p * STRIDE_ROWS - top, q * STRIDE_COLUMNS - left
    begin = images + network * image_network + n * image_row
    of_weights = weights + network * (KERNEL_ROWS * KERNEL_COLUMNS * CHANNELS * MAPS)
    total = tl.zeros((ROWS, COLUMNS), dtype=tl.float32)
    TAPS: tl.constexpr = KERNEL_ROWS * KERNEL_COLUMNS
    if CHANNELS % DEPTH == 0:
        for tap in range(TAPS):
            for first in range(0, CHANNELS, DEPTH):
                total = of_one_tap(
                    total, begin, of_weights, row < rows, column, above, before,
                    tap, first + tl.arange(0, DEPTH), image_height, image_width, height, width,
                    CHANNELS, MAPS, TAPS, KERNEL_COLUMNS, PRECISION,
                )  # fmt: skip
    else:
        total = of_any_taps(
            total, begin, of_weights, row < rows, column, above, before,
            image_height, image_width, height, width,
            CHANNELS, MAPS, TAPS, KERNEL_COLUMNS, DEPTH, PRECISION,
        )  # fmt: skip
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
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    network, r, t, n, u, v = block_of(
        tl.program_id(2), row, first_down, first_across, blocks_down, blocks_across,
        STRIDE_ROWS, STRIDE_COLUMNS,
    )  # fmt: skip
    begin = maps + network * maps_network + n * maps_row
    of_weights = weights + network * (KERNEL_ROWS * KERNEL_COLUMNS * CHANNELS * MAPS)
    total = tl.zeros((ROWS, COLUMNS), dtype=tl.float32)
    for i in range(r, KERNEL_ROWS, STRIDE_ROWS):
        p = u - i // STRIDE_ROWS
        for j in range(t, KERNEL_COLUMNS, STRIDE_COLUMNS):
            q = v - j // STRIDE_COLUMNS
            inside = (row < rows) & within(p, q, places_down, places_across)
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
    inside = (row < rows) & within(h, w, height, width)
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
        n, p, q = places_of(row, places_down, places_across)
        own = row < tl.minimum(rows, (part + 1) * share)
        h = (p * STRIDE_ROWS - top)[None, :] + i[:, None]
        w = (q * STRIDE_COLUMNS - left)[None, :] + j[:, None]
        inside = own[None, :] & (line < LINES)[:, None]
        inside = inside & within(h, w, height, width)
        place = of_images[:, None] + (n * image_row)[None, :] + h * image_height + w * image_width
        one = tl.load(place, inside, 0.0)
        place = of_maps[None, :] + (n * maps_row + p * maps_height + q * maps_width)[:, None]
        other = tl.load(place, own[:, None] & (column < MAPS)[None, :], 0.0)
        total = tl.dot(one, other, total, input_precision=PRECISION)
    begin = made + (part * NETWORKS + network) * (LINES * MAPS)
    known = (line < LINES)[:, None] & (column < MAPS)[None, :]
    tl.store(begin + column[None, :] * LINES + line[:, None], total, known)


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


def images(tile: Tile, maps: Maps, weights: Weights, geometry: Geometry) -> Images:
    """Its gradient by the images."""
    (k, n, of_maps), channels = maps.shape[:3], weights.shape[2]
    seen = channels_last(maps)
    matrix = laid_out_once(
        "for images", weights, None, lambda: weights.permute(0, 3, 4, 2, 1).contiguous()
    )
    made = maps.new_empty(k, n, *geometry.sides, channels)
    how = fitted(tile, channels, maps.dtype)
    how["DEPTH"] = max(LEAST, min(how["DEPTH"], triton.next_power_of_2(of_maps)))
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


def weights(tile: Tile, images: Images, maps: Maps, geometry: Geometry) -> Weights:
    """Its gradient by the weights; a sum that few programs would do is split, in a fixed way."""
    (k, n, channels), of_maps = images.shape[:3], maps.shape[2]
    seen, others = channels_last(images), channels_last(maps)
    lines, rows = math.prod(geometry.kernel) * channels, n * math.prod(geometry.places)
    how = fitted(tile, of_maps, images.dtype)
    how["ROWS"] = max(LEAST, min(how["ROWS"], triton.next_power_of_2(lines)))
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
