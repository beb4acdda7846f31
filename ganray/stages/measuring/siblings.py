"""What siblings of held-out images are taken for, and whether they are any other image's."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64, UInt8

from ganray.metrics.nearest import nearest
from ganray.plan import Plan, Task
from ganray.plan.measuring import SiblingsParameters
from ganray.stages.artifacts import read_embedding, read_images, source_images
from ganray.stages.measuring.counterpart import distance
from ganray.stages.needs import LITTLE, image_bytes, images_memory, made_memory, pairs_memory
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace
from ganray.tensors import pack

_SHOWN = 10


def judge_siblings(work: Workspace) -> None:
    """How often the classifier takes a sibling for the wanted class, or for its source's; how far
    it is from its source; and how often no training image, nor another source, is nearer to it.
    """
    told, dataset = SiblingsParameters.of(work.task).drawn, work.dataset()
    sources, labels = source_images(*work.dataset_place(), told)
    made = read_images(work.store, work.input("images"))
    known = len(told.sources or ())
    each = known - 1
    of = np.arange(len(made)) // each
    wanted = (labels[of] + 1 + np.arange(len(made)) % each) % known
    found = read_embedding(work, "features").probabilities.argmax(axis=1)
    others = dataset.images("train", told.sources)[0]
    pictures = np.concatenate([sources[:_SHOWN, None], made[: _SHOWN * each].reshape(
        min(_SHOWN, len(sources)), each, *sources.shape[1:])], axis=1)  # fmt: skip
    work.commit(
        {"siblings.safetensors": pack({"shown": pictures, "labels": labels[:_SHOWN]})},
        {
            "count": len(made),
            "fooled": float((found == wanted).mean()),
            "kept": float((found == labels[of]).mean()),
            "distance": distance(made, sources[of]),
            "nearest": float((_nearest(made, np.concatenate([sources, others])) == of).mean()),
        },
    )


def _nearest(
    images: UInt8[np.ndarray, "n c h w"], others: UInt8[np.ndarray, "m c h w"]
) -> Int64[np.ndarray, "n"]:
    return nearest(images.reshape(len(images), -1), others.reshape(len(others), -1))[0]


def _memory(task: Task, plan: Plan) -> int:
    """Siblings, their sources, the training images, and blocks of their pixels."""
    held = 2 * made_memory(task.inputs["images"], plan) + 3 * images_memory(plan, "train")
    return held + pairs_memory(image_bytes(plan)) + LITTLE


STAGE = Stage(judge_siblings, memory=_memory)
