"""The noncentral t law, of which power and the intervals of effects are made."""

from __future__ import annotations

import math

_FAR = 1e4


def noncentral_t(t: float, freedom: int, parameter: float) -> float:
    """P(T ≤ t) for T = (Z + parameter) / √(χ² / freedom)."""
    from scipy.special import chdtrc, nctdtr  # what no reader of a store should wait for

    if t < 0:
        return 1.0 - noncentral_t(-t, freedom, -parameter)
    if t > _FAR:  # Z is nothing beside it, and SciPy's series has no end
        return float(chdtrc(freedom, freedom * (max(parameter, 0.0) / t) ** 2))
    found = float(nctdtr(freedom, parameter, t))
    # Far above the parameter SciPy has no number (at 2 degrees, −8 and 8): it is 1 to nine digits.
    return 1.0 if math.isnan(found) else found
