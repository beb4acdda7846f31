"""What situations are measured with: all metrics, and the features that they are computed from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ganray.embed import embed
from ganray.errors import UndefinedScore
from ganray.metrics import METRICS, Metric
from ganray.metrics.features import Embedding
from ganray.models.encoders import Classifier
from ganray.train import EncoderSpec
from ganray.train.encoder import EncoderTrainer
from tests.sees.pictures import COUNT, TRAINING, Pictures, Source

SETTINGS: dict[str, dict[str, Any]] = {
    "birthday_paradox": {"quantile": 0.05},
    "c_t": {"restarts": 3},
    "fld": {"training": TRAINING},
    "frechet_infinity": {"sizes": 5},
    "ken": {"images": 500},
    "kid": {"subsets": 1},
    "wasserstein": {"points": 500},
}
"""What is not as it is by itself: smaller, so that all is done in minutes; and the birthday
paradox's threshold, as 1,000 digits hold no pair as near as the nearest of 1,000 others."""
FIRST = {"swd": 150}
"""Images of either set that a metric is measured on where all would take too long."""


def members() -> list[Metric]:
    """Every metric as it is measured here, in the order of the list."""
    return [kind(**SETTINGS.get(METRICS.word(kind), {})) for kind in METRICS]


class Ruler:
    """The real images and the training images in either encoder's eyes.

    The classifier is CAFD's, trained for one pass over the images that were learnt.
    """

    def __init__(self, source: Source) -> None:
        self._network = _classifier(source.learnt)
        self.on_features, self.on_pixels = (
            replace(see(source.real), training=see(source.training))
            for see in (self.features, self.pixels)
        )
        self._first = {count: self.on_pixels[:count] for count in FIRST.values()}

    @property
    def accuracy(self) -> float:
        """The share of the real images whose class the classifier knows."""
        real = self.on_features
        return float((real.probabilities.argmax(axis=1) == real.labels).mean())

    def features(self, pictures: Pictures) -> Embedding:
        """What the classifier makes of images."""
        return replace(embed(self._network, pictures.images), labels=pictures.labels)

    def pixels(self, pictures: Pictures) -> Embedding:
        """The images themselves, in [0, 1]."""
        rows = (pictures.images.reshape(len(pictures), -1) / 255).astype(np.float32)
        none = np.empty((len(rows), 0), np.float32)
        return Embedding(rows, none, pictures.labels, shape=(1, 28, 28))

    def values(self, pictures: Pictures, metrics: list[Metric]) -> dict[str, float | None]:
        """Each metric by name; None where it has no value."""
        features, pixels = self.features(pictures), self.pixels(pictures)
        return {
            metric.name: value(*self._sides(metric, features, pixels), metric) for metric in metrics
        }

    def _sides(
        self, metric: Metric, features: Embedding, pixels: Embedding
    ) -> tuple[Embedding, Embedding]:
        if "pixels" not in metric.needs:
            return self.on_features, features
        if (count := FIRST.get(metric.name, COUNT)) < COUNT:
            return self._first[count], pixels[:count]
        return self.on_pixels, pixels


def value(real: Embedding, generated: Embedding, metric: Metric) -> float | None:
    """The metric's value to six digits, or None where it is undefined."""
    try:
        return float(f"{metric.compute(real, generated).value:.6g}")
    except UndefinedScore:
        return None


def _classifier(learnt: Pictures) -> Any:
    spec = EncoderSpec(epochs=1)
    trainer = EncoderTrainer(learnt.images, learnt.labels, 10, spec, 0, "cpu")
    while trainer.step < trainer.steps:
        trainer.advance()
    network = Classifier().network((1, 28, 28), 10)
    network.load_state_dict(trainer.encoder.state_dict())
    return network
