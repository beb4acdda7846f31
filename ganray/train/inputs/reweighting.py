"""AdaGAN: which training images the next of several generators is to learn.

Tolstikhin et al., "AdaGAN: Boosting generative models", arXiv 1701.02386. Generators are trained
one after another; the next one, with a share β of the mixture, on images that are weighted so that
the mixture with it would be nearest to the data. The formulas are theirs, set down here from what
the theorem says and not from their text:

- With P the data, G the mixture so far and h = dG/dP, the best next component has the density
  dQ/dP = (λ − (1 − β) h)₊ / β, with the one λ for which this integrates to 1 (theorem 1). It is the
  same for every f-divergence between (1 − β) G + β Q and P.
- On n training images, alike likely, w_i = (λ − (1 − β) h_i)₊ / (n β).
- h is estimated by a classifier D between real images and the mixture's: h = (1 − D) / D, D being
  the probability of a real one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Float64

_LEAST = 1e-30  # of a probability, below which a ratio counts as if it were this


def density_ratios(
    probabilities: Float32[np.ndarray, "n 2"], real: int, drawn: int
) -> Float64[np.ndarray, "n"]:
    """h = (1 − D) / D at some images, of 0 or more; small where the mixture lacks such images.

    Args:
        probabilities: that each of them is a real image, or one of the mixture.
        real: how many real images the classifier has learnt from.
        drawn: how many of the mixture; where they are fewer, so are their probabilities.
    """
    of_real = np.maximum(probabilities[:, 0].astype(np.float64), _LEAST)
    return probabilities[:, 1].astype(np.float64) / of_real * (real / drawn)


def training_weights(ratios: Float64[np.ndarray, "n"], beta: float) -> Float64[np.ndarray, "n"]:
    """w_i = (λ − (1 − β) h_i)₊ / (n β), which sum to 1.

    Those of the images with the smallest ratios are above 0. Were it those of the j smallest,
    λ_j = (n β + (1 − β) Σ h) / j over these; as many count as there are j with
    λ_j > (1 − β) h_(j), which is one after another from the first on.

    Args:
        ratios: h_i, of 0 or more.
        beta: the next component's share of the mixture, above 0; with 1, all weights are equal.
    """
    covered = (1 - beta) * np.sort(ratios)
    count = np.arange(1, len(ratios) + 1)
    levels = (len(ratios) * beta + np.cumsum(covered)) / count
    level = levels[np.flatnonzero(levels > covered)[-1]]
    weights = np.maximum(level - (1 - beta) * ratios, 0.0)
    return np.asarray(weights / weights.sum())


def beta_of(component: int, fixed: float | None = None) -> float:
    """A component's share of the mixture when it joins; the first one's is 1.

    Args:
        component: from 1.
        fixed: of each after the first; none: 1/t of component t, by which all have equal shares in
            the end.
    """
    if component == 1:
        return 1.0
    return 1 / component if fixed is None else fixed


def mixture_shares(betas: Sequence[float]) -> list[float]:
    """Each component's share of G_t = (1 − β_t) G_{t−1} + β_t Q_t once all have joined.

    Args:
        betas: in the order in which they joined; the first is 1.
    """
    shares: list[float] = []
    for beta in betas:
        shares = [(1 - beta) * share for share in shares] + [beta]
    return shares
