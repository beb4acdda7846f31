"""Philox-4x64-10 (Salmon et al., SC 2011) in tensors: the integers of `ganray.randomness`, for many
seeds at once, on any device.

Tensors have no unsigned numbers of 64 bits: signed ones wrap in the same way, and shifts to the
right are made logical by masks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from ganray.spec import canonical_json

_ROUNDS = 10
_FACTORS = 0xD2E7470EE14C6C93, 0xCA5A826395121157
_WEYL = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
_LOW = 0xFFFFFFFF
_WORDS = 4


def uniforms_on(
    device: torch.device, seeds: Sequence[int], stream: str, start: int, count: int, width: int
) -> Float64[Tensor, "seeds count width"]:
    """Rows `start … start+count-1` of a stream of each seed, as `randomness.uniforms` has them."""
    counters = -(-width // _WORDS)
    keys = torch.tensor([_key(seed, stream) for seed in seeds], device=device)
    # NumPy's generator counts up before it draws.
    first = start * counters + 1
    counter = torch.arange(first, first + count * counters, device=device)
    words = torch.stack(_rounds(counter, keys), dim=-1)
    rows = words.view(len(seeds), count, counters * _WORDS)[..., :width]
    return (_shifted(rows, 12).double() + 0.5) * 2.0**-52


def _key(seed: int, stream: str) -> tuple[int, int]:
    digest = hashlib.sha256(canonical_json([seed, stream])).digest()
    return _signed(int.from_bytes(digest[:8], "little")), _signed(
        int.from_bytes(digest[8:16], "little")
    )


def _rounds(
    counter: Int64[Tensor, "n"], keys: Int64[Tensor, "seeds 2"]
) -> tuple[Int64[Tensor, "seeds n"], ...]:
    key0, key1 = keys[:, :1], keys[:, 1:]
    zero = torch.zeros((), dtype=torch.int64, device=counter.device)
    c0, c1, c2, c3 = counter.expand(len(keys), -1), zero, zero, zero
    for turn in range(_ROUNDS):
        high0, low0 = _product(_FACTORS[0], c0)
        high1, low1 = _product(_FACTORS[1], c2)
        own0, own1 = (
            key + _signed(turn * weyl) for key, weyl in zip((key0, key1), _WEYL, strict=True)
        )
        c0, c1, c2, c3 = high1 ^ c1 ^ own0, low1, high0 ^ c3 ^ own1, low0
    return tuple(one.expand(len(keys), len(counter)) for one in (c0, c1, c2, c3))


def _product(factor: int, values: Int64[Tensor, "..."]) -> tuple[Tensor, Tensor]:
    """The high and the low 64 bits of an unsigned product, by halves of 32 bits."""
    high, low = factor >> 32, factor & _LOW
    above, below = _shifted(values, 32), values & _LOW
    middle = low * above + _shifted(low * below, 32)
    other = high * below + (middle & _LOW)
    return high * above + _shifted(middle, 32) + _shifted(other, 32), values * _signed(factor)


def _shifted(values: Int64[Tensor, "..."], bits: int) -> Int64[Tensor, "..."]:
    """To the right, zeros coming in."""
    return (values >> bits) & ((1 << (64 - bits)) - 1)


def _signed(value: int) -> int:
    """The signed number with the same last 64 bits."""
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value
