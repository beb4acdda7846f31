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
from ganray.models.encoders.random_convolutions import RandomConvolutions
from ganray.train import EncoderSpec
from ganray.train.encoder import EncoderTrainer
from tests.sees.pictures import TRAINING, Pictures, Source

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
    """The real images and the training images in an encoder's eyes, beside those of any others.

    The classifier is CAFD's, trained for one pass over the images that were learnt.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._real: dict[str, Embedding] = {}
        self._networks: dict[str, Any] = {}

    @property
    def accuracy(self) -> float:
        """The share of the real images whose class the classifier knows."""
        real = self.real("classifier")
        return float((real.probabilities.argmax(axis=1) == real.labels).mean())

    def real(self, encoder: str) -> Embedding:
        """The real images, the training images beside them; the same each time."""
        if encoder not in self._real:
            training = self.see(encoder, self._source.training)
            self._real[encoder] = replace(self.see(encoder, self._source.real), training=training)
        return self._real[encoder]

    def see(self, encoder: str, pictures: Pictures) -> Embedding:
        """What a network makes of images, or of `every_pixel` themselves, in [0, 1]."""
        if encoder != "every_pixel":
            return replace(embed(self._network(encoder), pictures.images), labels=pictures.labels)
        rows = (pictures.images.reshape(len(pictures), -1) / 255).astype(np.float32)
        none = np.empty((len(rows), 0), np.float32)
        return Embedding(rows, none, pictures.labels, shape=(1, 28, 28))

    def _network(self, encoder: str) -> Any:
        """Made when it is first asked for: a classifier has to be trained."""
        if encoder not in self._networks:
            own = encoder == "classifier"
            made = _classifier(self._source.learnt) if own else RandomConvolutions().read()
            self._networks[encoder] = made
        return self._networks[encoder]

    def values(self, pictures: Pictures, metrics: list[Metric]) -> dict[str, float | None]:
        """Each metric by name, on what it needs; None where it has no value."""
        seen = {one: self.see(one, pictures) for one in ("classifier", "every_pixel")}
        return {
            metric.name: value(self.real(encoder)[:first], seen[encoder][:first], metric)
            if (first := FIRST.get(metric.name))
            else value(self.real(encoder), seen[encoder], metric)
            for metric in metrics
            for encoder in ["every_pixel" if "pixels" in metric.needs else "classifier"]
        }


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
