"""The gradient by images of few channels, whose tiles would be empty for the most part."""

from __future__ import annotations

from typing import no_type_check

import torch
import triton
import triton.language as tl

from ganray.train.cohorts.kernels import finished
from ganray.train.cohorts.kernels.finishing import finish_of, finishing_of
from ganray.train.cohorts.kernels.tiles import SIDES, Tile, channels_last, launch, told
from ganray.train.cohorts.products import NOTHING, Finish, Geometry, Images, Maps, Weights

_BLOCK = 256  # pixels of a program, which only adds up


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
    total = finish_of(total, bias + network * CHANNELS + channel, sign, known, SLOPE, BIASED, BENT)
    tl.store(made + network * rows * pixels + at, total.to(made.dtype.element_ty), known)


def images(
    tile: Tile, maps: Maps, weights: Weights, geometry: Geometry, finish: Finish = NOTHING
) -> Images:
    """First what each place gives each pixel under it, then sums of that."""
    (k, n, of_maps), channels = maps.shape[:3], weights.shape[2]
    matrix = weights.permute(0, 3, 4, 2, 1).reshape(k, -1, of_maps, 1, 1)
    alone = Geometry(geometry.places, (1, 1), (1, 1), (0, 0))
    parts = channels_last(finished.maps(tile, maps, matrix, alone, Finish(dtype=torch.float32)))
    made = maps.new_empty(k, n, *geometry.sides, channels, dtype=finish.dtype or maps.dtype)
    read, strides, finishing = finishing_of(finish, made)
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
