"""Dense layers of one output, as a critic's last, as Triton kernels: rows are read as they are.

Weights have 32 bits where rows have 16, and matrix products know one precision alone.
"""

from __future__ import annotations

from typing import no_type_check

import torch
import triton
import triton.language as tl
from jaxtyping import Float
from torch import Tensor

from ganray.train.cohorts.kernels.tiles import launch

_BLOCK = 1024  # numbers of a row at a time
_COLUMNS, _ROWS = 128, 32
_VARYING = ["rows", "also_rows"]

RowsOf = Float[Tensor, "k n d"]
OneEach = Float[Tensor, "k n 1"]
Weight = Float[Tensor, "k 1 d"]


@triton.jit
@no_type_check
def _outputs_kernel(
    values, weight, bias, made, rows, values_network, values_row,
    SIZE: tl.constexpr, BLOCK: tl.constexpr, BIASED: tl.constexpr,
):  # fmt: skip
    network, n = tl.program_id(1).to(tl.int64), tl.program_id(0).to(tl.int64)
    begin, of_weight = values + network * values_network + n * values_row, weight + network * SIZE
    total = tl.zeros((BLOCK,), dtype=tl.float32)
    for first in range(0, SIZE, BLOCK):
        at = first + tl.arange(0, BLOCK)
        one = tl.load(begin + at, at < SIZE, 0.0).to(tl.float32)
        total += one * tl.load(of_weight + at, at < SIZE, 0.0).to(tl.float32)
    whole = tl.sum(total, 0)
    if BIASED:
        whole += tl.load(bias + network).to(tl.float32)
    tl.store(made + network * rows + n, whole.to(made.dtype.element_ty))


@triton.jit
@no_type_check
def _inputs_kernel(
    delta, weight, signs, made, rows, signs_network, signs_row,
    SIZE: tl.constexpr, BLOCK: tl.constexpr, BENT: tl.constexpr, SLOPE: tl.constexpr,
):  # fmt: skip
    network, n = tl.program_id(2).to(tl.int64), tl.program_id(0).to(tl.int64)
    at = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    one = tl.load(delta + network * rows + n).to(tl.float32)
    whole = one * tl.load(weight + network * SIZE + at, at < SIZE, 0.0).to(tl.float32)
    if BENT:
        place = signs + network * signs_network + n * signs_row + at
        sign = tl.load(place, at < SIZE, 0.0).to(tl.float32)
        whole = tl.where(sign > 0, whole, whole * SLOPE)
    place = made + (network * rows + n) * SIZE + at
    tl.store(place, whole.to(made.dtype.element_ty), at < SIZE)


@triton.jit
@no_type_check
def _summed(total, delta, values, rows, values_network, values_row, network, column,
            SIZE: tl.constexpr, ROWS: tl.constexpr):  # fmt: skip
    for first in range(0, rows, ROWS):
        row = first + tl.arange(0, ROWS)
        one = tl.load(delta + network * rows + row, row < rows, 0.0).to(tl.float32)
        place = values + network * values_network + row.to(tl.int64)[:, None] * values_row
        known = (row < rows)[:, None] & (column < SIZE)[None, :]
        other = tl.load(place + column[None, :], known, 0.0).to(tl.float32)
        total += tl.sum(one[:, None] * other, 0)
    return total


@triton.jit(do_not_specialize=_VARYING)
@no_type_check
def _weights_kernel(
    delta, values, also_delta, also_values, made, rows, also_rows,
    values_network, values_row, also_network, also_row,
    SIZE: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, BATCHES: tl.constexpr,
):  # fmt: skip
    network = tl.program_id(1).to(tl.int64)
    column = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    total = tl.zeros((COLUMNS,), dtype=tl.float32)
    total = _summed(total, delta, values, rows, values_network, values_row, network, column,
                    SIZE, ROWS)  # fmt: skip
    if BATCHES == 2:
        total = _summed(total, also_delta, also_values, also_rows, also_network, also_row, network,
                        column, SIZE, ROWS)  # fmt: skip
    tl.store(made + network * SIZE + column, total, column < SIZE)


def _flat(rows: RowsOf) -> RowsOf:
    return rows if rows.stride(2) == 1 else rows.contiguous()


def outputs(values: RowsOf, weight: Weight, bias: Float[Tensor, "k 1"] | None) -> OneEach:
    """The layer's."""
    k, n, size = values.shape
    values, made = _flat(values), weight.new_empty(k, n, 1)
    read = [values, weight.contiguous(), made if bias is None else bias.contiguous()]
    strides = values.stride()[:2]
    settings = {"SIZE": size, "BLOCK": _BLOCK, "BIASED": bias is not None}
    launch(_outputs_kernel, (n, k), read, made, [n, *strides], **settings)
    return made


def inputs(delta: OneEach, weight: Weight, signs: RowsOf | None, slope: float) -> RowsOf:
    """The derivative by rows, after the bend that gave them."""
    (k, n, _), size = delta.shape, weight.shape[2]
    dtype = weight.dtype if signs is None else signs.dtype
    made = delta.new_empty(k, n, size, dtype=dtype)
    seen = made if signs is None else _flat(signs)
    strides = seen.stride()[:2]
    launch(
        _inputs_kernel, (n, -(-size // _BLOCK), k), [delta.contiguous(), weight.contiguous(), seen],
        made, [n, *strides], SIZE=size, BLOCK=_BLOCK, BENT=signs is not None, SLOPE=slope,
    )  # fmt: skip
    return made


def weights(
    delta: OneEach,
    values: RowsOf,
    also_delta: Float[Tensor, "k m 1"] | None,
    also_values: Float[Tensor, "k m d"] | None,
) -> Weight:
    """The derivative by the weights, of one batch or two, in 32 bits."""
    k, n, size = values.shape
    one = delta.contiguous(), _flat(values)
    other = one
    if also_delta is not None and also_values is not None:
        other = also_delta.contiguous(), _flat(also_values)
    made = delta.new_empty(k, 1, size, dtype=torch.float32)
    launch(
        _weights_kernel, (-(-size // _COLUMNS), k), [*one, *other], made,
        [n, other[1].shape[1], *one[1].stride()[:2], *other[1].stride()[:2]],
        SIZE=size, ROWS=_ROWS, COLUMNS=_COLUMNS, BATCHES=1 if also_delta is None else 2,
    )  # fmt: skip
    return made
