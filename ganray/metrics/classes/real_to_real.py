"""What a linear classifier of real images knows of other real ones; no metric, it stands beside."""

from __future__ import annotations

from dataclasses import dataclass

from ganray.metrics.classes.logistic_regression import fit
from ganray.metrics.features import Embedding
from ganray.randomness import permutation


@dataclass(frozen=True)
class RealToReal:
    """The accuracy of a classifier of one half of labelled images on the other half.

    The halves are those of a fixed permutation; as a statistic of the real images it is the same
    for all that is compared with them (`Embedding.once`).
    """

    penalty: float
    seed: int

    def __call__(self, real: Embedding) -> float:
        """The share of the second half that is classified rightly."""
        assert real.labels is not None
        order = permutation(self.seed, "real_to_real", 0, real.count)
        half, rest = real[order[: real.count // 2]], real[order[real.count // 2 :]]
        assert half.labels is not None
        assert rest.labels is not None
        classes = int(real.labels.max()) + 1
        classifier = fit(half.features, half.labels, classes, self.penalty)
        return classifier.accuracy(rest.features, rest.labels)
