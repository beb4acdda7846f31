"""A score carries its protocol; scores with different protocols refuse to be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics.intervals import Comparison, welch
from ganray.spec import Spec, content_hash, unknown_name

METRICS: dict[str, str] = {
    "cafd": "class-aware Fréchet distance on a classifier of the data set's own classes",
    "class_divergence": "KL(real ‖ generated) of the mean posteriors, in nats, same classifier",
    "frechet_distance": "Fréchet distance, same classifier",
    "inception_score": "Inception Score, same classifier",
    "fid": "Fréchet Inception distance with the published Inception v3 weights",
    "inception_score_imagenet": "Inception Score with the published Inception v3 weights",
    "frechet_efficientnet_lite0": "Fréchet distance on EfficientNet-Lite0 (not comparable to FID)",
    "score_efficientnet_lite0": "Inception Score's formula on EfficientNet-Lite0 (not an IS)",
}

_HIGHER_IS_BETTER = {"inception_score", "inception_score_imagenet", "score_efficientnet_lite0"}


def better(metric: str) -> Literal["lower", "higher"]:
    """The direction in which a metric improves.

    Raises:
        RefusedInput: for a metric that is not in `METRICS`, with the nearest name.
    """
    return "higher" if known(metric) in _HIGHER_IS_BETTER else "lower"


def known(metric: str) -> str:
    """The metric's name itself, if it is one of `METRICS`.

    Raises:
        RefusedInput: for a metric that is not in `METRICS`, with the nearest name.
    """
    if metric not in METRICS:
        raise RefusedInput(f"metric: {unknown_name(metric, list(METRICS))}")
    return metric


_METRICS = {
    "cafd": "CAFD",
    "fid": "FID",
    "frechet_distance": "Fréchet distance",
    "inception_score": "Inception Score",
    "inception_score_imagenet": "Inception Score (ImageNet)",
    "frechet_efficientnet_lite0": "Fréchet distance (EfficientNet-Lite0)",
    "score_efficientnet_lite0": "Inception Score’s formula (EfficientNet-Lite0)",
}


class Protocol(Spec):
    """How a score was measured: all that must be equal for two scores to be comparable."""

    embedder: str = Field(min_length=1)  # name of the network that computes features
    embedder_digest: str = Field(min_length=1)  # sha256 of its weights
    preprocessing: str = Field(min_length=1)  # from pixels to the network's input
    reference_split: str = Field(min_length=1)  # which real images, e.g. "mnist/test"
    reference_count: int = Field(ge=1)
    count: int = Field(ge=1)  # generated images
    mixture: str = Field(min_length=1)  # how classes are weighted, e.g. "empirical"
    versions: dict[str, str] = Field(default_factory=dict)  # libraries that shape the numbers

    @property
    def fingerprint(self) -> str:
        """12 hexadecimal digits that stand for all fields."""
        return content_hash(self.model_dump(mode="json"))[:12]


class Score(Spec):
    """One finite number with what it means: its protocol, its floor and its terms."""

    metric: str
    value: float
    protocol: Protocol
    floor: float | None = None  # the value between two real sets of the same size
    per_class: list[float] | None = None
    standard_deviation: float | None = None  # over the Inception Score's splits

    @property
    def n(self) -> int:
        """The number of generated images."""
        return self.protocol.count

    @property
    def fingerprint(self) -> str:
        """The protocol's fingerprint."""
        return self.protocol.fingerprint


def metric_name(metric: str) -> str:
    """A metric's name as people write it within a sentence."""
    return _METRICS.get(metric, metric.replace("_", " "))


def compare(a: Sequence[Score], b: Sequence[Score], confidence: float = 0.95) -> Comparison:
    """Welch's comparison of two sides' replicates of one metric under one protocol.

    Raises:
        RefusedInput: if a side is empty, or metrics or protocols differ (saying which fields).
    """
    if not a or not b:
        raise RefusedInput(f"each side needs a score; a has {len(a)}, b has {len(b)}")
    for score in (*a, *b):
        _check_comparable(a[0], score)
    return welch([score.value for score in a], [score.value for score in b], confidence)


def _check_comparable(a: Score, b: Score) -> None:
    if known(a.metric) != known(b.metric):
        raise RefusedInput(f"metrics {a.metric!r} and {b.metric!r} cannot be compared")
    if a.fingerprint == b.fingerprint:
        return
    differing = [
        f"{name} {getattr(a.protocol, name)!r} / {getattr(b.protocol, name)!r}"
        for name in Protocol.model_fields
        if getattr(a.protocol, name) != getattr(b.protocol, name)
    ]
    raise RefusedInput(
        f"scores under protocols {a.fingerprint} and {b.fingerprint} cannot be compared; "
        f"they differ in {', '.join(differing)}"
    )
