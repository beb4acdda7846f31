"""Distances within classes by loops over images, and a general matrix square root."""

from __future__ import annotations

import numpy as np

from tests.reference.metrics import frechet


def mean_and_covariance(rows, ddof):
    """Of a list of vectors, one outer product at a time."""
    mean = sum(rows) / len(rows)
    scatter = sum(np.outer(row - mean, row - mean) for row in rows)
    return mean, scatter / (len(rows) - ddof)


def terms_by_label(x, labels_x, y, labels_y, classes, ddof):
    """The Fréchet distance within each class."""
    found = []
    for k in classes:
        fitted = []
        for points, labels in ((x, labels_x), (y, labels_y)):
            own = [row for row, label in zip(points, labels, strict=True) if label == k]
            fitted += mean_and_covariance(own, ddof)
        found.append(frechet(*fitted))
    return found


def likeliest(probabilities):
    """The place of each row's largest number, the first of equals."""
    found = []
    for row in probabilities:
        best = 0
        for k, p in enumerate(row):
            if p > row[best]:
                best = k
        found.append(best)
    return found


def weighted_mean(terms, probabilities):
    """Σ_k w_k term_k with w_k the mean of column k."""
    n = len(probabilities)
    weights = [sum(float(row[k]) for row in probabilities) / n for k in range(len(terms))]
    return sum(w * term for w, term in zip(weights, terms, strict=True)) / sum(weights)
