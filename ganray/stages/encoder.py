"""The data set's own classifier, whose features CAFD is measured on."""

from __future__ import annotations

import numpy as np

from ganray.embed import embed
from ganray.stages.trajectory import follow
from ganray.stages.workspace import Workspace
from ganray.tensors import serialise
from ganray.train import EncoderSpec
from ganray.train.encoder import EncoderTrainer
from ganray.train.flops import encoder_flops
from ganray.train.history import history_table


def train_encoder(work: Workspace) -> None:
    """Train the CAFD encoder on the training split; test accuracy goes into its result."""
    parameters, dataset = work.task.parameters, work.dataset()
    images, labels = dataset.images("train")
    spec = EncoderSpec(**parameters["encoder"])
    classes = len(dataset.info.class_names)
    trainer = EncoderTrainer(images, labels, classes, spec, parameters["seed"], work.device)
    history, seconds = follow(work, trainer, trainer.steps)
    encoder = trainer.encoder.cpu().eval()
    test_images, test_labels = dataset.images("test")
    guesses = embed(encoder, test_images).probabilities.argmax(axis=1)
    work.commit(
        {
            "encoder.safetensors": serialise(encoder.state_dict()),
            "history.parquet": history_table(history, trainer.losses),
        },
        {
            "test_accuracy": float(np.mean(guesses == test_labels)),
            "test_images": len(test_labels),
            "shape": list(dataset.info.shape),
            "classes": classes,
            "flops": encoder_flops(dataset.info.shape, classes, spec) * trainer.steps,
        },
        device_seconds=seconds,
    )
