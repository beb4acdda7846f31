"""How a kernel's programs share out a product, and what they are told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import triton
from jaxtyping import Float
from torch import Tensor

from ganray.train.cohorts.products import Geometry

LEAST = 16  # rows, columns and depth of a tile that tensor cores take
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
    wide = max(LEAST, min(tile.columns, triton.next_power_of_2(columns)))
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


def parts_of(rows: int, programs: int, depth: int) -> tuple[int, int]:
    """Into how many parts so many programs split their sum over rows, and the rows of each."""
    parts = max(1, min(PROGRAMS // programs, rows // (8 * depth)))
    share = -(-rows // (parts * depth)) * depth
    return -(-rows // share), share
