"""A network taught to classify by some real images, by generated ones, or by both, and examined.

Trained on generated images and examined on real ones its accuracy is the classification accuracy
score of Ravuri and Vinyals, arXiv 1905.10887.
"""

from __future__ import annotations

from ganray.embed import embed
from ganray.plan.lessons import LessonParameters
from ganray.stages.lessons.teaching import (
    course_cost,
    grade,
    lesson_images,
    lesson_memory,
    taught,
    test_images,
)
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace
from ganray.tensors import serialise
from ganray.train.encoder import EncoderTrainer
from ganray.train.history import history_table


def teach(work: Workspace) -> None:
    """Commit the network; what it knows of the real test images goes into the result."""
    told = LessonParameters.of(work.task)
    images, labels = lesson_images(work, told)
    network, trainer, history, seconds = taught(work, told, images, labels)
    tests, truth = test_images(work, told.classes)
    guesses = embed(network, tests).probabilities.argmax(axis=1)
    work.commit(
        {
            "classifier.safetensors": serialise(network.state_dict()),
            "history.parquet": history_table(history, trainer.losses),
        },
        grade(guesses, truth, len(told.classes))
        | {"lessons": len(images), "network": told.encoder.network},
        device_seconds=seconds,
    )


STAGE = Stage(
    teach,
    memory=lambda task, plan: lesson_memory(LessonParameters.of(task), task, plan),
    lowered_by="data.size or encoder.batch",
    cost=lambda task, plan: course_cost(LessonParameters.of(task), plan),
    end=lambda task, _: LessonParameters.of(task).iterations,
    losses=lambda _: EncoderTrainer.losses,
)
