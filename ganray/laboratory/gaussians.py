"""Two Gaussians against two intervals: every gradient in closed form, many trajectories at once.

With F(x) = ½Σφ(x − μ*ᵢ) − ½Σφ(x − μᵢ) the discriminator that says "real" in [l₁, r₁] and [l₂, r₂]
has L = 1 + Σⱼ ∫ F over its intervals. It ascends ∂L/∂rⱼ = F(rⱼ) and ∂L/∂lⱼ = −F(lⱼ); the generator
descends ∂L/∂μᵢ = ½Σⱼ[φ(rⱼ − μᵢ) − φ(lⱼ − μᵢ)]. The best intervals are where F > 0, of which there
are two at most, as F has three zeros at most; there L is 1 plus the total variation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from ganray.laboratory.spec import Dynamics, Starts
from ganray.randomness import uniforms

Means = Float64[np.ndarray, "n 2"]
Ends = Float64[np.ndarray, "n 4"]
"""l₁, r₁, l₂, r₂, in ascending order; ±∞ where an interval has no end."""

_PASSES = 60
_FAR = 40.0  # beyond, φ is 0 in float64
_AROUND = 8.0  # all means, zeros of F are looked for
_CELLS, _HALVINGS = 160, 50  # in which zeros of F are looked for, and halved


def density(x: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
    """φ, of N(0, 1)."""
    return np.exp(-np.square(x) / 2) / np.sqrt(2 * np.pi)


def advantage(
    x: Float64[np.ndarray, "n k"], means: Means, target: Float64[np.ndarray, "2"]
) -> Float64[np.ndarray, "n k"]:
    """F at some points of each trajectory."""
    real = density(x[..., None] - target).sum(axis=-1)
    return (real - density(x[..., None] - means[:, None]).sum(axis=-1)) / 2


def gradients(means: Means, ends: Ends, target: Float64[np.ndarray, "2"]) -> tuple[Means, Ends]:
    """(∂L/∂μ, ∂L/∂(l₁, r₁, l₂, r₂))."""
    made = density(ends[..., None] - means[:, None])  # end × mean: both are made of it
    real = density(ends[..., None] - target).sum(axis=2)
    of_means = (_SIGNS[:, None] * made).sum(axis=1) / 2
    return of_means, _SIGNS * (real - made.sum(axis=2)) / 2


_SIGNS = np.array([-1.0, 1.0, -1.0, 1.0])  # of L's change when an end moves to the right


def value(ends: Ends, means: Means, target: Float64[np.ndarray, "2"]) -> Float64[np.ndarray, "n"]:
    """L."""
    from scipy.special import ndtr

    def mass(centres: Float64[np.ndarray, "m 2"]) -> Float64[np.ndarray, "n"]:
        inside = ndtr(ends[:, None, 1::2] - centres[..., None])
        inside = inside - ndtr(ends[:, None, ::2] - centres[..., None])
        return np.asarray(inside.sum(axis=(1, 2)) / 2)

    return 1 + mass(target[None]) - mass(means)


def separate(ends: Ends) -> Ends:
    """Ends in order again: both ends of a pair that has crossed move to their midpoint."""
    ends = ends.copy()
    for _ in range(_PASSES):  # a midpoint may cross the pair beside it
        if (ends[:, 1:] >= ends[:, :-1]).all():
            break
        for place in range(3):
            crossed = ends[:, place] > ends[:, place + 1]
            middle = ends[crossed, place : place + 2].mean(axis=1)
            ends[crossed, place] = ends[crossed, place + 1] = middle
    return ends


def best_intervals(means: Means, target: Float64[np.ndarray, "2"]) -> Ends:
    """Where F > 0; an interval that is not there begins and ends at +∞."""
    centres = np.column_stack([means, np.broadcast_to(target, means.shape)])
    low, high = centres.min(axis=1) - _AROUND, centres.max(axis=1) + _AROUND
    grid = np.linspace(low, high, _CELLS, axis=1)
    edge = np.full((len(means), 1), _FAR)
    points = np.hstack([-edge, grid, edge])
    positive = _sign(points, means, target) > 0
    rows, cells = np.nonzero(positive[:, 1:] != positive[:, :-1])
    zeros = _bisected(points[rows, cells], points[rows, cells + 1], means[rows], target)
    # Which zero of its trajectory each one is; before them −∞ where F begins above 0.
    place = np.arange(len(rows)) - np.searchsorted(rows, rows) + positive[rows, 0]
    ends = np.full((len(means), 4), np.inf)
    ends[positive[:, 0], 0] = -np.inf
    few = place < 4  # more are rounding, where both densities are one
    ends[rows[few], place[few]] = zeros[few]
    return ends


def _sign(
    x: Float64[np.ndarray, "n k"], means: Means, target: Float64[np.ndarray, "2"]
) -> Float64[np.ndarray, "n k"]:
    """What has F's sign, also where φ is too small for numbers: log of what F compares."""
    real = np.logaddexp(*(x * m - m**2 / 2 for m in target))
    made = np.logaddexp(*(x * m[:, None] - m[:, None] ** 2 / 2 for m in means.T))
    return np.asarray(real - made)


def _bisected(
    low: Float64[np.ndarray, "m"],
    high: Float64[np.ndarray, "m"],
    means: Float64[np.ndarray, "m 2"],
    target: Float64[np.ndarray, "2"],
) -> Float64[np.ndarray, "m"]:
    rising = _sign(high[:, None], means, target)[:, 0] > 0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = (_sign(middle[:, None], means, target)[:, 0] > 0) == rising
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return (low + high) / 2


def unrolled_gradient(
    means: Means, ends: Ends, target: Float64[np.ndarray, "2"], steps: int, rate: float
) -> Means:
    """dL/dμ after so many discriminator steps, which follow from μ too (Metz et al., 1611.02163).

    `slopes` is how the ends after them change with μ; that crossed ends are set apart is left out.
    """
    slopes = np.zeros((*ends.shape, 2))
    for _ in range(steps):
        apart, away = ends[..., None] - means[:, None], ends[..., None] - target
        pulled = apart * density(apart)
        bend = (pulled.sum(axis=2) - (away * density(away)).sum(axis=2)) / 2  # F′
        slopes = slopes + rate * _SIGNS[:, None] * (bend[..., None] * slopes - pulled / 2)
        ends = separate(ends + rate * gradients(means, ends, target)[1])
    of_means, of_ends = gradients(means, ends, target)
    return of_means + (of_ends[..., None] * slopes).sum(axis=1)


def advanced(
    dynamics: Dynamics, means: Means, ends: Ends, generator: bool = True
) -> tuple[Means, Ends]:
    """Both after one iteration.

    Args:
        generator: whether it moves; else the discriminator alone does.
    """
    target, rate = np.array(dynamics.target), dynamics.rate
    if dynamics.rule == "optimal":
        ends = best_intervals(means, target)
        return (means - rate * gradients(means, ends, target)[0] if generator else means), ends
    if dynamics.rule == "unrolled":
        pull = unrolled_gradient(means, ends, target, dynamics.steps, rate)
        ends = separate(ends + rate * gradients(means, ends, target)[1])
        return (means - rate * pull if generator else means), ends
    before = dynamics.steps - (dynamics.rule == "simultaneous")
    for _ in range(before):
        ends = separate(ends + rate * gradients(means, ends, target)[1])
    of_means, of_ends = gradients(means, ends, target)
    if dynamics.rule == "simultaneous":
        ends = separate(ends + rate * of_ends)
    return (means - rate * of_means if generator else means), ends


@dataclass(frozen=True)
class Played:
    """Where trajectories ended."""

    means: Means
    ends: Ends
    success: Bool[np.ndarray, "n"]


def play(dynamics: Dynamics, means: Means, ends: Ends) -> Played:
    """All iterations of some trajectories."""
    for _ in range(dynamics.iterations):
        means, ends = advanced(dynamics, means, ends)
    return Played(means, ends, succeeded(dynamics, means))


def succeeded(dynamics: Dynamics, means: Means) -> Bool[np.ndarray, "n"]:
    """Whether both means, matched up to their order, are near the data's."""
    far = np.abs(np.sort(means, axis=1) - np.sort(dynamics.target)).max(axis=1)
    return far < dynamics.near


def path(
    dynamics: Dynamics, means: Means, ends: Ends, generator: bool = True
) -> tuple[Float64[np.ndarray, "steps n 2"], Float64[np.ndarray, "steps n 4"]]:
    """Means and ends at the beginning and after every iteration."""
    passed = [(means, ends)]
    for _ in range(dynamics.iterations):
        passed.append(advanced(dynamics, *passed[-1], generator))
    return np.stack([one for one, _ in passed]), np.stack([one for _, one in passed])


def starts(given: Starts, seed: int, first: int, count: int) -> tuple[Means, Ends]:
    """Trajectories `first … first+count-1`, cell by cell; each follows from its number alone."""
    numbers = np.arange(first, first + count)
    cells = (numbers // given.draws) % given.grid**2  # those beyond the last begin anew
    values = np.linspace(*given.means, given.grid)
    means = np.column_stack([values[cells // given.grid], values[cells % given.grid]])
    low, high = given.intervals
    drawn = low + (high - low) * uniforms(seed, "intervals", first, count, 4)
    return means, np.sort(drawn, axis=1)
