"""Nearest real points and the tail of their distances, by loops over all pairs."""

from __future__ import annotations

import math


def nearest_distances(points, real):
    """Of each point from the nearest real one."""
    others = real.tolist()
    return [min(math.dist(row, other) for other in others) for row in points.tolist()]


def worst(distances, count):
    """The indices of the largest, the first of equals first."""
    return sorted(range(len(distances)), key=lambda i: (-distances[i], i))[:count]


def generalised_pareto(excesses):
    """(shape, scale) from the mean and the mean smaller one of two different excesses.

    E min(X, X′) = 2 E X (1 − F(X)), so that no ranks are needed.
    """
    n = len(excesses)
    a0 = math.fsum(excesses) / n
    smaller = [min(excesses[i], excesses[j]) for i in range(n) for j in range(i)]
    a1 = math.fsum(smaller) / len(smaller) / 2
    return 2 - a0 / (a0 - 2 * a1), 2 * a0 * a1 / (a0 - 2 * a1)
