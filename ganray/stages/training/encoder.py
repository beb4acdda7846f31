"""The data set's own classifier, whose features CAFD is measured on."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8

from ganray.embed import embed
from ganray.models.encoders import Classifier, Embedder
from ganray.models.encoders.classifier import USUAL_NETWORK
from ganray.models.spec import Shape
from ganray.plan import Plan, Task
from ganray.plan.parameters import EncoderParameters
from ganray.stages.needs import course_memory, split_memory
from ganray.stages.stage import (
    CHECKPOINT_COPIES,
    FLOAT_BYTES,
    Cost,
    Stage,
    Timed,
    blank,
    image_shape,
)
from ganray.stages.training.trajectory import follow
from ganray.stages.workspace import Workspace
from ganray.tensors import serialise
from ganray.train import EncoderSpec
from ganray.train.costs.flops import encoder_flops, encoder_parameters
from ganray.train.encoder import EncoderTrainer, encoder_steps
from ganray.train.history import history_table


def train_encoder(work: Workspace) -> None:
    """Train the CAFD encoder on the training split; its accuracy on test images, if there are any,
    goes into its result."""
    told, dataset = EncoderParameters.of(work.task), work.dataset()
    images, labels = dataset.images("train")
    spec = told.encoder
    classes = len(dataset.info.class_names)
    trainer = EncoderTrainer(images, labels, classes, spec, told.seed, work.device)
    history, seconds = follow(work, trainer, trainer.steps)
    encoder = trainer.encoder.cpu().eval()
    work.commit(
        {
            "encoder.safetensors": serialise(encoder.state_dict()),
            "history.parquet": history_table(history, trainer.losses),
        },
        _accuracy(encoder, *dataset.images("test"))
        | {
            "encoder": Classifier().model_dump(mode="json"),
            "classes": classes,
            **_unusual(spec),
            "flops": encoder_flops(dataset.info.shape, classes, spec) * trainer.steps,
        },
        device_seconds=seconds,
    )


def _accuracy(
    encoder: Embedder, images: UInt8[np.ndarray, "n c h w"], labels: Int64[np.ndarray, "n"]
) -> dict[str, Any]:
    if not len(images):
        return {}
    guesses = embed(encoder, images).probabilities.argmax(axis=1)
    return {"test_accuracy": float(np.mean(guesses == labels)), "test_images": len(labels)}


def _unusual(spec: EncoderSpec) -> dict[str, Any]:
    """Which network it is; of the usual one nothing is said, and the artifact is as it ever was."""
    return {} if spec.network == USUAL_NETWORK else {"network": spec.network}


def _end(task: Task, plan: Plan) -> int:
    told = EncoderParameters.of(task)
    return encoder_steps(told.encoder, told.images or sum(plan.dataset["counts"]["train"]))


def _cost(task: Task, plan: Plan) -> Cost:
    spec, shape, classes = _facts(task, plan)
    flops = float(encoder_flops(shape, classes, spec) * _end(task, plan))
    return Cost(
        flops, encoder_parameters(shape, classes, spec) * FLOAT_BYTES * (1 + CHECKPOINT_COPIES)
    )


def _timed(task: Task, plan: Plan, device: str) -> Timed:
    spec, shape, classes = _facts(task, plan)
    labels = np.zeros(spec.batch, dtype=np.int64)
    trainer = EncoderTrainer(blank(shape, spec.batch), labels, classes, spec, device=device)
    trainer.steps = _end(task, plan)
    return Timed(lambda: trainer.advance().cpu(), 1 / trainer.steps)


def _facts(task: Task, plan: Plan) -> tuple[EncoderSpec, Shape, int]:
    classes = len(plan.dataset["class_names"])
    return EncoderParameters.of(task).encoder, image_shape(plan), classes


def _memory(task: Task, plan: Plan) -> int:
    """The network, and the images that it learns from and is examined on."""
    spec, _, classes = _facts(task, plan)
    seen = split_memory(task, plan, "train") + split_memory(task, plan, "test")
    return seen + course_memory(plan, classes, spec)


STAGE = Stage(
    train_encoder,
    memory=_memory,
    lowered_by="data.size or encoder.batch",
    cost=_cost,
    timed=_timed,
    end=_end,
    losses=lambda _: EncoderTrainer.losses,
)
