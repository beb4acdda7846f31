"""Metrics of neighbours by loops over all pairs in exact fractions where it matters.

Nothing here imports `ganray`.
"""

from __future__ import annotations

import math
from fractions import Fraction


def squared(a, b):
    """|a − b|² without any rounding: floats are fractions."""
    return sum((Fraction(float(x)) - Fraction(float(y))) ** 2 for x, y in zip(a, b, strict=True))


def neighbours(points, k):
    """Of each point [(distance squared, number)] of its k nearest others, the first of equals."""
    return [
        sorted((squared(p, q), j) for j, q in enumerate(points) if j != i)[:k]
        for i, p in enumerate(points)
    ]


def radii(points, k):
    return [found[-1][0] for found in neighbours(points, k)]


def within(points, centres, radii_, closed):
    """A table: is point i in ball j?"""
    return [
        [
            squared(p, c) <= r if closed else squared(p, c) < r
            for c, r in zip(centres, radii_, strict=True)
        ]
        for p in points
    ]


def precision(real, generated, k, closed=False):
    table = within(generated, real, radii(real, k), closed)
    return sum(any(row) for row in table) / len(generated)


def recall(real, generated, k, closed=False):
    return precision(generated, real, k, closed)


def density(real, generated, k):
    table = within(generated, real, radii(real, k), closed=False)
    return sum(map(sum, table)) / (k * len(generated))


def coverage(real, generated, k):
    table = within(generated, real, radii(real, k), closed=False)
    return sum(any(column) for column in zip(*table, strict=True)) / len(real)


def realism(real, generated, k):
    """Of each generated point the largest radius over distance, among balls to the median."""
    sizes = [math.sqrt(r) for r in radii(real, k)]
    middle = median(sizes)
    return [
        max(
            math.inf if squared(g, c) == 0 else r / math.sqrt(squared(g, c))
            for c, r in zip(real, sizes, strict=True)
            if 0 < r <= middle
        )
        for g in generated
    ]


def median(values):
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def clipped_density(real, generated, k):
    found = neighbours(real, k)
    middle = median([math.sqrt(one[-1][0]) for one in found])
    sizes = [
        one[-1][0] if math.sqrt(one[-1][0]) <= middle else Fraction(middle) ** 2 for one in found
    ]
    table = within(generated, real, sizes, closed=True)
    fake = sum(min(1.0, sum(row) / k) for row in table) / len(generated)
    times = [0] * len(real)
    for one, size in zip(found, sizes, strict=True):
        for distance, j in one:
            times[j] += distance <= size
    return min(1.0, fake / (sum(min(1.0, t / k) for t in times) / len(real)))


def expected_coverage(n, i, k):
    """E[min(j, k)] / k, with j beta-binomial of i trials with k and n − k."""

    def beta(a, b):
        return Fraction(math.factorial(a - 1) * math.factorial(b - 1), math.factorial(a + b - 1))

    chances = [math.comb(i, j) * beta(j + k, i - j + n - k) / beta(k, n - k) for j in range(i + 1)]
    assert sum(chances) == 1
    return sum(min(j, k) * p for j, p in enumerate(chances)) / k


def clipped_coverage(real, generated, k):
    table = within(generated, real, radii(real, k), closed=False)
    counts = [sum(column) for column in zip(*table, strict=True)]
    raw = Fraction(sum(min(c, k) for c in counts), k * len(real))
    n, m = len(real), len(generated)
    reached = [0] * k + [expected_coverage(n, i, k) for i in range(k, m + 1)]
    return next((i for i, value in enumerate(reached) if value >= raw), m + 1) / (m + 1)
