"""A GAN to be trained on images without content, for what its work costs."""

from __future__ import annotations

import numpy as np

from ganray.models import ModelSpec
from ganray.models.spec import Shape
from ganray.train.gan import GanTrainer
from ganray.train.spec import TrainSpec


def blank_trainer(
    shape: Shape, model: ModelSpec, train: TrainSpec, device: str, classes: int = 1
) -> GanTrainer:
    """A GAN to be trained on images without content, for what its work costs."""
    count = 2 * train.batch if train.translates else train.batch
    labels = np.arange(count) % 2 if train.translates else np.zeros(count, np.int64)
    images = np.zeros((count, *shape), np.uint8)
    return GanTrainer(images, model, train, 0, device, labels, classes, {})
