"""What every metric says of itself, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from ganray.metrics.features import Embedding
from ganray.spec import Spec

Need = Literal["features", "posteriors", "class posteriors", "pixels"]
"""What an encoder gives: features; probabilities of whatever classes it knows; probabilities of the
data set's own classes; features that are the pixels themselves (`Embedding.pictures`)."""
Known = Literal["training images", "real labels", "generated labels"]
"""What may be known of the images beside what an encoder makes of them: `Embedding.training` of
the real ones, and `Embedding.labels`."""


@dataclass(frozen=True)
class Value:
    """A metric's answer.

    Attributes:
        per_class: the terms that the value is the mean of, where there is one for each class.
        standard_deviation: over parts of the images.
        details: further numbers that belong to it, by names that a table can show.
        curve: the value on fewer generated images, by their number.
    """

    value: float
    per_class: list[float] | None = None
    standard_deviation: float | None = None
    details: dict[str, float] = field(default_factory=dict)
    curve: dict[int, float] = field(default_factory=dict)


class Metric(Spec):
    """How well generated images fit real ones: a member of the open list `ganray.metrics.METRICS`.

    A metric is a file with its spec, which may have settings of its own, and its pure functions of
    features; it knows of no generator, no encoder and no store.
    """

    title: ClassVar[str]
    """What people call it within a sentence."""
    known_as: ClassVar[Mapping[str, str]] = {}
    """What it is called on some encoders, where the field has a name for it."""
    meaning: ClassVar[str]
    """What it is, in a line."""
    better: ClassVar[Literal["lower", "higher"]]
    """The direction in which it improves."""
    needs: ClassVar[frozenset[Need]]
    """What it is computed from: an encoder that does not give it is none for this metric."""

    asks: ClassVar[frozenset[Known]] = frozenset()
    """What must be known beside: without it the metric cannot be measured."""
    takes: ClassVar[frozenset[Known]] = frozenset()
    """What it makes use of where it is known, and is another measure without."""

    fits_covariances: ClassVar[bool] = False
    """Whether it fits covariances of all features, which are singular, and the value biased, where
    there are no more images than dimensions."""
    multiplies: ClassVar[bool] = False
    """Whether most of its work are products of many features, which it leaves to
    `process.arithmetic`, and so to a GPU that is lent."""
    usual: ClassVar[bool] = False
    """Whether it is measured where a study names no metric."""

    name: str

    @property
    def least(self) -> int:
        """On how few images it can be computed."""
        return 2

    @property
    def least_real(self) -> int:
        """Against how few real images it can be computed."""
        return 2

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The metric of generated images against real ones.

        Whatever it needs of `real` alone comes from `real.once`, as many are compared with it.

        Raises:
            UndefinedScore: it has no finite value on these.
        """
        raise NotImplementedError

    def __call__(
        self,
        real: Embedding | Float[np.ndarray, "n ..."],
        generated: Embedding | Float[np.ndarray, "m ..."],
    ) -> Value:
        """The metric of plain arrays: features or, of a metric that needs no features, posteriors,
        a row for each image; of one that needs pixels, images of shape (n, channels, height, width)
        in [0, 1].

        Raises:
            UndefinedScore: as `compute` does.
        """
        return self.compute(self._embedding(real), self._embedding(generated))

    def _embedding(self, given: Embedding | Float[np.ndarray, "n ..."]) -> Embedding:
        if isinstance(given, Embedding):
            return given
        rows = np.asarray(given, np.float32)
        none = np.empty((len(rows), 0), np.float32)
        if "pixels" in self.needs:
            channels, height, width = rows.shape[1:]
            return Embedding(rows.reshape(len(rows), -1), none, shape=(channels, height, width))
        return Embedding(rows, none) if "features" in self.needs else Embedding(none, rows)

    def flops(self, count: int, dimensions: int, classes: int) -> float:  # noqa: ARG002
        """Its operations on so many images, by their leading terms; 0 where that is next to none.

        Args:
            dimensions: of the features.
            classes: that probabilities are of.
        """
        return 0.0

    def memory(self, count: int, dimensions: int, classes: int) -> int:  # noqa: ARG002
        """Bytes that it holds at once beside the features of both sets, blocks of their pairs and
        the covariances of one distance; 0 where that is next to none.

        Args:
            dimensions: of the features.
            classes: that probabilities are of.
        """
        return 0
