"""Labels and their counts, image by image."""

from __future__ import annotations

from collections import Counter


def rows_of_each(labels, counts):
    """The rows of the first so many images of each class, class by class."""
    found = []
    for k, count in enumerate(counts):
        taken = 0
        for row, label in enumerate(labels):
            if label == k and taken < count:
                found.append(row)
                taken += 1
    return found


def likeliest(probabilities, classes):
    """For each image that of some classes which no earlier or other one is likelier than."""
    found = []
    for row in probabilities:
        best = classes[0]
        for k in classes[1:]:
            if row[k] > row[best]:
                best = k
        found.append(best)
    return found


def grade(guesses, truth, classes):
    """(share of right ones, the same of each class; None where there is no image of it)."""
    right, there = Counter(), Counter(truth)
    for guess, label in zip(guesses, truth, strict=True):
        right[label] += guess == label
    per_class = [right[k] / there[k] if there[k] else None for k in range(classes)]
    return sum(right.values()) / len(truth), per_class
