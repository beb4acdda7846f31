"""Where a kernel's operands lie: which image and place a row of a product is, and what is read.

Functions of Triton's, which are part of each kernel that calls them. What lies beyond an image
reads as zero.
"""

from __future__ import annotations

from typing import no_type_check

import triton
import triton.language as tl


@triton.jit
@no_type_check
def places_of(row, down, across):
    """The image that a row of a product is of, and the place in it, down and across."""
    return (row // (down * across)).to(tl.int64), (row // across) % down, row % across


@triton.jit
@no_type_check
def within(h, w, height, width):
    """Whether that is a pixel of the image."""
    return (h >= 0) & (h < height) & (w >= 0) & (w < width)


@triton.jit
@no_type_check
def of_one_tap(
    total, begin, of_weights, known, column, above, before, tap, channel,
    image_height, image_width, height, width,
    CHANNELS: tl.constexpr, MAPS: tl.constexpr, TAPS: tl.constexpr,
    KERNEL_COLUMNS: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Maps' sum over some channels under one place of the kernel."""
    h, w = above + tap // KERNEL_COLUMNS, before + tap % KERNEL_COLUMNS
    inside = known & within(h, w, height, width)
    place = begin + h * image_height + w * image_width
    one = tl.load(place[:, None] + channel[None, :], inside[:, None], 0.0)
    line = tap * CHANNELS + channel
    other = tl.load(
        of_weights + column[:, None] * (TAPS * CHANNELS) + line[None, :],
        column[:, None] < MAPS,
        0.0,
    )
    return tl.dot(one, tl.trans(other), total, input_precision=PRECISION)


@triton.jit
@no_type_check
def of_any_taps(
    total, begin, of_weights, known, column, above, before,
    image_height, image_width, height, width,
    CHANNELS: tl.constexpr, MAPS: tl.constexpr, TAPS: tl.constexpr,
    KERNEL_COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Maps' whole sum where a tile's numbers lie under several places, each looked up by itself."""
    for first in range(0, TAPS * CHANNELS, DEPTH):
        line = first + tl.arange(0, DEPTH)
        channel, tap = line % CHANNELS, line // CHANNELS
        h = above[:, None] + (tap // KERNEL_COLUMNS)[None, :]
        w = before[:, None] + (tap % KERNEL_COLUMNS)[None, :]
        inside = known[:, None] & (tap < TAPS)[None, :]
        inside = inside & within(h, w, height, width)
        place = begin[:, None] + h * image_height + w * image_width + channel[None, :]
        one = tl.load(place, inside, 0.0)
        there = (column < MAPS)[:, None] & (tap < TAPS)[None, :]
        other = tl.load(
            of_weights + column[:, None] * (TAPS * CHANNELS) + line[None, :], there, 0.0
        )
        total = tl.dot(one, tl.trans(other), total, input_precision=PRECISION)
    return total


@triton.jit
@no_type_check
def block_of(
    program, row, first_down, first_across, blocks_down, blocks_across,
    STRIDE_ROWS: tl.constexpr, STRIDE_COLUMNS: tl.constexpr,
):  # fmt: skip
    """Of a gradient by images: the network, the pixel within a block of one stride, the image and
    the block."""
    PHASES: tl.constexpr = STRIDE_ROWS * STRIDE_COLUMNS
    phase = program % PHASES
    n, down, across = places_of(row, blocks_down, blocks_across)
    return (
        (program // PHASES).to(tl.int64), phase // STRIDE_COLUMNS, phase % STRIDE_COLUMNS,
        n, down + first_down, across + first_across,
    )  # fmt: skip
