"""Classifiers that are taught and examined: what several kinds of tasks do alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from ganray.models.encoders.networks.classifier import ClassifierNetwork
from ganray.plan import Plan, Task
from ganray.plan.lessons import ClassifyParameters, LessonParameters, LinearLessonParameters
from ganray.stages.artifacts import some_images
from ganray.stages.needs import course_memory, image_bytes, images_memory
from ganray.stages.sampling.labelled import FILE
from ganray.stages.stage import CHECKPOINT_COPIES, FLOAT_BYTES, Cost, image_shape
from ganray.stages.training.trajectory import follow
from ganray.stages.workspace import Workspace
from ganray.train.costs.flops import encoder_flops, encoder_parameters
from ganray.train.encoder import EncoderTrainer

Images = UInt8[np.ndarray, "n c h w"]
Labels = Int64[np.ndarray, "n"]
Steps = Float32[np.ndarray, "steps losses"]
Course = ClassifyParameters | LessonParameters
"""How a network is taught."""


def lesson_images(
    work: Workspace, told: LessonParameters | LinearLessonParameters
) -> tuple[Images, Labels]:
    """The real images of a lesson, then those of its `labelled` input, if it has one; and labels.

    In one order a larger number of real images holds every smaller one.
    """
    place = work.dataset_place()
    found = [some_images(*place, "train", told.classes, told.real, told.order)]
    if "labelled" in work.task.inputs:
        found.append(labelled_images(work))
    images, labels = zip(*found, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def labelled_images(work: Workspace) -> tuple[Images, Labels]:
    """The images of the task's `labelled` input, and their labels."""
    arrays = work.arrays("labelled", FILE)
    return arrays["images"], arrays["labels"]


def test_images(work: Workspace, classes: list[int]) -> tuple[Images, Labels]:
    """The test images of some classes, and the place of each one's class among these."""
    images, labels = work.dataset().images("test", classes)
    return images, np.searchsorted(np.asarray(sorted(classes)), labels)


def taught(
    work: Workspace, told: Course, images: Images, labels: Labels
) -> tuple[ClassifierNetwork, EncoderTrainer, Steps, float]:
    """A network that has seen these images, ready to classify; (it, its trainer, losses, device
    seconds). Fewer images than a batch are shown several times in it.

    Raises:
        Stopped: on request, after a checkpoint.
    """
    rows = np.arange(max(len(images), told.encoder.batch)) % len(images)
    trainer = EncoderTrainer(
        images[rows], labels[rows], len(told.classes), told.encoder, told.seed, work.device
    )
    trainer.steps = told.iterations
    history, seconds = follow(work, trainer, told.iterations)
    return trainer.encoder.cpu().eval(), trainer, history, seconds


def grade(guesses: Labels, truth: Labels, classes: int) -> dict[str, Any]:
    """The share of guesses that are right, of all images and of those of each class.

    Per class it is None where no image is of it.
    """
    right = guesses == truth
    own = [right[truth == index] for index in range(classes)]
    per_class = [float(one.mean()) if len(one) else None for one in own]
    return {"accuracy": float(right.mean()), "per_class": per_class, "images": len(truth)}


def course_cost(told: Course, plan: Plan) -> Cost:
    """Of the iterations; its bytes are the last checkpoint's."""
    shape, classes = image_shape(plan), len(told.classes)
    flops = encoder_flops(shape, classes, told.encoder) * told.iterations
    size = encoder_parameters(shape, classes, told.encoder)
    return Cost(float(flops), size * FLOAT_BYTES * CHECKPOINT_COPIES)


def lesson_memory(told: Course, task: Task, plan: Plan) -> int:
    """The images of its classes, those that it is shown with copies of them, and the network."""
    held = images_memory(plan, "train", told.classes) + images_memory(plan, "test", told.classes)
    shown = told.real * image_bytes(plan)
    for role in ("labelled", "images"):
        if role in task.inputs:
            maker = plan.by_address[task.inputs[role]]
            count = maker.horizon or sum(maker.parameters.get("counts", []))
            shown += count * image_bytes(plan)
    return held + 3 * shown + course_memory(plan, len(told.classes), told.encoder)
