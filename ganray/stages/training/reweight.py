"""Which training images AdaGAN's next component is to learn: those that the mixture lacks."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from ganray.data import Dataset
from ganray.embed import embed
from ganray.errors import RefusedInput
from ganray.plan import Plan, Task
from ganray.plan.parameters import ReweightParameters
from ganray.stages.artifacts import read_images
from ganray.stages.needs import course_memory, image_bytes
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
from ganray.tensors import pack
from ganray.train.costs.flops import encoder_flops, encoder_parameters
from ganray.train.encoder import EncoderTrainer, encoder_steps
from ganray.train.history import history_table
from ganray.train.inputs.reweighting import density_ratios, training_weights

FILE = "weights.safetensors"
_SHOWN = 16  # images of the greatest and of the least weights


def reweight(work: Workspace) -> None:
    """Train a classifier between real images and the mixture's, and weigh the real ones by it.

    It looks at the images that it has learnt from, as AdaGAN's does: it is trained so shortly that
    it does not know them by heart, and its result says how many held-out ones it takes for real.
    """
    told, dataset = ReweightParameters.of(work.task), work.dataset()
    real, classes = dataset.images("train", told.classes)
    drawn = read_images(work.store, work.input("images"))
    labels = np.repeat([0, 1], [len(real), len(drawn)])
    both, spec = np.concatenate([real, drawn]), told.discriminator
    trainer = EncoderTrainer(both, labels, 2, spec, told.seed, work.device)
    trainer.remedy = "a smaller discriminator.learning_rate"
    history, seconds = follow(work, trainer, trainer.steps)
    network = trainer.encoder.cpu().eval()
    known = embed(network, both).probabilities
    held_out = embed(network, dataset.images("held_out", told.classes)[0]).probabilities
    ratios = density_ratios(known[: len(real)], len(real), len(drawn))
    weights = training_weights(ratios, told.beta)
    order = np.argsort(-weights, kind="stable")
    work.commit(
        {
            FILE: pack(
                {
                    "weights": weights,
                    "ratios": ratios,
                    "most": real[order[:_SHOWN]],
                    "least": real[order[::-1][:_SHOWN]],
                }
            ),
            "history.parquet": history_table(history, trainer.losses),
        },
        {
            "kept": int(np.count_nonzero(weights)),
            "images": len(real),
            # As many images of equal weights would vary a mean as much (Kish).
            "effective": float(1 / np.square(weights).sum()),
            "told_apart": float(np.mean(known.argmax(axis=1) == labels)),
            "held_out_real": float(np.mean(held_out.argmax(axis=1) == 0)),
            "by_class": _by_class(dataset, told.classes, classes, weights),
            "flops": encoder_flops(dataset.info.shape, 2, spec) * trainer.steps,
        },
        device_seconds=seconds,
    )


def _by_class(
    dataset: Dataset,
    classes: list[int],
    labels: Int64[np.ndarray, "n"],
    weights: Float64[np.ndarray, "n"],
) -> dict[str, float]:
    """The sum of each class's weights, over that of its share of the images."""
    total = np.bincount(labels, weights)
    counts = np.bincount(labels) / len(labels)
    return {dataset.info.class_names[k]: float(total[k] / counts[k]) for k in sorted(classes)}


def read_weights(work: Workspace, images: int) -> Float64[np.ndarray, "n"]:
    """How often the task's GAN is to see each training image, by its `weights` input.

    Raises:
        RefusedInput: they are of other images.
    """
    found: Float64[np.ndarray, "n"] = work.arrays("weights", FILE)["weights"]
    if len(found) != images:
        raise RefusedInput(
            f"{work.task.title}: {len(found)} images have weights, and here are {images}"
        )
    return found


def _facts(task: Task, plan: Plan) -> tuple[ReweightParameters, int]:
    """What it is told, and on how many images its classifier learns."""
    told = ReweightParameters.of(task)
    real = sum(plan.dataset["counts"]["train"][index] for index in told.classes)
    return told, real + (plan.by_address[task.inputs["images"]].horizon or 0)


def _end(task: Task, plan: Plan) -> int:
    told, images = _facts(task, plan)
    return encoder_steps(told.discriminator, images)


def _cost(task: Task, plan: Plan) -> Cost:
    told, images = _facts(task, plan)
    shape = image_shape(plan)
    flops = float(encoder_flops(shape, 2, told.discriminator) * _end(task, plan))
    size = 2 * images + encoder_parameters(shape, 2, told.discriminator) * CHECKPOINT_COPIES
    return Cost(flops, size * FLOAT_BYTES)


def _timed(task: Task, plan: Plan, device: str) -> Timed:
    spec = ReweightParameters.of(task).discriminator
    labels = np.zeros(spec.batch, dtype=np.int64)
    images = blank(image_shape(plan), spec.batch)
    trainer: Any = EncoderTrainer(images, labels, 2, spec, device=device)
    trainer.steps = _end(task, plan)
    return Timed(lambda: trainer.advance().cpu(), 1 / trainer.steps)


def _memory(task: Task, plan: Plan) -> int:
    """Real and drawn images, twice, as they are put together; and the classifier."""
    told, images = _facts(task, plan)
    return 3 * images * image_bytes(plan) + course_memory(plan, 2, told.discriminator)


STAGE = Stage(
    reweight,
    memory=_memory,
    lowered_by="data.size or discriminator.batch",
    cost=_cost,
    timed=_timed,
    end=_end,
    losses=lambda _: EncoderTrainer.losses,
)
