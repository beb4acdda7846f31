"""What kernels do with the numbers that they made while these are still in registers."""

from __future__ import annotations

from typing import Any, no_type_check

import triton
import triton.language as tl
from jaxtyping import Float
from torch import Tensor

from ganray.train.cohorts.kernels.tiles import channels_last
from ganray.train.cohorts.products import Finish

_OWN, _OTHER = 1, 2


@triton.jit
@no_type_check
def finish_of(total, bias, signs, known, SLOPE: tl.constexpr, BIASED: tl.constexpr,
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


def finishing_of(
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
