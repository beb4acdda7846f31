"""A score carries its protocol; scores with different protocols refuse to be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from pydantic import Field

from ganray.errors import RefusedInput
from ganray.metrics import METRICS
from ganray.metrics.intervals import Comparison, welch
from ganray.metrics.statistics.paired import paired as in_pairs
from ganray.models.encoders import ENCODERS
from ganray.models.encoders.classifier import Classifier
from ganray.spec import Spec, content_hash


class ScoreName(NamedTuple):
    """Which score: a metric on an encoder, by their names in a study file."""

    metric: str
    encoder: str

    @property
    def title(self) -> str:
        """What people call it within a sentence: CAFD, FID, Fréchet distance (EfficientNet-Lite0).

        The metric's own title is that on the data set's own classifier.
        """
        metric, encoder = METRICS.member(self.metric), ENCODERS.member(self.encoder)
        if self.encoder in metric.known_as:
            return metric.known_as[self.encoder]
        return metric.title if encoder is Classifier else f"{metric.title} ({encoder.title})"

    @property
    def heading(self) -> str:
        """The same, as the first word of a line."""
        return self.title[0].upper() + self.title[1:]

    @property
    def better(self) -> Literal["lower", "higher"]:
        """The direction in which it improves."""
        return METRICS.member(self.metric).better

    @property
    def meaning(self) -> str:
        """What it is, in a line."""
        return METRICS.member(self.metric).meaning


class Protocol(Spec):
    """How a score was measured: all that must be equal for two scores to be comparable."""

    encoder: str = Field(min_length=1)  # name of the network that computes features
    encoder_digest: str = Field(min_length=1)  # sha256 of its weights
    preprocessing: str = Field(min_length=1)  # from pixels to the network's input
    reference_split: str = Field(min_length=1)  # which real images, e.g. "mnist/test"
    reference_count: int = Field(ge=1)
    count: int = Field(ge=1)  # generated images
    mixture: str = Field(min_length=1)  # how classes are weighted, e.g. "empirical"
    settings: dict[str, Any] = Field(default_factory=dict)  # of the metric, unless they are usual
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
    standard_deviation: float | None = None  # over parts of the images
    details: dict[str, float] = Field(default_factory=dict)  # further numbers that belong to it
    curve: dict[int, float] = Field(default_factory=dict)  # the value on so many images, fewer

    @property
    def name(self) -> ScoreName:
        """Which score it is."""
        return ScoreName(self.metric, self.protocol.encoder)

    @property
    def n(self) -> int:
        """The number of generated images."""
        return self.protocol.count

    @property
    def fingerprint(self) -> str:
        """The protocol's fingerprint."""
        return self.protocol.fingerprint


def compare(
    a: Sequence[Score], b: Sequence[Score], confidence: float = 0.95, paired: bool = False
) -> Comparison:
    """A comparison of two sides' replicates of one metric under one protocol.

    Args:
        paired: whether the replicates of equal place belong together: Student's interval of their
            differences, else Welch's.

    Raises:
        RefusedInput: if a side is empty, or metrics or protocols differ (saying which fields).
    """
    if not a or not b:
        raise RefusedInput(f"each side needs a score; a has {len(a)}, b has {len(b)}")
    for score in (*a, *b):
        _check_comparable(a[0], score)
    by = in_pairs if paired else welch
    return by([score.value for score in a], [score.value for score in b], confidence)


def _check_comparable(a: Score, b: Score) -> None:
    if a.metric != b.metric:
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
