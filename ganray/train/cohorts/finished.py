"""The three products as Triton kernels that finish what they make before it is stored.

As in `implicit` operands are read where they lie, but sums are one loop each, which a compiler can
load ahead for; biases are added, numbers bent and rounded while they are still in registers. The
kernel of a gradient by images is read as it lies, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, no_type_check

import torch
import triton
import triton.language as tl
from jaxtyping import Float
from torch import Tensor

from ganray.train.cohorts.implicit import (
    SIDES,
    Tile,
    blocks_of,
    channels_last,
    fitted,
    launch,
    told,
)
from ganray.train.cohorts.products import NOTHING, Finish, Geometry, Images, Maps, Weights

_LEAST = 16  # of a sum at a time, that tensor cores take
_BLOCK = 256  # pixels of a program that only adds up
_OWN, _OTHER = 1, 2
TILES = {"finished": Tile(128, 128, 32, 4, 3), "finished_low": Tile(64, 128, 32, 4, 4)}
"""By the names of the forms that they make."""


@triton.jit
@no_type_check
def _finish(total, bias, signs, known, SLOPE: tl.constexpr, BIASED: tl.constexpr,
            BENT: tl.constexpr):  # fmt: skip
    """Add a bias, then bend by a number's own sign (1) or another's (2)."""
    if BIASED:
        total += tl.load(bias, known, 0.0).to(tl.float32)
    if BENT == 1:
        total = tl.where(total > 0, total, total * SLOPE)
    if BENT == 2:
        sign = tl.load(signs, known, 0.0).to(tl.float32)
        total = tl.where(sign > 0, total, total * SLOPE)
    return total


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
    q, p = row % places_across, (row // places_across) % places_down
    n = (row // places).to(tl.int64)
    above, before = p * STRIDE_ROWS - top, q * STRIDE_COLUMNS - left
    begin = images + network * image_network + n * image_row
    of_weights = weights + network * (KERNEL_ROWS * KERNEL_COLUMNS * CHANNELS * MAPS)
    total = tl.zeros((ROWS, COLUMNS), dtype=tl.float32)
    TAPS: tl.constexpr = KERNEL_ROWS * KERNEL_COLUMNS
    if CHANNELS % DEPTH == 0:
        PER: tl.constexpr = CHANNELS // DEPTH
        for step in range(TAPS * PER):
            tap = step // PER
            channel = (step % PER) * DEPTH + tl.arange(0, DEPTH)
            h, w = above + tap // KERNEL_COLUMNS, before + tap % KERNEL_COLUMNS
            inside = (row < rows) & (h >= 0) & (h < height) & (w >= 0) & (w < width)
            place = begin + h * image_height + w * image_width
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
    known = (row < rows)[:, None] & (column < MAPS)[None, :]
    sign = signs + network * signs_network + (n * signs_row + (row % places) * MAPS)[:, None]
    total = _finish(total, (bias + network * MAPS + column)[None, :], sign + column[None, :], known,
                    SLOPE, BIASED, BENT)  # fmt: skip
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
    PHASES: tl.constexpr = STRIDE_ROWS * STRIDE_COLUMNS
    TAPS: tl.constexpr = KERNEL_ROWS * KERNEL_COLUMNS
    PER: tl.constexpr = (MAPS + DEPTH - 1) // DEPTH
    network = (tl.program_id(2) // PHASES).to(tl.int64)
    phase = tl.program_id(2) % PHASES
    r, t = phase // STRIDE_COLUMNS, phase % STRIDE_COLUMNS
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    v = row % blocks_across + first_across
    u = (row // blocks_across) % blocks_down + first_down
    n = (row // (blocks_across * blocks_down)).to(tl.int64)
    begin = maps + network * maps_network + n * maps_row
    of_weights = weights + network * (TAPS * CHANNELS * MAPS)
    total = tl.zeros((ROWS, COLUMNS), dtype=tl.float32)
    down = (KERNEL_ROWS - r + STRIDE_ROWS - 1) // STRIDE_ROWS
    across = (KERNEL_COLUMNS - t + STRIDE_COLUMNS - 1) // STRIDE_COLUMNS
    for step in range(down * across * PER):
        tap = step // PER
        i, j = tap // across, tap % across  # in strides; the kernel's row is r + stride·i
        p, q = u - i, v - j
        inside = (row < rows) & (p >= 0) & (p < places_down) & (q >= 0) & (q < places_across)
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
    inside = (row < rows) & (h >= 0) & (h < height) & (w >= 0) & (w < width)
    known = inside[:, None] & (column < CHANNELS)[None, :]
    pixel = (h * width + w) * CHANNELS
    sign = signs + network * signs_network + (n * signs_row + pixel)[:, None] + column[None, :]
    total = _finish(total, (bias + network * CHANNELS + column)[None, :], sign, known,
                    SLOPE, BIASED, BENT)  # fmt: skip
    place = made + network * made_network + n * made_row + pixel
    tl.store(place[:, None] + column[None, :], total.to(made.dtype.element_ty), known)


@triton.jit(do_not_specialize=SIDES)
@no_type_check
def _gather_kernel(
    parts, bias, signs, made, rows, signs_network, signs_row,
    height, width, places_down, places_across, top, left,
    CHANNELS: tl.constexpr, KERNEL_ROWS: tl.constexpr, KERNEL_COLUMNS: tl.constexpr,
    STRIDE_ROWS: tl.constexpr, STRIDE_COLUMNS: tl.constexpr, BLOCK: tl.constexpr,
    SLOPE: tl.constexpr, BIASED: tl.constexpr, BENT: tl.constexpr,
):  # fmt: skip
    network = tl.program_id(1).to(tl.int64)
    pixels = height * width * CHANNELS
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    channel, w, h = at % CHANNELS, (at // CHANNELS) % width, (at // (CHANNELS * width)) % height
    n, known = (at // pixels).to(tl.int64), at < rows * pixels
    LINES: tl.constexpr = KERNEL_ROWS * KERNEL_COLUMNS * CHANNELS
    places = places_down * places_across
    begin = parts + (network * rows + n) * (places * LINES) + channel
    total = tl.zeros((BLOCK,), dtype=tl.float32)
    for i in tl.static_range(KERNEL_ROWS):
        down = h + top - i
        p = down // STRIDE_ROWS
        right = known & (down >= 0) & (down % STRIDE_ROWS == 0) & (p < places_down)
        for j in tl.static_range(KERNEL_COLUMNS):
            across = w + left - j
            q = across // STRIDE_COLUMNS
            inside = right & (across >= 0) & (across % STRIDE_COLUMNS == 0) & (q < places_across)
            place = (p * places_across + q) * LINES + (i * KERNEL_COLUMNS + j) * CHANNELS
            total += tl.load(begin + place, inside, 0.0)
    sign = signs + network * signs_network + n * signs_row + at % pixels
    total = _finish(total, bias + network * CHANNELS + channel, sign, known, SLOPE, BIASED, BENT)
    tl.store(made + network * rows * pixels + at, total.to(made.dtype.element_ty), known)


def _finishing(
    finish: Finish, made: Float[Tensor, "k n h w c"]
) -> tuple[list[Tensor], list[int], dict[str, Any]]:
    """Tensors that a finish reads (`made` in the place of those that it does not), the signs'
    strides, and what a kernel is compiled for."""
    bias, (slope, signs) = finish.bias, finish.bend or (1.0, None)
    bent = 0 if finish.bend is None else _OWN if signs is None else _OTHER
    seen = made if signs is None else channels_last(signs)
    if seen.stride()[2:] != made.stride()[2:]:
        seen = seen.contiguous()
    read = [made if bias is None else bias.contiguous(), seen]
    return read, [*seen.stride()[:2]], {"SLOPE": slope, "BIASED": bias is not None, "BENT": bent}


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
    read, strides, finishing = _finishing(finish, made)
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
    return fit if fit >= _LEAST else depth


def images(
    tile: Tile, maps: Maps, weights: Weights, geometry: Geometry, finish: Finish = NOTHING
) -> Images:
    """Its gradient by the images."""
    (k, n, of_maps), channels = maps.shape[:3], weights.shape[2]
    seen, matrix = channels_last(maps), weights.permute(0, 1, 3, 4, 2).contiguous()
    made = maps.new_empty(k, n, *geometry.sides, channels, dtype=finish.dtype or maps.dtype)
    how = fitted(tile, channels, maps.dtype)
    how["DEPTH"] = max(_LEAST, min(how["DEPTH"], triton.next_power_of_2(of_maps)))
    first, blocks = blocks_of(geometry)
    rows = n * math.prod(blocks)
    read, strides, finishing = _finishing(finish, made)
    launch(
        _images_kernel,
        (-(-rows // how["ROWS"]), -(-channels // how["COLUMNS"]), k * math.prod(geometry.stride)),
        [seen, matrix, *read], made,
        [rows, *seen.stride()[:4], *strides, *made.stride()[:2], *first, *blocks],
        **told(geometry, channels, of_maps), **finishing, **how,
    )  # fmt: skip
    return made.permute(0, 1, 4, 2, 3)


def gathered_images(
    tile: Tile, maps: Maps, weights: Weights, geometry: Geometry, finish: Finish = NOTHING
) -> Images:
    """The same of few channels, whose tiles would be empty for the most part: first what each place
    gives each pixel under it, then sums of that."""
    (k, n, of_maps), channels = maps.shape[:3], weights.shape[2]
    matrix = weights.permute(0, 3, 4, 2, 1).reshape(k, -1, of_maps, 1, 1)
    alone = Geometry(geometry.places, (1, 1), (1, 1), (0, 0))
    parts = channels_last(_parts(tile, maps, matrix, alone, Finish(dtype=torch.float32)))
    made = maps.new_empty(k, n, *geometry.sides, channels, dtype=finish.dtype or maps.dtype)
    read, strides, finishing = _finishing(finish, made)
    settings = told(geometry, channels, of_maps)
    del settings["MAPS"]
    launch(
        _gather_kernel,
        (-(-made[0].numel() // _BLOCK), k),
        [parts, *read], made,
        [n, *strides],
        **settings, **finishing, BLOCK=_BLOCK,
    )  # fmt: skip
    return made.permute(0, 1, 4, 2, 3)


_parts = maps
PRODUCTS: dict[str, Callable[..., Tensor]] = {"maps": maps, "images": images}
