"""Hamiltonian moves of many chains at once, each by itself.

Neal, "MCMC using Hamiltonian dynamics", arXiv 1206.1901.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ganray.randomness import normals, uniforms

Observation = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Of latent vectors, a row for each chain: each row's log p(x|z) and its gradient by z."""


@dataclass(frozen=True, eq=False)
class State:
    """Where chains are, with log p(x|z) and its gradient there."""

    latent: Float64[np.ndarray, "n k"]
    likelihood: Float64[np.ndarray, "n"]
    gradient: Float64[np.ndarray, "n k"]

    def energy(self, beta: float) -> Float64[np.ndarray, "n"]:
        """−log p(z) − β log p(x|z), but for a constant."""
        return 0.5 * np.square(self.latent).sum(axis=1) - beta * self.likelihood

    def force(self, beta: float) -> Float64[np.ndarray, "n k"]:
        """The energy's negative gradient."""
        return beta * self.gradient - self.latent


def move(
    observation: Observation,
    state: State,
    beta: float,
    size: Float64[np.ndarray, "n"],
    leapfrogs: int,
    seed: int,
    number: int,
) -> tuple[State, Float64[np.ndarray, "n"]]:
    """One trajectory of each chain towards p(z) p(x|z)^β, and whether it was accepted, 1 or 0.

    Masses are 1, and a trajectory is accepted by the rule of Metropolis.

    Args:
        size: of a leapfrog step, for each chain.
        number: of the move, which its random numbers follow from.
    """
    n, k = state.latent.shape
    drawn = normals(seed, f"annealed/momentum/{number}", 0, n, k)
    chance = uniforms(seed, f"annealed/accept/{number}", 0, n, 1)[:, 0]
    momentum, at, far = drawn, state, size[:, None]
    with np.errstate(over="ignore", invalid="ignore"):  # what leaves all bounds is not accepted
        for _ in range(leapfrogs):
            momentum = momentum + 0.5 * far * at.force(beta)
            latent = at.latent + far * momentum
            at = State(latent, *observation(latent))
            momentum = momentum + 0.5 * far * at.force(beta)
        before = state.energy(beta) + 0.5 * np.square(drawn).sum(axis=1)
        after = at.energy(beta) + 0.5 * np.square(momentum).sum(axis=1)
        taken = np.log(chance) < before - after
    keep = taken[:, None]
    chosen = State(
        np.where(keep, at.latent, state.latent),
        np.where(taken, at.likelihood, state.likelihood),
        np.where(keep, at.gradient, state.gradient),
    )
    return chosen, taken.astype(np.float64)
