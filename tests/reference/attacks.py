"""Attacks on a linear classifier with softmax, from their equations, in NumPy, image by image."""

from __future__ import annotations

import numpy as np


def gradient(weight, bias, image, label):
    """Of the cross-entropy by the image: Wᵀ(softmax(Wx + b) − e_y)."""
    logits = weight @ image + bias
    chances = np.exp(logits - logits.max())
    chances /= chances.sum()
    chances[label] -= 1
    return weight.T @ chances


def projected_gradient(weight, bias, image, label, epsilon, step, iterations):
    """Madry's attack without a random start."""
    changed = image.copy()
    for _ in range(iterations):
        changed = changed + step * np.sign(gradient(weight, bias, changed, label))
        changed = np.clip(np.clip(changed, image - epsilon, image + epsilon), 0, 1)
    return changed


def least_change(weight, bias, image):
    """(L₂ norm of the least change that moves a linear classifier of two classes, the image)."""
    normal, offset = weight[0] - weight[1], bias[0] - bias[1]
    distance = (normal @ image + offset) / np.linalg.norm(normal)
    return abs(distance), image - distance * normal / np.linalg.norm(normal)


def confusable(logits, labels):
    """The true logit less the greatest other one, row by row."""
    return np.array([
        row[label] - max(value for place, value in enumerate(row) if place != label)
        for row, label in zip(logits, labels, strict=True)
    ])  # fmt: skip
