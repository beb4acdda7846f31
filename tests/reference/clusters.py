"""Clusterings by their definitions, pair by pair and point by point; nothing imports `ganray`."""

from __future__ import annotations

import math
from itertools import combinations


def adjusted_rand(clusters, classes):
    """Hubert and Arabie: (pairs together in both − expected) / (mean of pairs together − expected),
    by looking at every pair."""
    pairs = list(combinations(range(len(classes)), 2))
    here = [clusters[i] == clusters[j] for i, j in pairs]
    there = [classes[i] == classes[j] for i, j in pairs]
    both = sum(a and b for a, b in zip(here, there, strict=True))
    expected = sum(here) * sum(there) / len(pairs)
    return (both - expected) / ((sum(here) + sum(there)) / 2 - expected)


def inertia(points, assignment):
    """Σ of squared distances to the means of the points' clusters."""
    total = 0.0
    for cluster in set(assignment):
        own = [p for p, a in zip(points, assignment, strict=True) if a == cluster]
        mean = [math.fsum(column) / len(own) for column in zip(*own, strict=True)]
        total += math.fsum((x - m) ** 2 for p in own for x, m in zip(p, mean, strict=True))
    return total
