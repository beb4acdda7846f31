"""How likely an image is under a decoder, by annealed importance sampling with Hamiltonian moves.

Wu et al., "On the Quantitative Analysis of Decoder-Based Generative Models", arXiv 1611.04273, with
its public code's sigmoid schedule, ten leapfrog steps and rule for their size. Chains go from the
prior N(0, I) of latent vectors through p(z) p(x|z)^β to the posterior, β from 0 to 1; the mean of
their weights is an unbiased estimate of p(x), so that its logarithm is below log p(x) on average.
The way back, from an exact sample of the posterior, gives a bound from above (Grosse et al.,
"Sandwiching the marginal likelihood using bidirectional Monte Carlo", arXiv 1511.02543); there is
such a sample of simulated images alone, whose latent vector is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ganray.errors import RefusedInput
from ganray.metrics.density.hamiltonian import Observation, State, move
from ganray.randomness import normals

_WANTED = 0.65  # share of accepted moves; this and the next four are the public code's
_MEMORY = 0.9  # of the running mean of accepted moves
_GROWTH, _SHRINKAGE = 1.02, 0.98  # of the step's size, after a move
_SMALLEST, _LARGEST = 1e-4, 0.5


@dataclass(frozen=True, eq=False)
class Annealed:
    """What became of each chain.

    Attributes:
        log_weights: of the ratio of the last distribution's constant to the first one's.
        latent: where chains ended: samples of the last distribution, about.
        accepted: each chain's share of accepted moves.
    """

    log_weights: Float64[np.ndarray, "n"]
    latent: Float64[np.ndarray, "n k"]
    accepted: Float64[np.ndarray, "n"]


def sigmoid_schedule(count: int, reach: float = 4.0) -> Float64[np.ndarray, "p"]:
    """`count` values of β from 0 to 1, a sigmoid over ±`reach`: densest at both ends.

    Raises:
        RefusedInput: fewer than 2.
    """
    if count < 2:
        raise RefusedInput(f"count (={count}) must be at least 2: β = 0 and β = 1")
    sigmoid = 1 / (1 + np.exp(-np.linspace(-reach, reach, count)))
    values = (sigmoid - sigmoid[0]) / (sigmoid[-1] - sigmoid[0])
    return np.asarray(values)


def lower_bounds(
    observation: Observation,
    images: int,
    chains: int,
    dimensions: int,
    schedule: Float64[np.ndarray, "p"],
    seed: int = 0,
) -> Float64[np.ndarray, "m"]:
    """An estimate of log p(x) of each image, in nats; on average below it.

    Args:
        observation: its rows `i * chains … (i + 1) * chains − 1` are of image i.
        dimensions: of a latent vector.
        schedule: from 0 to 1, as `sigmoid_schedule`.
    """
    start = normals(seed, "annealed/prior", 0, images * chains, dimensions)
    return log_means(anneal(observation, start, schedule, seed).log_weights, chains)


def upper_bounds(
    observation: Observation,
    latent: Float64[np.ndarray, "n k"],
    chains: int,
    schedule: Float64[np.ndarray, "p"],
    seed: int = 0,
) -> Float64[np.ndarray, "n"]:
    """An estimate of log p(x) of each simulated image, in nats; on average above it.

    Args:
        latent: the vectors that the images were made from, which are samples of their posteriors.
        schedule: from 0 to 1; it is gone through backwards.
    """
    back = anneal(observation, np.repeat(latent, chains, axis=0), schedule[::-1], seed)
    return -log_means(back.log_weights, chains)


def log_means(log_weights: Float64[np.ndarray, "n"], chains: int) -> Float64[np.ndarray, "m"]:
    """log of the mean weight of each image's chains."""
    rows = log_weights.reshape(-1, chains)
    most = rows.max(axis=1)
    means: Float64[np.ndarray, "m"] = most + np.log(np.exp(rows - most[:, None]).mean(axis=1))
    return means


def anneal(
    observation: Observation,
    latent: Float64[np.ndarray, "n k"],
    schedule: Float64[np.ndarray, "p"],
    seed: int = 0,
    leapfrogs: int = 10,
    step: float = 0.1,
) -> Annealed:
    """Chains that begin as samples at the first β, with a move at each further one.

    Each chain has a step size of its own, so that no chain depends on another: it grows by 2 %
    after a move while more than 65 % of its moves were accepted (a running mean that keeps 90 % at
    each move), else it shrinks by 2 %, within 0.0001 and 0.5. The public code has one for all
    chains and begins at 0.01, which suits its 10,000 distributions. As there, a size that follows
    the chain's past makes the weights' mean not quite unbiased.

    Raises:
        RefusedInput: the log-likelihood of a starting vector is not finite.
    """
    likelihood, gradient = observation(latent)
    if not np.isfinite(likelihood).all():
        row = int(np.argmin(np.isfinite(likelihood)))
        raise RefusedInput(f"observation: row {row} (={likelihood[row]}) must be finite")
    state = State(latent, likelihood, gradient)
    weights, accepted = np.zeros(len(latent)), np.zeros(len(latent))
    recent, size = np.full(len(latent), _WANTED), np.full(len(latent), step)
    for number in range(1, len(schedule)):
        weights += (schedule[number] - schedule[number - 1]) * state.likelihood
        state, moved = move(observation, state, schedule[number], size, leapfrogs, seed, number)
        size = np.where(recent > _WANTED, size * _GROWTH, size * _SHRINKAGE)
        size = np.clip(size, _SMALLEST, _LARGEST)
        recent = _MEMORY * recent + (1 - _MEMORY) * moved
        accepted += moved
    return Annealed(weights, state.latent, accepted / max(1, len(schedule) - 1))
