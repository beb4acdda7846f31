"""A classifier that was taught by other images, examined on generated ones: do they look like their
labels? Train on real, test on synthetic (arXiv 1706.02633)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64, UInt8

from ganray.embed import embed
from ganray.metrics.classes.logistic_regression import LinearClassifier
from ganray.models.encoders.networks.own import new_classifier
from ganray.plan import Plan, Task
from ganray.plan.lessons import LessonParameters
from ganray.stages.lessons.linear_lesson import LINEAR, pixels
from ganray.stages.lessons.teaching import grade, labelled_images
from ganray.stages.needs import LITTLE, course_memory, image_bytes
from ganray.stages.stage import FLOAT_BYTES, Stage
from ganray.stages.workspace import Workspace
from ganray.tensors import deserialise


def examine(work: Workspace) -> None:
    """The share of generated images that the classifier takes for what they are labelled as."""
    images, labels = labelled_images(work)
    known = len(work.input("lesson").result["per_class"])
    work.commit({}, grade(_guesses(work, images, known), labels, known))


def _guesses(
    work: Workspace, images: UInt8[np.ndarray, "n c h w"], classes: int
) -> Int64[np.ndarray, "n"]:
    lesson = work.input("lesson")
    if "network" not in lesson.result:
        linear = LinearClassifier(scale=lesson.result["scale"], **work.arrays(lesson, LINEAR))
        return linear.classify(pixels(images))
    _, channels, height, width = images.shape
    network = new_classifier(lesson.result["network"], (channels, height, width), classes)
    network.load_state_dict(deserialise(work.store.read(lesson, "classifier.safetensors")))
    return embed(network.eval(), images).probabilities.argmax(axis=1)


def _memory(task: Task, plan: Plan) -> int:
    """The labelled images, and the network or their pixels in 32 bits."""
    labelled = plan.by_address[task.inputs["labelled"]]
    held = sum(labelled.parameters["counts"]) * image_bytes(plan)
    lesson = plan.by_address[task.inputs["lesson"]]
    if lesson.kind == "linear_lesson":
        return 3 * held + 3 * FLOAT_BYTES * held + LITTLE
    told = LessonParameters.of(lesson)
    return 3 * held + course_memory(plan, len(told.classes), told.encoder)


STAGE = Stage(examine, memory=_memory)
