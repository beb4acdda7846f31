"""A classifier taught by a few real images, by siblings that were made of them, or by both."""

from __future__ import annotations

import numpy as np

from ganray.embed import embed
from ganray.plan import Plan, Task
from ganray.plan.parameters import ClassifyParameters
from ganray.stages.artifacts import read_images, some_images
from ganray.stages.stage import FLOAT_BYTES, Cost, Stage, image_shape
from ganray.stages.trajectory import follow
from ganray.stages.workspace import Workspace
from ganray.train.encoder import EncoderTrainer
from ganray.train.flops import encoder_flops, encoder_parameters


def teach(work: Workspace) -> None:
    """Train the CAFD encoder's network; its accuracy on the test split goes into the result."""
    told = ClassifyParameters.of(work.task)
    images, labels = _lessons(work, told)
    classes = len(told.classes)
    spec, rows = told.encoder, np.arange(max(len(images), told.encoder.batch)) % len(images)
    trainer = EncoderTrainer(images[rows], labels[rows], classes, spec, told.seed, work.device)
    trainer.steps = told.iterations
    _, seconds = follow(work, trainer, told.iterations)
    tests, truth = work.dataset().images("test", told.classes)
    guesses = embed(trainer.encoder.cpu().eval(), tests).probabilities.argmax(axis=1)
    right = guesses == np.searchsorted(np.asarray(sorted(told.classes)), truth)
    work.commit(
        {},
        {"accuracy": float(right.mean()), "test_images": len(truth), "lessons": len(images)},
        device_seconds=seconds,
    )


def _lessons(work: Workspace, told: ClassifyParameters) -> tuple[np.ndarray, np.ndarray]:
    place, first = work.dataset_place(), told.real
    sources, labels = some_images(*place, "train", told.classes, first, told.order)
    if told.shown == "real":
        return sources, labels
    each = len(told.classes) - 1
    made = read_images(work.store, work.input("images"))[: each * told.real]
    wanted = (labels[:, None] + 1 + np.arange(each)) % len(told.classes)
    if told.shown == "siblings":
        return made, wanted.ravel()
    return np.concatenate([sources, made]), np.concatenate([labels, wanted.ravel()])


def _cost(task: Task, plan: Plan) -> Cost:
    told, shape = ClassifyParameters.of(task), image_shape(plan)
    flops = encoder_flops(shape, len(told.classes), told.encoder) * told.iterations
    size = encoder_parameters(shape, len(told.classes), told.encoder)
    return Cost(float(flops), size * FLOAT_BYTES * 3)


STAGE = Stage(
    teach,
    cost=_cost,
    end=lambda task, _: ClassifyParameters.of(task).iterations,
    losses=lambda _: EncoderTrainer.losses,
)
