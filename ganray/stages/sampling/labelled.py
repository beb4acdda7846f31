"""Generated images with their classes, as many of each class as there are among so many real ones.

Whose images have no labels of their own, the data set's own classifier's guesses stand for them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int64

from ganray.models.laws import Labelled
from ganray.plan import Plan, Task
from ganray.plan.lessons import LabelledParameters, LabelledSet
from ganray.sample import STREAM
from ganray.stages.artifacts import read_embedding, read_images
from ganray.stages.needs import LITTLE, made_memory
from ganray.stages.stage import Cost, Stage, image_shape
from ganray.stages.workspace import Workspace
from ganray.tensors import pack

FILE = "labelled.safetensors"


def label_images(work: Workspace) -> None:
    """Commit images, class by class in their GANs' order, and labels: places among the classes.

    Where a GAN made fewer of a class than are asked for, all that it made are there; the result
    tells how many of each class.
    """
    told = LabelledParameters.of(work.task)
    sets = [
        (read_images(work.store, work.input(f"images/{index}"))[: one.count], _classes(work, index))
        for index, one in enumerate(told.sets)
    ]
    images, classes = (np.concatenate(part) for part in zip(*sets, strict=True))
    labels = np.searchsorted(np.asarray(told.classes), classes)
    rows = rows_of_each(labels, told.counts)
    labels = labels[rows]
    work.commit(
        {FILE: pack({"images": images[rows], "labels": labels})},
        {
            "count": len(rows),
            "counts": np.bincount(labels, minlength=len(told.counts)).tolist(),
            "asked": told.counts,
            "known": list(dict.fromkeys(map(how_known, told.sets))),
        },
    )


def how_known(one: LabelledSet) -> str:
    """Where the labels of a GAN's images come from."""
    if len(one.classes) == 1:
        return "the class of their GAN"
    return "told to their GAN" if one.drawn else "guessed by the classifier"


def rows_of_each(labels: Int64[np.ndarray, "n"], counts: Sequence[int]) -> Int64[np.ndarray, "m"]:
    """The first `counts[k]` rows of every class k, or all of them where there are fewer; class by
    class."""
    rows = [np.flatnonzero(labels == k)[:count] for k, count in enumerate(counts)]
    return np.concatenate(rows)


def likeliest(
    probabilities: Float[np.ndarray, "n k"], classes: Sequence[int]
) -> Int64[np.ndarray, "n"]:
    """Of some classes the one of the highest probability, the first of equals, for each row."""
    own = np.asarray(classes, dtype=np.int64)
    return own[probabilities[:, own].argmax(axis=1)]


def _classes(work: Workspace, index: int) -> Int64[np.ndarray, "n"]:
    """The class of each image of a GAN."""
    told = LabelledParameters.of(work.task)
    one = told.sets[index]
    if len(one.classes) == 1:
        return np.full(one.count, one.classes[0], dtype=np.int64)
    if one.drawn is None:
        found = read_embedding(work, f"guesses/{index}").probabilities[: one.count]
        return likeliest(found, one.classes)
    trained = work.input(f"told/{index}").result
    channels, height, width = trained["shape"]
    law = one.drawn.model.noise(tuple(trained["class_counts"]), (channels, height, width))
    assert isinstance(law, Labelled)  # else the study would have had it guessed
    places = law.labels(one.drawn.seed, STREAM, 0, one.count).astype(np.int64)
    return np.asarray(sorted(one.classes))[places]


def _cost(task: Task, plan: Plan) -> Cost:
    channels, height, width = image_shape(plan)
    return Cost(0.0, sum(LabelledParameters.of(task).counts) * channels * height * width)


def _memory(task: Task, plan: Plan) -> int:
    """All images that were made, put together, chosen and packed."""
    made = [task.inputs[role] for role in task.inputs if role.startswith("images/")]
    return 4 * sum(made_memory(one, plan) for one in made) + LITTLE


STAGE = Stage(label_images, memory=_memory, cost=_cost)
