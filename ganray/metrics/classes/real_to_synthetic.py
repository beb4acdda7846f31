"""Train on real, test on synthetic (TRTS), with a linear classifier on features.

Esteban et al., "Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs",
arXiv 1706.02633; as `synthetic_to_real` the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from ganray.metrics.classes.logistic_regression import PENALTY, LinearClassifier, fit
from ganray.metrics.classes.real_to_real import RealToReal
from ganray.metrics.classes.synthetic_to_real import both_labels, with_counts_of
from ganray.metrics.features import Embedding
from ganray.metrics.metric import Metric, Value


class RealToSynthetic(Metric):
    """Accuracy on generated images of a linear classifier that learnt from real ones, 0 to 1.

    Of generated images whose classes are as frequent as the real ones'. It falls where an image is
    not of the class that it was made for. It does not see lost variety: one perfect image a class,
    repeated, gives 1; what is easier than real images gives more than real ones do, which stands
    beside it.
    """

    title = "real-to-synthetic accuracy"
    meaning = "accuracy on generated images of a linear classifier trained on real ones (TRTS)"
    better = "higher"
    needs = frozenset({"features"})
    asks = frozenset({"real labels", "generated labels"})

    name: Literal["real_to_synthetic"] = Field("real_to_synthetic", description="the metric")
    penalty: float = Field(
        PENALTY, gt=0, description="of half the squared weights, of scaled features"
    )
    seed: int = Field(0, ge=0, description="of the permutations that choose images")

    def compute(self, real: Embedding, generated: Embedding) -> Value:
        """The accuracy over generated images with the real label counts."""
        real_labels, labels = both_labels(real, generated)
        chosen = with_counts_of(real_labels, labels, self.seed)
        classifier = real.once(_Learnt(self.penalty))
        value = classifier.accuracy(generated.features[chosen], labels[chosen])
        beside = real.once(RealToReal(self.penalty, self.seed))
        details = {"real to real": beside, "generated images": float(len(chosen))}
        return Value(value, details=details)

    def flops(self, count: int, dimensions: int, classes: int) -> float:
        """Two fits of a hundred steps of some size."""
        return 2 * 100 * 4.0 * count * dimensions * max(2, classes)


@dataclass(frozen=True)
class _Learnt:
    """The classifier of all real images."""

    penalty: float

    def __call__(self, real: Embedding) -> LinearClassifier:
        assert real.labels is not None
        return fit(real.features, real.labels, int(real.labels.max()) + 1, self.penalty)
