"""Optimal transport by trying every pairing, and its slices by explicit sorting."""

from __future__ import annotations

import math
from itertools import permutations


def mind(x, y, directions):
    """3d times the mean squared difference of sorted projections, one number at a time."""
    squares = []
    for direction in directions:
        a, b = (
            sorted(math.fsum(u * v for u, v in zip(direction, row, strict=True)) for row in points)
            for points in (x.tolist(), y.tolist())
        )
        squares += [(p - q) ** 2 for p, q in zip(a, b, strict=True)]
    return 3 * x.shape[1] * math.fsum(squares) / len(squares)


def wasserstein(x, y, order):
    """The least mean cost over all pairings of equally many points, to the power 1/order."""
    costs = [[math.dist(a, b) ** order for b in y.tolist()] for a in x.tolist()]
    n = len(costs)
    least = min(
        math.fsum(costs[i][j] for i, j in enumerate(pairing)) for pairing in permutations(range(n))
    )
    return (least / n) ** (1 / order)


def wasserstein_on_a_line(x, y, order):
    """Equally many numbers are paired in sorted order."""
    pairs = zip(sorted(x), sorted(y), strict=True)
    return (math.fsum(abs(a - b) ** order for a, b in pairs) / len(x)) ** (1 / order)
