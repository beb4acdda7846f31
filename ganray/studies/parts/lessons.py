"""Classifiers that learn from real images, from sides' images, or from both, and their exams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ganray.data.choosing.splits import apportion
from ganray.errors import RefusedInput
from ganray.metrics.classes.logistic_regression import PENALTY
from ganray.models.encoders import Classifier
from ganray.models.encoders.classifier import pools
from ganray.models.laws import Labelled
from ganray.models.spec import checked_shape
from ganray.plan import Task, task_seed
from ganray.plan.lessons import (
    LabelledParameters,
    LabelledSet,
    LessonParameters,
    LinearLessonParameters,
)
from ganray.plan.parameters import Parameters, SampleParameters, TrainParameters
from ganray.plan.roles import exam_role, lesson_role
from ganray.specs import SampleSpec
from ganray.studies.parts.blocks import Blocks
from ganray.studies.parts.scoring.measuring import draw_samples, embed_drawn
from ganray.studies.parts.sides import Side
from ganray.train.encoder_spec import EncoderSpec

Learner = Literal["network", "linear"]
REAL = "real"
"""The side of classifiers that are taught by real images alone."""
SPARE = 2
"""Images drawn for each that is asked for, of a GAN whose images are of whichever class comes: so
that there are enough of the rarer ones."""


@dataclass(frozen=True)
class Course:
    """How all classifiers of a study are taught: alike.

    Attributes:
        iterations: of each network.
        real: numbers of real images, each of which teaches classifiers.
    """

    encoder: EncoderSpec
    iterations: int
    learners: Sequence[Learner]
    real: Sequence[int]


def label_side(
    blocks: Blocks, side: Side, replicate: int, count: int, sampling: SampleSpec, classifier: Task
) -> Task:
    """So many images of a side with labels, as many of each class as among as many real ones.

    Args:
        classifier: whose guesses are the labels of images that have none of their own.

    Raises:
        RefusedInput: latent vectors are to be truncated that are not normal; or a class would have
            no image.
    """
    counts = class_counts(blocks, count)
    of_class = dict(zip(blocks.classes, counts, strict=True))
    sets: list[LabelledSet] = []
    inputs: dict[str, Task] = {}
    for index, gan in enumerate(side.gans[replicate]):
        asked = sum(of_class[one] for one in gan.classes)
        drawn = asked if len(gan.classes) == 1 else SPARE * asked
        samples = draw_samples(blocks, gan, drawn, sampling)
        inputs[f"images/{index}"] = samples
        more = {}
        if len(gan.classes) > 1 and _tells_labels(blocks, gan):
            inputs[f"told/{index}"] = gan
            more = {"drawn": SampleParameters.of(samples)}
        elif len(gan.classes) > 1:
            guesses = embed_drawn(blocks, Classifier(), classifier, gan, samples)
            inputs[f"guesses/{index}"] = guesses
        sets.append(LabelledSet(classes=gan.classes, count=drawn, **more))
    return blocks.builder.add(
        f"labelled/{side.name}/{replicate}",
        "labelled",
        f"labelled images of {side.name} r{replicate}",
        LabelledParameters(classes=blocks.classes, counts=counts, sets=sets),
        inputs,
    )


def class_counts(blocks: Blocks, count: int) -> list[int]:
    """So many images shared out as the training images are among the classes.

    Raises:
        RefusedInput: a class would have none.
    """
    sizes = np.array([blocks.data.info.counts["train"][index] for index in blocks.classes])
    counts = [int(one) for one in apportion(sizes, count)]
    if not all(counts):
        least = -(-int(sizes.sum()) // int(sizes.min()))
        raise RefusedInput(
            f"synthetic (={count}) leaves a class without an image, as they are shared out like "
            f"the training images of {blocks.data.info.name}; use at least {least}"
        )
    return counts


def _tells_labels(blocks: Blocks, gan: Task) -> bool:
    """Whether each image's class is chosen before it is made, and so known."""
    model, shape = TrainParameters.of(gan).model, checked_shape(blocks.data.info.shape)
    return isinstance(model.noise((1,) * len(gan.classes), shape), Labelled)


def teach(
    blocks: Blocks,
    course: Course,
    learner: Learner,
    real: int,
    replicate: int,
    side: str = REAL,
    labelled: Task | None = None,
) -> Task:
    """A classifier taught by the first so many real images, and by labelled ones where there are.

    The order of the real images is the replicate's, and all sides' alike.
    """
    shown = "both" if real and labelled else "synthetic" if labelled else "real"
    order = task_seed(blocks.seed, "lesson/order", [], replicate)
    told: Parameters = (
        LinearLessonParameters(classes=blocks.classes, order=order, real=real, penalty=PENALTY)
        if learner == "linear"
        else LessonParameters(
            encoder=course.encoder,
            seed=task_seed(blocks.seed, "lesson", [], replicate),
            iterations=course.iterations,
            classes=blocks.classes,
            order=order,
            real=real,
            pooled=pools(course.encoder.network, blocks.data.info.shape),
        )
    )
    of = f"{real} real images" if real else "no real image"
    return blocks.builder.add(
        lesson_role(learner, shown, side, real, replicate),
        "linear_lesson" if learner == "linear" else "lesson",
        f"{learner} lesson of {of}{f' and {side}' if labelled else ''} r{replicate}",
        told,
        {"data": blocks.source} | ({"labelled": labelled} if labelled else {}),
    )


def teach_and_examine(
    blocks: Blocks, course: Course, replicate: int, sides: Mapping[str, Task]
) -> None:
    """All lessons of one replicate; and of those of the most real images an exam on each side's.

    Args:
        sides: the labelled images of each, by its name.
    """
    for learner in course.learners:
        by_real = {real: teach(blocks, course, learner, real, replicate) for real in course.real}
        most = by_real[max(course.real)]
        for side, labelled in sides.items():
            for real in (0, *course.real):
                teach(blocks, course, learner, real, replicate, side, labelled)
            blocks.builder.add(
                exam_role(learner, side, replicate),
                "exam",
                f"{learner} exam on {side} r{replicate}",
                Parameters(),
                {"lesson": most, "labelled": labelled},
            )
