"""Transposed convolutions to few channels, as convolutions to the phases of their stride.

Pixels whose places leave the same rest by the stride are one map of a convolution of stride 1, so
that few channels become many: oneDNN has a register of channels work on a pixel, and a transposed
convolution to a single channel is twenty times slower than its operations.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

from ganray.train.fused.geometry import Sides

_FEW = {torch.bfloat16: 16}  # two of them are multiplied where there is one of 32 bits
_FEW_OTHERS = 8


def pays(channels: int, precision: torch.dtype) -> bool:
    """Whether maps of so many channels are made faster so."""
    return channels <= _FEW.get(precision, _FEW_OTHERS)


def phased(
    weight: Float[Tensor, "k c p q"], stride: int, padding: Sides
) -> Float[Tensor, "phases k taps_p taps_q"]:
    """The kernels of that convolution: of each phase's rows, then columns, then channels."""
    rows, columns = (
        _taps(size, stride, before) for size, before in zip(weight.shape[2:], padding, strict=True)
    )
    # One more row and column, of zeros, for taps that the kernel does not have.
    wide = functional.pad(weight, (0, 1, 0, 1))
    taken = wide.index_select(2, rows.flatten()).index_select(3, columns.flatten())
    taken = taken.view(*weight.shape[:2], *rows.shape, *columns.shape)
    made = taken.permute(2, 4, 1, 0, 3, 5).flatten(0, 2)
    return made.contiguous(memory_format=torch.channels_last)


def together(
    delta: Float[Tensor, "n k h w"],
    weight: Float[Tensor, "phases k p q"],
    stride: int,
    size: Sides,
) -> Float[Tensor, "n c rows columns"]:
    """The transposed convolution to maps of `size`."""
    reach = weight.shape[2] // 2, weight.shape[3] // 2
    maps = functional.conv2d(delta, weight, None, 1, reach).permute(0, 2, 3, 1)
    phases = maps.unflatten(3, (stride, stride, -1)).permute(0, 1, 3, 2, 4, 5)
    made = phases.flatten(3, 4).flatten(1, 2).permute(0, 3, 1, 2)
    cut = made[:, :, : size[0], : size[1]]
    return cut.contiguous(memory_format=torch.channels_last)


@lru_cache
def _taps(kernel: int, stride: int, padding: int) -> Int64[Tensor, "stride taps"]:
    """Which place of a kernel takes output i + t − reach to input stride·i + phase, for each phase
    and t; `kernel` where none does."""
    reach = max((stride - 1 + padding) // stride, (kernel - 1 - padding) // stride)
    phases, steps = torch.arange(stride)[:, None], torch.arange(-reach, reach + 1)
    places = phases + padding - stride * steps
    return places.where((places >= 0) & (places < kernel), torch.tensor(kernel))
