"""A linear classifier of pixels, taught by real images, generated ones or both, and examined.

Train on synthetic, test on real, where the images are generated ones (arXiv 1706.02633).
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float32, UInt8

from ganray.metrics.classes.logistic_regression import fit
from ganray.plan import Plan, Task
from ganray.plan.lessons import LinearLessonParameters
from ganray.stages import needs
from ganray.stages.lessons.teaching import grade, lesson_images, test_images
from ganray.stages.stage import Cost, Stage, image_shape
from ganray.stages.workspace import Workspace
from ganray.tensors import pack

LINEAR = "linear.safetensors"
_USUAL_STEPS = 100  # of its fit, for what it costs


def teach(work: Workspace) -> None:
    """Commit the classifier; what it knows of the real test images goes into the result."""
    told = LinearLessonParameters.of(work.task)
    images, labels = lesson_images(work, told)
    found = fit(pixels(images), labels, len(told.classes), told.penalty)
    tests, truth = test_images(work, told.classes)
    arrays = {"mean": found.mean, "weights": found.weights, "biases": found.biases}
    work.commit(
        {LINEAR: pack(arrays)},
        grade(found.classify(pixels(tests)), truth, len(told.classes))
        | {"lessons": len(images), "scale": found.scale},
    )


def pixels(images: UInt8[np.ndarray, "n c h w"]) -> Float32[np.ndarray, "n d"]:
    """Images as rows of their pixels in [0, 1]."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _cost(task: Task, plan: Plan) -> Cost:
    """Of a fit of a hundred steps."""
    told = LinearLessonParameters.of(task)
    shown = told.real
    if "labelled" in task.inputs:
        shown += sum(plan.by_address[task.inputs["labelled"]].parameters["counts"])
    size = math.prod(image_shape(plan)) * len(told.classes)
    return Cost(4.0 * shown * size * _USUAL_STEPS, size * 8)


def _memory(task: Task, plan: Plan) -> int:
    """The images, and their pixels in 32 bits with what a fit makes of them."""
    told = LinearLessonParameters.of(task)
    shown = told.real
    if "labelled" in task.inputs:
        shown += sum(plan.by_address[task.inputs["labelled"]].parameters["counts"])
    tests = sum(plan.dataset["counts"]["test"])
    held = needs.images_memory(plan, "train", told.classes) + needs.images_memory(
        plan, "test", told.classes
    )
    return held + 3 * (shown + tests) * needs.image_bytes(plan) * 4 + needs.LITTLE


STAGE = Stage(teach, memory=_memory, cost=_cost)
