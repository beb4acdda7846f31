"""Numbers laid out for one batched product of matrices, and that product."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

_made: dict[tuple[Any, ...], tuple[Tensor, Tensor]] | None = None


@contextmanager
def made_once(once: bool = True) -> Iterator[None]:
    """Within it, what is laid out anew of a tensor is laid out once, and kept until its end; or, if
    not `once`, every time."""
    global _made
    before, _made = _made, {} if once else None
    try:
        yield
    finally:
        _made = before


def laid_out_once(name: str, values: Tensor, more: Any, make: Callable[[], Tensor]) -> Tensor:
    """What `make` makes of these values and no others; they must not change in between."""
    if _made is None:
        return make()
    key = name, values.data_ptr(), values.shape, values.stride(), values._version, more
    if key not in _made:  # the values are kept too, or others could take their place in memory
        _made[key] = make(), values
    return _made[key][0]


def windows(
    values: Float[Tensor, "k n h w c"], size: tuple[int, int], step: tuple[int, int]
) -> Float[Tensor, "k rows columns"]:
    """What lies under each place of a window, all places in a row; `values` as in memory."""
    k, n, height, width, channels = values.shape
    places = [
        (side - window) // by + 1
        for side, window, by in zip((height, width), size, step, strict=True)
    ]
    a, b, c, d, e = values.stride()
    seen = values.as_strided(
        (k, n, *places, *size, channels), (a, b, c * step[0], d * step[1], c, d, e)
    )
    return seen.reshape(k, n * math.prod(places), math.prod(size) * channels)


def product(one: Float[Tensor, "k a b"], other: Float[Tensor, "k b c"]) -> Float[Tensor, "k a c"]:
    """Of matrices, in the precision that convolutions of this device have."""
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32
    try:
        return torch.bmm(one, other)
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
