"""What metrics are computed from: features and class probabilities of images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float, Float32, Int64, Num

from ganray.errors import RefusedInput
from ganray.process.arithmetic import place

_SUM_TOLERANCE = 1e-3  # wide enough for float32 softmax over a thousand classes
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Embedding:
    """Features and class probabilities of n images, in the images' order, and what else is known.

    Attributes:
        labels: the class of each image, 0 … k−1, where it is known.
        shape: channels, height and width, where the features are the pixels of whole images, in
            this order and in [0, 1].
        training: those that the generated images were learnt from, beside real ones that were not
            shown to any GAN; where a metric asks for them.
    """

    features: Float32[np.ndarray, "n d"]
    probabilities: Float32[np.ndarray, "n k"]
    labels: Int64[np.ndarray, "n"] | None = None
    shape: tuple[int, int, int] | None = None
    training: Embedding | None = None
    _kept: dict[tuple[Callable[..., Any], str], Any] = field(
        default_factory=dict, repr=False, init=False
    )

    def __getitem__(self, rows: Any) -> Embedding:
        return replace(
            self,
            features=self.features[rows],
            probabilities=self.probabilities[rows],
            labels=None if self.labels is None else self.labels[rows],
        )

    @property
    def pictures(self) -> Float32[np.ndarray, "n c h w"]:
        """The images themselves, in [0, 1].

        Raises:
            RefusedInput: the features are no pixels.
        """
        if self.shape is None:
            raise RefusedInput("features are no pixels of whole images: use encoder every_pixel")
        return self.features.reshape(len(self.features), *self.shape)

    def of(self, rows: Sequence[Sequence[int]]) -> Embedding:
        """The rows of some spans, each its first row and the one after its last; all for none."""
        return join([self[slice(*span)] for span in rows]) if rows else self

    def among(self, classes: Sequence[int]) -> Embedding:
        """The same with probabilities among some classes alone, as if there were no others.

        A softmax divided by its own sum over some classes is the softmax over these classes. An
        image to which none of them has any probability gets equal ones.

        Args:
            classes: in the order of the new probabilities; none: all, as they are.
        """
        if not classes:
            return self
        chosen = self.probabilities[:, list(classes)].astype(np.float64)
        total = chosen.sum(axis=1, keepdims=True)
        even = np.full_like(chosen, 1 / len(classes))
        known = np.divide(chosen, total, out=even, where=total > 0)
        return replace(self, probabilities=known.astype(np.float32))

    @property
    def count(self) -> int:
        """The number of images."""
        return len(self.features)

    def once(self, statistic: Callable[[Embedding], T]) -> T:
        """A statistic of these features, computed when it is first asked for where it is."""
        key = statistic, place()
        if key not in self._kept:
            self._kept[key] = statistic(self)
        kept: T = self._kept[key]
        return kept


def join(parts: Sequence[Embedding]) -> Embedding:
    """The rows of all parts, one after another; labelled where all are."""
    labels = [part.labels for part in parts if part.labels is not None]
    return Embedding(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate(labels) if len(labels) == len(parts) else None,
        parts[0].shape,
        parts[0].training,
    )


def check_features(name: str, features: Num[np.ndarray, "n d"]) -> None:
    """Make sure that all numbers are finite.

    Raises:
        RefusedInput: naming the first row that holds another.
    """
    finite = np.isfinite(features).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise RefusedInput(f"{name}: row {row} holds a number that is not finite")


def check_probabilities(probabilities: Float[np.ndarray, "n k"]) -> None:
    """Make sure that each row is a probability vector.

    Raises:
        RefusedInput: naming the first row that is not, or if there are no rows.
    """
    if probabilities.size == 0:
        raise RefusedInput(f"probabilities is empty (shape {probabilities.shape})")
    sums = probabilities.sum(axis=1, dtype=np.float64)
    valid = (abs(sums - 1.0) <= _SUM_TOLERANCE) & (probabilities >= 0).all(axis=1)
    if not valid.all():
        row = int(np.argmin(valid))
        raise RefusedInput(
            f"probabilities: row {row} sums to {sums[row]:g} with minimum "
            f"{probabilities[row].min():g}; each row must be non-negative and sum to 1 "
            "(softmax, not logits)"
        )
