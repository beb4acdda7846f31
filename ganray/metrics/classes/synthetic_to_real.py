"""Train on synthetic, test on real (TSTR), with a linear classifier on features.

Esteban et al., "Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs",
arXiv 1706.02633, where the names come from; the linear classifier and its penalty are a choice of
our own. The synthetic set copies the real label counts.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Int64
from pydantic import Field

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.classes.logistic_regression import PENALTY, fit
from ganray.metrics.classes.real_to_real import RealToReal
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value
from ganray.randomness import permutation
from ganray.text.wording import short_list


class SyntheticToReal(Metric):
    """Accuracy on real images of a linear classifier that learnt from generated ones, 0 to 1.

    Of as many generated images of each class as there are real ones, or the same share of all
    classes where there are fewer. It falls where a class is missing, mixed with another or without
    variety; it does not see what a linear classifier on these features does not need. Beside it the
    accuracy of one that learnt from half the real images, on the other half.
    """

    title = "synthetic-to-real accuracy"
    meaning = "accuracy on real images of a linear classifier trained on generated ones (TSTR)"
    better = "higher"
    needs = frozenset({"features"})
    asks = frozenset({"real labels", "generated labels"})

    name: Literal["synthetic_to_real"] = Field("synthetic_to_real", description="the metric")
    penalty: float = Field(
        PENALTY, gt=0, description="of half the squared weights, of scaled features"
    )
    seed: int = Field(0, ge=0, description="of the permutations that choose images")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The accuracy over all real images."""
        real_labels, labels = both_labels(real, generated)
        chosen = with_counts_of(real_labels, labels, self.seed)
        classes = int(real_labels.max()) + 1
        classifier = fit(generated.features[chosen], labels[chosen], classes, self.penalty)
        value = classifier.accuracy(real.features, real_labels)
        beside = real.once(RealToReal(self.penalty, self.seed))
        details = {"real to real": beside, "generated images": float(len(chosen))}
        return Value(value, details=details)

    def flops(self, count: int, dimensions: int, classes: int) -> float:
        """Two fits of a hundred steps of some size."""
        return 2 * 100 * 4.0 * count * dimensions * max(2, classes)


def both_labels(
    real: Embedding, generated: Embedding
) -> tuple[Int64[np.ndarray, "n"], Int64[np.ndarray, "m"]]:
    """The labels of both.

    Raises:
        RefusedInput: they are not known.
        UndefinedScore: all real images are of one class.
    """
    for name, one in (("real", real), ("generated", generated)):
        if one.labels is None:
            raise RefusedInput(f"{name} labels are not known: {name}.labels is None")
    assert real.labels is not None
    assert generated.labels is not None
    if (real.labels == real.labels[0]).all():
        raise UndefinedScore(
            f"all real images are of class {real.labels[0]}: there is nothing to tell apart"
        )
    return real.labels, generated.labels


def with_counts_of(
    real: Int64[np.ndarray, "n"], generated: Int64[np.ndarray, "m"], seed: int = 0
) -> Int64[np.ndarray, "p"]:
    """Rows of generated images whose classes are as frequent as the real ones'.

    Of each class as many as there are real ones; where a class has fewer, the same share of every
    class, rounded down, and 1 at least. Which ones, a fixed permutation decides; they are in their
    order. Generated images of a class that no real one has are left out.

    Raises:
        UndefinedScore: a real class has no generated image.
    """
    classes, counts = np.unique(real, return_counts=True)
    order = permutation(seed, "label_counts", 0, len(generated))
    rows = [order[generated[order] == k] for k in classes]
    missing = [int(k) for k, one in zip(classes, rows, strict=True) if not len(one)]
    if missing:
        raise UndefinedScore(
            f"no generated image is of class {short_list(missing)} (counted from 0)"
        )
    # In whole numbers: a share as a float could round one image away.
    have, want = min(
        ((len(one), int(count)) for one, count in zip(rows, counts, strict=True)),
        key=lambda pair: pair[0] / pair[1],
    )
    have = min(have, want)
    taken = [max(1, int(count) * have // want) for count in counts]
    return np.sort(np.concatenate([one[:n] for one, n in zip(rows, taken, strict=True)]))
