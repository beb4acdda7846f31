"""Losses of GANs by their papers' formulas, one number after another; nothing imports `ganray`."""

from __future__ import annotations

import math


def mean(terms):
    terms = list(terms)
    return math.fsum(terms) / len(terms)


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


def log_likelihoods(real, fake):
    """The first GAN, algorithm 1: what the discriminator ascends, with D = σ(value)."""
    return mean(math.log(sigmoid(v)) for v in real) + mean(math.log(1 - sigmoid(v)) for v in fake)


def smoothed(values, targets):
    """Cross-entropy of σ(value) against each target."""
    return -mean(
        t * math.log(sigmoid(v)) + (1 - t) * math.log(1 - sigmoid(v))
        for v, t in zip(values, targets, strict=True)
    )


def least_squares(values, targets):
    return mean((v - t) ** 2 for v, t in zip(values, targets, strict=True)) / 2


def hinge(real, fake):
    return mean(max(0.0, 1 - v) for v in real) + mean(max(0.0, 1 + v) for v in fake)


def wasserstein(real, fake):
    """What the critic descends."""
    return mean(fake) - mean(real)


def relativistic(better, worse):
    """E f(D(better) − D(worse)) with f(t) = −log(1 + exp(−t)), negated."""
    return mean(math.log(1 + math.exp(-(b - w))) for b, w in zip(better, worse, strict=True))


GENERATORS = {
    "total_variation": lambda u: abs(u - 1) / 2,
    "kl": lambda u: u * math.log(u),
    "reverse_kl": lambda u: -math.log(u),
    "pearson": lambda u: (u - 1) ** 2,
    "neyman": lambda u: (1 - u) ** 2 / u,
    "hellinger": lambda u: (math.sqrt(u) - 1) ** 2,
    "jensen_shannon": lambda u: -(u + 1) * math.log((1 + u) / 2) + u * math.log(u),
    "gan": lambda u: u * math.log(u) - (u + 1) * math.log(u + 1),
}
"""f of each divergence (f-GAN, table 5)."""


def divergence(name, p, q):
    """Σ q f(p/q) of two laws on a few points."""
    return math.fsum(b * GENERATORS[name](a / b) for a, b in zip(p, q, strict=True))


def fenchel(name, t):
    """f*(t) = sup over u > 0 of u·t − f(u), by a search of its concave argument on log u."""
    f, low, high = GENERATORS[name], -40.0, 40.0
    for _ in range(300):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        gain_left, gain_right = (math.exp(s) * t - f(math.exp(s)) for s in (left, right))
        if gain_left < gain_right:
            low = left
        else:
            high = right
    return math.exp(low) * t - f(math.exp(low))


class Quadratic:
    """D(x) = w·x + ½ Σ a x²: a critic whose gradient, w + a·x, is known."""

    def __init__(self, w, a):
        self.w, self.a = w, a

    def gradient(self, x):
        return [w + a * v for w, a, v in zip(self.w, self.a, x, strict=True)]

    def norm(self, x):
        return math.sqrt(math.fsum(g * g for g in self.gradient(x)))


def misread(logits, classes):
    """−E log softmax(logits)[class], a row at a time."""
    return -mean(
        row[wanted] - math.log(math.fsum(math.exp(one) for one in row))
        for row, wanted in zip(logits, classes, strict=True)
    )


def divergence_from_standard(means, deviations):
    """KL of independent normal laws from N(0, 1), summed over the coordinates of one vector."""
    return math.fsum(
        -math.log(s) + (s * s + m * m) / 2 - 0.5 for m, s in zip(means, deviations, strict=True)
    )


def normal_log_density(x, mean_, sigma):
    return -((x - mean_) ** 2) / (2 * sigma**2) - math.log(sigma * math.sqrt(2 * math.pi))
