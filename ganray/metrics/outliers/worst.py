"""Which images lie farthest from the real ones."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float64, Int64

from ganray.errors import RefusedInput

PERCENT = 1.0


def share(count: int, percent: float) -> int:
    """How many images a percentage of `count` is: rounded up, so at least one.

    Raises:
        RefusedInput: unless the percentage is above 0 and at most 50.
    """
    if not 0 < percent <= 50:
        raise RefusedInput(f"percent (={percent!r}) must be above 0 and at most 50")
    # Less than a part in a billion is the division's own: 0.7 % of 1,000 are 7.
    return max(1, math.ceil(count * percent / 100 - 1e-9))


def worst(distances: Float64[np.ndarray, "n"], percent: float = PERCENT) -> Int64[np.ndarray, "k"]:
    """The indices of the farthest, these first; of equals the first.

    Raises:
        RefusedInput: as `share` does, and for fewer than two distances.
    """
    if len(distances) < 2:
        raise RefusedInput(f"distances has {len(distances)} entries; at least 2 are needed")
    return np.argsort(-distances, kind="stable")[: share(len(distances), percent)]
