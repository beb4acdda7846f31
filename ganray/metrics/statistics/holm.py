"""Holm's correction of p-values of many tests at once.

Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics
6 (1979): the chance that any true hypothesis is rejected stays below the level, whatever the tests
have to do with each other; never less powerful than Bonferroni's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from ganray.errors import RefusedInput


def holm(p_values: Sequence[float]) -> Float64[np.ndarray, "n"]:
    """The p-values, in their order, that may be compared with the level of all tests together.

    The i-th smallest of n is multiplied by n − i + 1, and none is below a smaller one's.

    Raises:
        RefusedInput: a number outside [0, 1].
    """
    values = np.asarray(p_values, dtype=np.float64).reshape(-1)
    if not ((values >= 0) & (values <= 1)).all():
        raise RefusedInput(f"p_values (={list(p_values)!r}) must all lie between 0 and 1")
    order = np.argsort(values, kind="stable")
    factors = np.arange(len(values), 0, -1)
    found = np.empty_like(values)
    found[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1.0)
    return found
