"""The two-Gaussian game by integrals and one trajectory at a time; nothing imports `ganray`."""

from __future__ import annotations

import itertools
import math

from scipy import integrate, optimize


def phi(x):
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def advantage(x, means, target):
    return (sum(phi(x - m) for m in target) - sum(phi(x - m) for m in means)) / 2


def value(ends, means, target):
    """1 + the integral of F over both intervals."""
    areas = [
        integrate.quad(advantage, *pair, args=(means, target), epsabs=1e-12)[0]
        for pair in (ends[:2], ends[2:])
    ]
    return 1 + sum(areas)


def zeros(means, target):
    """Where F changes its sign, on a fine grid."""
    xs = [i / 50 for i in range(-450, 451)]
    return [
        optimize.brentq(advantage, low, high, args=(means, target), xtol=1e-13)
        for low, high in itertools.pairwise(xs)
        if advantage(low, means, target) * advantage(high, means, target) < 0
    ]


def slope(function, place, values, width=1e-5):
    """∂function/∂values[place] by a central difference."""
    up, down = list(values), list(values)
    up[place] += width
    down[place] -= width
    return (function(up) - function(down)) / (2 * width)


def ordered(ends):
    """Crossing pairs moved to their midpoints, from the left, until none is left."""
    ends = list(ends)
    for _ in range(60):
        for i in range(3):
            if ends[i] > ends[i + 1]:
                ends[i] = ends[i + 1] = (ends[i] + ends[i + 1]) / 2
    return ends


def ascended(ends, means, target, rate):
    moved = [
        e + rate * s * advantage(e, means, target)
        for e, s in zip(ends, (-1, 1, -1, 1), strict=True)
    ]
    return ordered(moved)


def descent(means, ends):
    """∂L/∂μ."""
    return [sum(phi(r - m) - phi(left - m) for left, r in (ends[:2], ends[2:])) / 2 for m in means]


def simultaneous(means, ends, target, rate):
    pull = descent(means, ends)
    return [m - rate * g for m, g in zip(means, pull, strict=True)], ascended(
        ends, means, target, rate
    )


def unrolled_value(means, ends, target, rate, steps):
    """L after so many discriminator steps at these means."""
    for _ in range(steps):
        ends = ascended(ends, means, target, rate)
    return value(ends, means, target)
