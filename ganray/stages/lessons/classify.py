"""A classifier taught by a few real images, by siblings that were made of them, or by both."""

from __future__ import annotations

import numpy as np

from ganray.embed import embed
from ganray.plan.lessons import ClassifyParameters
from ganray.stages.artifacts import read_images, some_images
from ganray.stages.lessons.teaching import course_cost, lesson_memory, taught, test_images
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace
from ganray.train.encoder import EncoderTrainer


def teach(work: Workspace) -> None:
    """Train the CAFD encoder's network; its accuracy on the test split goes into the result."""
    told = ClassifyParameters.of(work.task)
    images, labels = _lessons(work, told)
    network, _, _, seconds = taught(work, told, images, labels)
    tests, truth = test_images(work, told.classes)
    right = embed(network, tests).probabilities.argmax(axis=1) == truth
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


STAGE = Stage(
    teach,
    memory=lambda task, plan: lesson_memory(ClassifyParameters.of(task), task, plan),
    lowered_by="data.size or encoder.batch",
    cost=lambda task, plan: course_cost(ClassifyParameters.of(task), plan),
    end=lambda task, _: ClassifyParameters.of(task).iterations,
    losses=lambda _: EncoderTrainer.losses,
)
