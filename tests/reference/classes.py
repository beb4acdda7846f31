"""What classifiers say of classes, as papers write it: explicit loops, Newton, bisection."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np


def softmax_regression(features, labels, classes, penalty, steps=60):
    """Weights of centred features in units of their deviation, then biases, by Newton's method.

    Of the biases, which a common constant does not change, the sum is held at 0.
    """
    x = scaled(features, features)
    n, d = x.shape
    rows = np.concatenate([x, np.ones((n, 1))], axis=1)
    held = np.diag(np.repeat([penalty] * d + [0.0], classes))
    level = np.zeros(((d + 1) * classes,) * 2)
    level[-classes:, -classes:] = 1.0  # the direction along which nothing changes
    w = np.zeros((d + 1, classes))
    for _ in range(steps):
        slope, curvature = np.zeros((d + 1, classes)), held + level
        for row, label in zip(rows, labels, strict=True):
            logits = row @ w
            p = np.exp(logits - logits.max())
            p /= p.sum()
            slope += np.outer(row, p - np.eye(classes)[label]) / n
            curvature += np.kron(np.outer(row, row), np.diag(p) - np.outer(p, p)) / n
        slope[:d] += penalty * w[:d]
        w = w - np.linalg.solve(curvature, slope.ravel()).reshape(d + 1, classes)
    return w


def classify(w, train, features):
    """The likeliest class of each row, in the units of the training rows."""
    return [int(np.argmax(row @ w[:-1] + w[-1])) for row in scaled(features, train)]


def scaled(features, train):
    """Less the training mean, over the root mean square deviation of all coordinates."""
    spread = math.sqrt(np.mean([np.mean(column**2) for column in (train - train.mean(axis=0)).T]))
    return (features - train.mean(axis=0)) / spread


def chance_of_as_many(right, tests):
    """P(X ≥ right) of so many fair coins, in whole numbers."""
    return float(Fraction(sum(math.comb(tests, k) for k in range(right, tests + 1)), 2**tests))


def shares(probabilities):
    """The share of images whose largest posterior is that of each class."""
    counts = [0] * probabilities.shape[1]
    for row in probabilities:
        counts[max(range(len(row)), key=lambda k: (row[k], -k))] += 1
    return [count / len(probabilities) for count in counts]


def divergence(p, q):
    """Σ p ln(p / q), in nats."""
    return math.fsum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def interval_of_share(count, n, quantile):
    """Where (p̂ − p)² = A p (1 − p) / n, on either side of p̂, by bisection."""
    share = count / n

    def beyond(p):
        return (share - p) ** 2 > quantile * p * (1 - p) / n

    ends = []
    for outer in (0.0, 1.0):
        inner = share
        for _ in range(200):
            middle = (inner + outer) / 2
            inner, outer = (inner, middle) if beyond(middle) else (middle, outer)
        ends.append(inner)
    return ends
