"""Distances and counts of kinds under kernels by loops over all pairs; nothing imports `ganray`."""

from __future__ import annotations

import math

import numpy as np


def dot(x, y):
    return math.fsum(float(a) * float(b) for a, b in zip(x, y, strict=True))


def cubic(x, y):
    return (dot(x, y) / len(x) + 1) ** 3


def cosine(x, y):
    return dot(x, y) / math.sqrt(dot(x, x) * dot(y, y))


def gaussian(sigma):
    def kernel(x, y):
        squared = math.fsum((float(a) - float(b)) ** 2 for a, b in zip(x, y, strict=True))
        return math.exp(-squared / (2 * sigma**2))

    return kernel


def mmd(kernel, x, y, biased):
    """Gretton et al., equations 3 and 5, as sums over all pairs."""

    def within(rows):
        chosen = [
            kernel(a, b) for i, a in enumerate(rows) for j, b in enumerate(rows) if biased or i != j
        ]
        return math.fsum(chosen) / len(chosen)

    between = math.fsum(kernel(a, b) for a in x for b in y) / (len(x) * len(y))
    return within(x) + within(y) - 2 * between


def matrix(kernel, x, y):
    return np.array([[kernel(a, b) for b in y] for a in x])


def vendi(kernel, x, kept, order=1):
    """exp of the entropy of the largest eigenvalues of K/n and what the others sum to."""
    values = sorted(np.linalg.eigvalsh(matrix(kernel, x, x) / len(x)), reverse=True)
    largest = values[:kept]
    lost = 1 - math.fsum(largest)
    largest = [v + lost / len(largest) for v in largest]
    if order == 1:
        return math.exp(-math.fsum(v * math.log(v) for v in largest if v > 1e-15))
    return math.fsum(max(v, 0) ** order for v in largest) ** (1 / (1 - order))


def rke(kernel, x):
    return len(x) ** 2 / math.fsum(kernel(a, b) ** 2 for a in x for b in x)


def signed(kernel, generated, real, eta):
    """The published matrix of KEN, which is not symmetric."""
    m, n = len(generated), len(real)
    cross = matrix(kernel, generated, real) * math.sqrt(eta / (m * n))
    upper = np.hstack([matrix(kernel, generated, generated) / m, cross])
    lower = np.hstack([-cross.T, -matrix(kernel, real, real) * eta / n])
    return np.vstack([upper, lower])


def novel(kernel, generated, real, eta):
    """Its positive eigenvalues, descending, and their eigenvectors' entries of generated images."""
    values, vectors = np.linalg.eig(signed(kernel, generated, real, eta))
    order = [i for i in np.argsort(-values.real) if values[i].real > 1e-12]
    return values.real[order], vectors.real[: len(generated), order]


def ken(kernel, generated, real, eta):
    values = novel(kernel, generated, real, eta)[0]
    total = math.fsum(values)
    return total * -math.fsum(v / total * math.log(v / total) for v in values)
