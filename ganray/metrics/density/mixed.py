"""How likely images are under a mixture of models, by how likely they are under each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float64

from ganray.errors import RefusedInput


def mixture_log_likelihood(
    log_likelihoods: Float[np.ndarray, "m n"], shares: Sequence[float]
) -> Float64[np.ndarray, "n"]:
    """log Σ_c π_c p_c(x) of each image, in nats.

    Of unbiased estimates of every p_c(x) the sum is one of p(x), so that of bounds from below, as
    annealed importance sampling gives, this is one, too.

    Args:
        shares: π_c in proportion, none below 0.

    Raises:
        RefusedInput: not as many shares as models, one below 0, or none above.
    """
    weights = np.asarray(shares, dtype=np.float64)
    if weights.shape != log_likelihoods.shape[:1] or weights.min() < 0 or not weights.sum() > 0:
        raise RefusedInput(
            f"shares (={weights.tolist()}) must be {len(log_likelihoods)} numbers, one for each "
            "model, none below 0 and one above"
        )
    counted = weights > 0
    terms = log_likelihoods[counted].astype(np.float64)
    terms = terms + np.log(weights[counted] / weights.sum())[:, None]
    most = terms.max(axis=0)
    found: Float64[np.ndarray, "n"] = most + np.log(np.exp(terms - most).sum(axis=0))
    return found


def bits_per_dimension(nats: float, dimensions: int, levels: int = 256) -> float:
    """What an image of values 0 … levels−1 costs, for each of its numbers.

    Args:
        nats: log p of the image brought to [0, 1] as (x + u) / levels, u uniform in (0, 1).
    """
    return float(np.log2(levels) - nats / (dimensions * np.log(2)))
