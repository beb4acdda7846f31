"""How plausible latent vectors are under the law that a GAN was trained with."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, Float64

from ganray.models.laws import Law, Normal, Sphere, Uniform, free_part

DRAWS = 10_000
_ROUNDING = 1e-4  # of a norm or a bound: latents are kept in float32, and moved in it


def plausibility(
    law: Law, latents: Float[np.ndarray, "n size"], draws: int = DRAWS
) -> Float64[np.ndarray, "n"]:
    """How often the prior gives a norm as far out as ‖z‖, towards either side: 2 min(F, 1 − F).

    By the χ² law with d degrees of freedom for z ~ N(0, σ² I), of ‖z‖² / σ². On a sphere a norm is
    the radius or impossible. Of other laws (bounded normal numbers, uniform ones) F is that of
    `draws` norms drawn by index, (1 + rank) / (1 + draws), so that no value is below
    2 / (1 + draws); but vectors outside of the law's support have 0.

    A vector of a plausible norm may still be an implausible one: what the search does to single
    directions does not show here.

    Args:
        latents: what of them chooses among classes, say, is left out.
    """
    part = free_part(law)
    free = np.asarray(latents, dtype=np.float64)[:, : part.size]
    norms = np.linalg.norm(free, axis=1)
    if isinstance(part, Sphere):
        return (np.abs(norms / part.size**0.5 - 1) <= _ROUNDING).astype(np.float64)
    if isinstance(part, Normal) and part.bound is None:
        return _two_sided(part.size, (norms / part.deviation) ** 2)
    return np.where(_supported(part, free), _empirical(part, norms, draws), 0.0)


def _two_sided(size: int, squares: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    from scipy.special import gammainc, gammaincc

    low, high = gammainc(size / 2, squares / 2), gammaincc(size / 2, squares / 2)
    return np.minimum(1.0, 2 * np.minimum(low, high))


def _empirical(law: Law, norms: Float64[np.ndarray, "n"], draws: int) -> Float64[np.ndarray, "n"]:
    drawn = _drawn_norms(law, draws)  # type: ignore[arg-type]  # laws are frozen dataclasses
    below = np.searchsorted(drawn, norms, side="right")
    above = draws - np.searchsorted(drawn, norms, side="left")
    return np.minimum(1.0, 2 * (1 + np.minimum(below, above)) / (1 + draws))


@lru_cache(maxsize=8)
def _drawn_norms(law: Law, draws: int) -> Float64[np.ndarray, "n"]:
    return np.sort(np.linalg.norm(law.rows(0, "plausibility", 0, draws), axis=1))


def _supported(law: Law, free: Float64[np.ndarray, "n d"]) -> Bool[np.ndarray, "n"]:
    if isinstance(law, Normal) and law.bound is not None:
        bound = law.bound * law.deviation
        return np.asarray((np.abs(free) <= bound * (1 + _ROUNDING)).all(axis=1))
    if isinstance(law, Uniform):
        slack = _ROUNDING * (law.high - law.low)
        return np.asarray(((free >= law.low - slack) & (free <= law.high + slack)).all(axis=1))
    return np.ones(len(free), dtype=bool)
