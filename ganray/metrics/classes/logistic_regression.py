"""Multinomial logistic regression on features: the linear classifier of several metrics.

No metric itself. Features are centred and divided by their root mean square deviation over all
coordinates, those of the training images; coordinates are not scaled one by one, as a pixel that is
hardly ever lit would then outweigh all others where it is. The mean cross-entropy plus half the
penalty times the squared weights is minimised by L-BFGS (SciPy's), from zero; with a penalty there
is one minimum, which no seed has a part in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64

from ganray.errors import RefusedInput
from ganray.metrics.features import check_features

PENALTY = 1e-2
"""Unless a setting says otherwise; of 10⁻⁴ … 10⁻¹ the best for pixels of 5,000 MNIST images."""

_STEPS, _FLAT = 500, 1e-7  # of L-BFGS at most, and the gradient's largest entry at the minimum
_BLOCK = 4096  # rows classified at once


@dataclass(frozen=True, eq=False)
class LinearClassifier:
    """A linear map of centred and scaled features to logits."""

    mean: Float64[np.ndarray, "d"]
    scale: float
    weights: Float64[np.ndarray, "d k"]
    biases: Float64[np.ndarray, "k"]

    def classify(self, features: Float[np.ndarray, "n d"]) -> Int64[np.ndarray, "n"]:
        """The likeliest class of each row, the first of equals.

        Raises:
            RefusedInput: features are of other dimensions.
        """
        if features.shape[1] != len(self.mean):
            raise RefusedInput(
                f"features of {features.shape[1]} dimensions; the classifier knows {len(self.mean)}"
            )
        parts = [logits.argmax(axis=1) for logits in self._logits(features)]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def accuracy(self, features: Float[np.ndarray, "n d"], labels: Int64[np.ndarray, "n"]) -> float:
        """The share of rows whose likeliest class is their label."""
        return float((self.classify(features) == labels).mean())

    def _logits(self, features: Float[np.ndarray, "n d"]) -> Iterator[Float64[np.ndarray, "b k"]]:
        for start in range(0, len(features), _BLOCK):
            rows = (features[start : start + _BLOCK] - self.mean) * self.scale
            yield rows @ self.weights + self.biases


def fit(
    features: Float[np.ndarray, "n d"],
    labels: Int64[np.ndarray, "m"],
    classes: int,
    penalty: float = PENALTY,
) -> LinearClassifier:
    """The classifier of the lowest penalised cross-entropy (or after 500 steps).

    Beside the features there is one copy of them in float64.

    Args:
        penalty: of half the squared weights, against a cross-entropy that is a mean.

    Raises:
        RefusedInput: no rows, a label that is no class, or numbers that are not finite.
    """
    from scipy.optimize import minimize

    _check(features, labels, classes, penalty)
    mean = features.mean(axis=0, dtype=np.float64)
    rows = features - mean
    deviation = (float(np.vdot(rows, rows)) / rows.size) ** 0.5
    # Of equal rows rounding leaves some 1e-17 of their mean.
    scale = 1 / deviation if deviation > 1e-12 * abs(mean).max() else 0.0
    rows *= scale
    loss = _Loss(rows, labels, classes, penalty)
    start = np.zeros((rows.shape[1] + 1) * classes)
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _STEPS, "maxfun": 4 * _STEPS, "maxcor": 20, "gtol": _FLAT, "ftol": 0.0},
    )
    table = found.x.reshape(-1, classes)
    return LinearClassifier(mean, scale, table[:-1], table[-1])


@dataclass(frozen=True, eq=False)
class _Loss:
    """The loss and its gradient at weights that are followed by biases."""

    rows: Float64[np.ndarray, "n d"]
    labels: Int64[np.ndarray, "n"]
    classes: int
    penalty: float

    def __call__(self, flat: Float64[np.ndarray, "p"]) -> tuple[float, Float64[np.ndarray, "p"]]:
        table = flat.reshape(-1, self.classes)
        logits = self.rows @ table[:-1] + table[-1]
        logits -= logits.max(axis=1, keepdims=True)
        own = np.arange(len(logits)), self.labels
        true = logits[own]
        posteriors = np.exp(logits, out=logits)
        total = posteriors.sum(axis=1, keepdims=True)
        entropy = float((np.log(total[:, 0]) - true).mean())
        posteriors /= total
        posteriors[own] -= 1
        posteriors /= len(logits)
        slope = self.rows.T @ posteriors + self.penalty * table[:-1]
        value = entropy + 0.5 * self.penalty * float(np.square(table[:-1]).sum())
        return value, np.concatenate([slope, posteriors.sum(axis=0)[None]]).ravel()


def _check(
    features: Float[np.ndarray, "n d"],
    labels: Int64[np.ndarray, "m"],
    classes: int,
    penalty: float,
) -> None:
    if len(features) == 0 or len(features) != len(labels):
        raise RefusedInput(
            f"features has {len(features)} rows and labels {len(labels)}: "
            "there must be as many of both, and at least 1"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise RefusedInput(
            f"labels must be from 0 to {classes - 1}; "
            f"they are from {labels.min()} to {labels.max()}"
        )
    check_features("features", features)
    if not 0 < penalty < np.inf:
        raise RefusedInput(f"penalty (={penalty!r}) must be finite and above 0")
