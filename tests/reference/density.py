"""Densities around generated images as their papers write them: explicit loops over all pairs."""

from __future__ import annotations

import math

import numpy as np


def distance(a, b, kind):
    """D of two vectors, one coordinate at a time."""
    if kind == "cosine":
        dot = math.fsum(x * y for x, y in zip(a, b, strict=True))
        return 1 - dot / math.sqrt(math.fsum(x * x for x in a) * math.fsum(y * y for y in b))
    squared = math.fsum((x - y) ** 2 for x, y in zip(a, b, strict=True))
    return squared if kind == "squared_euclidean" else math.sqrt(squared)


def log_mean(exponents):
    """log of the mean of exp of each, without overflow."""
    most = max(exponents)
    return most + math.log(math.fsum(math.exp(e - most) for e in exponents) / len(exponents))


def ddm(real, generated, kind):
    """Equation 3.4: −(1/|T|) Σ_t log[(1/|G|) Σ_g e^{−D(t, g)}]."""
    terms = [log_mean([-distance(t, g, kind) for g in generated.tolist()]) for t in real.tolist()]
    return -math.fsum(terms) / len(terms)


def ddm_relative(training, real, generated, kind):
    """Equation 3.5: Σ_r (1/|R|) log(Σ_t e^{−D(r, t)}/|T| ÷ Σ_g e^{−D(r, g)}/|G|)."""
    total = []
    for r in training.tolist():
        around_real = log_mean([-distance(r, t, kind) for t in real.tolist()])
        around_generated = log_mean([-distance(r, g, kind) for g in generated.tolist()])
        total.append(around_real - around_generated)
    return math.fsum(total) / len(total)


def parzen(points, centres, sigma):
    """Mean over points of log (1/m) Σ_c N(x; c, σ²I)."""
    d = points.shape[1]
    norm = d * math.log(sigma * math.sqrt(2 * math.pi))
    terms = [
        log_mean([-distance(x, c, "squared_euclidean") / (2 * sigma**2) for c in centres.tolist()])
        - norm
        for x in points.tolist()
    ]
    return math.fsum(terms) / len(terms)


def principal_coordinates(real, other, share):
    """`other` on the fewest principal axes of `real` that have so much of its variance."""
    mean = real.mean(axis=0)
    _, singular, axes = np.linalg.svd(real - mean, full_matrices=False)
    variances, total, kept = singular**2, 0.0, 0
    while total < share * variances.sum():
        total += variances[kept]
        kept += 1
    return (other - mean) @ axes[:kept].T


def linear_decoder_log_likelihood(images, matrix, offset, sigma):
    """log N(x; b, WWᵀ + σ²I) of each row: x = Wz + b + σε with standard normal z and ε."""
    covariance = matrix @ matrix.T + sigma**2 * np.eye(len(matrix))
    found = []
    for x in images:
        shift = x - offset
        quadratic = shift @ np.linalg.solve(covariance, shift)
        _, determinant = np.linalg.slogdet(2 * math.pi * covariance)
        found.append(-0.5 * (quadratic + determinant))
    return np.array(found)
