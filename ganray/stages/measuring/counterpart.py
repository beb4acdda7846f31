"""How far translated images are from what they should have become, where that is known."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from ganray.plan import Plan, Task
from ganray.plan.measuring import CounterpartParameters
from ganray.stages.artifacts import read_embedding, read_images
from ganray.stages.needs import DOUBLE_BYTES, LITTLE, image_bytes, images_memory, made_memory
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace

Images = UInt8[np.ndarray, "n c h w"]
_BLOCK = 1024  # images compared at once


def compare_counterparts(work: Workspace) -> None:
    """The distance of translations, and of images left as they are, from the counterparts; how
    often the encoder gives a translation the class that it gives its counterpart."""
    told, dataset = CounterpartParameters.of(work.task), work.dataset()
    sources, targets = (
        dataset.images("held_out", classes)[0] for classes in (told.sources, told.targets)
    )
    made = read_images(work.store, work.input("images"))[: len(targets)]
    result = {
        "distance": distance(made, targets),
        "untouched": distance(sources, targets),
        "count": len(made),
    }
    if "features" in work.task.inputs:
        known = [
            read_embedding(work, role).probabilities[:, told.targets].argmax(axis=1)
            for role in ("features", "held_out")
        ]
        rows = np.concatenate([np.arange(*span) for span in told.rows])
        result["kept"] = float((known[0][: len(rows)] == known[1][rows]).mean())
    work.commit({}, result)


def distance(images: Images, others: Images) -> float:
    """The mean absolute difference of pixels in [0, 1]."""
    total = 0
    for start in range(0, len(images), _BLOCK):
        block = images[start : start + _BLOCK].astype(np.int16)
        total += int(np.abs(block - others[start : start + _BLOCK]).sum(dtype=np.int64))
    return total / (255 * images.size)


def _memory(task: Task, plan: Plan) -> int:
    """Translations, sources and targets, and a block of differences."""
    held = made_memory(task.inputs["images"], plan) + 2 * images_memory(plan, "held_out")
    return held + 3 * _BLOCK * image_bytes(plan) * DOUBLE_BYTES + LITTLE


STAGE = Stage(compare_counterparts, memory=_memory)
