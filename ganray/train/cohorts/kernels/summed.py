"""The gradient by weights as a Triton kernel that sums over one batch or two, in 32 bits.

Where channels fill a tile, all of it lies under one place of the kernel, so that only rows and no
single numbers are looked up.
"""

from __future__ import annotations

import math
from typing import no_type_check

import torch
import triton
import triton.language as tl
from jaxtyping import Float
from torch import Tensor

from ganray.train.cohorts.kernels.addresses import places_of, within
from ganray.train.cohorts.kernels.tiles import (
    LEAST,
    SIDES,
    Tile,
    channels_last,
    fitted,
    launch,
    parts_of,
    told,
)
from ganray.train.cohorts.products import NOTHING, Finish, Geometry, Images, Maps, Weights

TILES = {"summed": Tile(128, 128, 32, 4, 3), "summed_low": Tile(64, 64, 32, 4, 4)}
"""By the names of the forms that they make."""


@triton.jit
@no_type_check
def _added(
    total, images, maps, rows, share, part, channel, column, i, j,
    image_network, image_row, image_height, image_width,
    maps_network, maps_row, maps_height, maps_width,
    height, width, places_down, places_across, top, left, network, known,
    MAPS: tl.constexpr, STRIDE_ROWS: tl.constexpr, STRIDE_COLUMNS: tl.constexpr,
    ALIGNED: tl.constexpr, DEPTH: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """A batch's part of the sum."""
    of_images = images + network * image_network + channel
    of_maps = maps + network * maps_network + column
    end = tl.minimum(rows, (part + 1) * share)
    for first in range(part * share, end, DEPTH):
        row = first + tl.arange(0, DEPTH)
        n, p, q = places_of(row, places_down, places_across)
        own = row < end
        if ALIGNED:
            h, w = p * STRIDE_ROWS - top + i, q * STRIDE_COLUMNS - left + j
            inside = own & within(h, w, height, width)
            place = n * image_row + h * image_height + w * image_width
            one = tl.load(of_images[:, None] + place[None, :], inside[None, :], 0.0)
        else:
            h = (p * STRIDE_ROWS - top)[None, :] + i[:, None]
            w = (q * STRIDE_COLUMNS - left)[None, :] + j[:, None]
            inside = own[None, :] & known[:, None]
            inside = inside & within(h, w, height, width)
            place = (n * image_row)[None, :] + h * image_height + w * image_width
            one = tl.load(of_images[:, None] + place, inside, 0.0)
        place = n * maps_row + p * maps_height + q * maps_width
        other = tl.load(
            of_maps[None, :] + place[:, None], own[:, None] & (column < MAPS)[None, :], 0.0
        )
        total = tl.dot(one, other, total, input_precision=PRECISION)
    return total


@triton.jit(do_not_specialize=[*SIDES, "also_rows", "also_share"])
@no_type_check
def _weights_kernel(
    images, maps, also_images, also_maps, made, rows, share, also_rows, also_share,
    image_network, image_row, image_height, image_width,
    maps_network, maps_row, maps_height, maps_width,
    also_image_network, also_image_row, also_image_height, also_image_width,
    also_maps_network, also_maps_row, also_maps_height, also_maps_width,
    height, width, places_down, places_across, top, left,
    NETWORKS: tl.constexpr, CHANNELS: tl.constexpr, MAPS: tl.constexpr,
    KERNEL_ROWS: tl.constexpr, KERNEL_COLUMNS: tl.constexpr,
    STRIDE_ROWS: tl.constexpr, STRIDE_COLUMNS: tl.constexpr,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PRECISION: tl.constexpr,
    BATCHES: tl.constexpr,
):  # fmt: skip
    network = (tl.program_id(2) % NETWORKS).to(tl.int64)
    part = tl.program_id(2) // NETWORKS
    LINES: tl.constexpr = KERNEL_ROWS * KERNEL_COLUMNS * CHANNELS
    ALIGNED: tl.constexpr = CHANNELS % ROWS == 0
    begin = tl.program_id(0) * ROWS
    line = begin + tl.arange(0, ROWS)
    column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    channel = line % CHANNELS
    tap = begin // CHANNELS if ALIGNED else line // CHANNELS
    i, j, known = tap // KERNEL_COLUMNS, tap % KERNEL_COLUMNS, line < LINES
    total = tl.zeros((ROWS, COLUMNS), dtype=tl.float32)
    total = _added(
        total, images, maps, rows, share, part, channel, column, i, j,
        image_network, image_row, image_height, image_width,
        maps_network, maps_row, maps_height, maps_width,
        height, width, places_down, places_across, top, left, network, known,
        MAPS, STRIDE_ROWS, STRIDE_COLUMNS, ALIGNED, DEPTH, PRECISION,
    )  # fmt: skip
    if BATCHES == 2:
        total = _added(
            total, also_images, also_maps, also_rows, also_share, part, channel, column, i, j,
            also_image_network, also_image_row, also_image_height, also_image_width,
            also_maps_network, also_maps_row, also_maps_height, also_maps_width,
            height, width, places_down, places_across, top, left, network, known,
            MAPS, STRIDE_ROWS, STRIDE_COLUMNS, ALIGNED, DEPTH, PRECISION,
        )  # fmt: skip
    place = made + (part * NETWORKS + network) * (LINES * MAPS)
    inside = known[:, None] & (column < MAPS)[None, :]
    tl.store(place + column[None, :] * LINES + line[:, None], total, inside)


def weights(
    tile: Tile, images: Images, maps: Maps, geometry: Geometry, finish: Finish = NOTHING
) -> Weights:
    """The gradient by the weights, of one batch or two, of which nothing but another precision is
    asked; a sum that few programs would do is split, in a fixed way."""
    (k, _, channels), of_maps = images.shape[:3], maps.shape[2]
    batches = [(images, maps), finish.also or (images, maps)]
    seen = [channels_last(one) for batch in batches for one in batch]
    lines = math.prod(geometry.kernel) * channels
    how = fitted(tile, of_maps, images.dtype)
    aligned = math.gcd(channels, how["ROWS"])
    if aligned < LEAST:
        aligned = max(LEAST, min(how["ROWS"], triton.next_power_of_2(lines)))
    how["ROWS"] = aligned
    blocks = -(-lines // how["ROWS"]), -(-of_maps // how["COLUMNS"])
    rows = [one.shape[1] * math.prod(geometry.places) for one, _ in batches]
    deep = how["DEPTH"]
    parts, share = parts_of(rows[0], math.prod(blocks) * k, deep)
    more = -(-rows[1] // (parts * deep)) * deep
    made = images.new_empty(parts, k, of_maps, lines, dtype=torch.float32)
    launch(
        _weights_kernel, (*blocks, parts * k), seen, made,
        [rows[0], share, rows[1], more, *(by for one in seen for by in one.stride()[:4])],
        NETWORKS=k, BATCHES=1 if finish.also is None else 2,
        **told(geometry, channels, of_maps), **how,
    )  # fmt: skip
    return _whole(made, finish.dtype or images.dtype, geometry)


def _whole(
    made: Float[Tensor, "parts k o lines"], dtype: torch.dtype, geometry: Geometry
) -> Weights:
    whole = (made.sum(0) if len(made) > 1 else made[0]).to(dtype)
    return whole.unflatten(2, (*geometry.kernel, -1)).permute(0, 1, 4, 2, 3)
