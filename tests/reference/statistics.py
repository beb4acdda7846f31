"""Statistics of replicates by their definitions: sums one score at a time, laws by integrals."""

from __future__ import annotations

import itertools
import math

from scipy import integrate, stats


def mean(values):
    """Σ x / n."""
    return math.fsum(values) / len(values)


def variance(values):
    """Σ (x − mean)² / (n − 1)."""
    middle = mean(values)
    return math.fsum((x - middle) ** 2 for x in values) / (len(values) - 1)


def mean_squares(rows):
    """Between and within rows, of the one-way analysis of variance."""
    k, every = len(rows[0]), mean([x for row in rows for x in row])
    between = k * math.fsum((mean(row) - every) ** 2 for row in rows) / (len(rows) - 1)
    return between, mean([variance(row) for row in rows])


def noncentral_t(t, freedom, parameter):
    """P(T ≤ t) by integrating over the root of χ² / freedom."""

    def density(s):
        return stats.norm.cdf(t * s - parameter) * stats.chi.pdf(
            s * math.sqrt(freedom), freedom
        ) * math.sqrt(freedom)  # fmt: skip

    edges = [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 6]
    parts = [
        integrate.quad(density, low, high, epsabs=1e-13) for low, high in itertools.pairwise(edges)
    ]
    return math.fsum(part for part, _ in parts)


def power(difference, deviation, n, confidence):
    """How often |t| of two sides of n lies beyond the central law's end."""
    freedom = 2 * n - 2
    end = stats.t.ppf((1 + confidence) / 2, freedom)
    parameter = difference / (deviation * math.sqrt(2 / n))
    return 1 - noncentral_t(end, freedom, parameter) + noncentral_t(-end, freedom, parameter)


def hedges_g(a, b):
    """(mean a − mean b) / pooled deviation × Γ(f/2) / (√(f/2) Γ((f − 1)/2))."""
    f = len(a) + len(b) - 2
    pooled = math.sqrt(((len(a) - 1) * variance(a) + (len(b) - 1) * variance(b)) / f)
    unbiased = math.gamma(f / 2) / (math.sqrt(f / 2) * math.gamma((f - 1) / 2))
    return (mean(a) - mean(b)) / pooled * unbiased


def holm(p_values):
    """max over j ≤ i of min(1, (n − j + 1) p₍ⱼ₎), in the p-values' own order."""
    n = len(p_values)
    ranked = sorted(range(n), key=lambda i: p_values[i])
    found = [0.0] * n
    for place, i in enumerate(ranked):
        found[i] = max(min(1.0, (n - j) * p_values[ranked[j]]) for j in range(place + 1))
    return found
