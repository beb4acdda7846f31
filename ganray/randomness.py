"""Randomness by index: number i of a stream depends on (seed, stream, i) and on nothing else.

Every draw of the project comes from here. Philox (Salmon et al., "Parallel random numbers: as easy
as 1, 2, 3", SC 2011) is counter-based: any row of a stream is reached without drawing those before
it, so that sharding, resuming and batching cannot change a sample.
"""

from __future__ import annotations

import hashlib

import numpy as np
from jaxtyping import Float64, Int64

from ganray.spec import canonical_json

_WORDS_PER_COUNT = 4  # Philox-4x64 yields four 64-bit words for each value of its counter


def derive_seed(*parts: int | str | list[int]) -> int:
    """A 63-bit seed from any JSON-able parts, e.g. `derive_seed(study_seed, [3], replicate)`."""
    return int.from_bytes(hashlib.sha256(canonical_json(list(parts))).digest()[:8], "big") >> 1


def uniforms(
    seed: int, stream: str, start: int, count: int, width: int
) -> Float64[np.ndarray, "count width"]:
    """Rows `start … start+count-1` of a stream of uniform numbers in the open interval (0, 1)."""
    counters = -(-width // _WORDS_PER_COUNT)  # each row begins on a counter of its own
    key = hashlib.sha256(canonical_json([seed, stream])).digest()[:16]
    bits = np.random.Philox(
        key=np.frombuffer(key, dtype=np.uint64).astype(np.uint64),
        counter=start * counters,
    )
    words = bits.random_raw(count * counters * _WORDS_PER_COUNT)
    rows = words.reshape(count, counters * _WORDS_PER_COUNT)[:, :width]
    # The top 52 bits, centred in their cell: never 0 and never 1, so that ndtri stays finite.
    return ((rows >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def normals(
    seed: int, stream: str, start: int, count: int, width: int
) -> Float64[np.ndarray, "count width"]:
    """Rows `start … start+count-1` of a stream of standard normal numbers, by inversion."""
    from scipy.special import ndtri  # a quarter of a second, which no reader of a store should wait

    return np.asarray(ndtri(uniforms(seed, stream, start, count, width)))


def truncated_normals(
    seed: int, stream: str, start: int, count: int, width: int, bound: float
) -> Float64[np.ndarray, "count width"]:
    """The same uniform numbers as standard normal ones within ± `bound`, by inversion.

    Theirs is the law of drawing anew whatever is beyond; as the bound falls, each number moves
    steadily towards 0.

    Args:
        bound: in standard deviations, above 0.
    """
    from scipy.special import ndtr, ndtri

    drawn = uniforms(seed, stream, start, count, width)
    # From the nearer tail on, where numbers have more digits than beside 1.
    below = ndtri(ndtr(-bound) + np.minimum(drawn, 1 - drawn) * (1 - 2 * ndtr(-bound)))
    return np.asarray(np.clip(np.copysign(below, drawn - 0.5), -bound, bound))


def permutation(seed: int, stream: str, epoch: int, length: int) -> Int64[np.ndarray, "length"]:
    """The order of `length` items in `epoch`: an independent uniform permutation for each."""
    keys = uniforms(seed, f"{stream}/{epoch}", 0, length, 1)[:, 0]
    return np.argsort(keys, kind="stable")
