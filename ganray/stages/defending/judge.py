"""What a classifier says of test images as they are, attacked, and projected after that."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Int64, UInt8

from ganray.plan import Plan, Task
from ganray.plan.defending import CLEAN, JudgeParameters
from ganray.runs.records.parts import read_joined
from ganray.sample import quantise
from ganray.specs import EmbedSpec
from ganray.stages.defending.inputs import (
    Images,
    as_floats,
    chosen_images,
    classified,
    shown,
    victim_of,
)
from ganray.stages.needs import LITTLE, embedder_memory, image_bytes, images_memory
from ganray.stages.stage import FLOAT_BYTES, Stage
from ganray.stages.workspace import Workspace
from ganray.tensors import pack

_SHOWN = 10


def judge(work: Workspace) -> None:
    """How often the classifier is right about what was made of the images; a few of them to see."""
    told = JudgeParameters.of(work.task)
    images, labels = chosen_images(work, told.chosen)
    network, clean = victim_of(work, images), as_floats(images)
    arrays, rows = {"labels": labels}, []
    for made in _made(work):
        attacked = shown(work, f"attacked/{made}", told.chosen)
        guesses = classified(network, attacked)
        arrays |= {f"guesses/{made}": guesses, f"shown/{made}": _picture(attacked)}
        row: dict[str, Any] = {"made": made, "right": int((guesses == labels).sum()), "sides": {}}
        for side, kinds in told.kinds.items():
            if f"projected/{side}/{made}" in work.task.inputs:
                found = read_joined(work.store, work.input(f"projected/{side}/{made}"), "images")
                answers = classified(network, found["images"])
                arrays[f"guesses/{side}/{made}"] = answers
                arrays[f"shown/{side}/{made}"] = _picture(found["images"])
                by_residual = _by_residual(found["residuals"], kinds, labels)
                row["sides"][side] = _side(answers, guesses, labels) | by_residual
        rows.append(row | _distances(attacked, clean))
    work.commit({"judged.safetensors": pack(arrays)}, {"count": len(labels), "rows": rows})


def _picture(images: Images) -> UInt8[np.ndarray, "m c h w"]:
    return quantise(torch.from_numpy(images[:_SHOWN]))


def _made(work: Workspace) -> list[str]:
    """What was done to the images: nothing, then the attacks in the order of the study."""
    made = {role.rpartition("/")[2] for role in work.task.inputs if "/" in role}
    # "2" of an attack of the classifier, "2 joint" of one of a side.
    return [CLEAN, *sorted(made - {CLEAN}, key=_number)]


def _number(made: str) -> tuple[int, str]:
    return int(made.partition(" ")[0]), made


def _distances(attacked: Images, clean: Images) -> dict[str, float]:
    """How far the attack went: means over the images of the L₂ norm, and of the greatest change."""
    change = (attacked.astype(np.float64) - clean).reshape(len(clean), -1)
    return {
        "l2": float(np.linalg.norm(change, axis=1).mean()),
        "greatest": float(np.abs(change).max(axis=1).mean()),
    }


def _side(
    answers: Int64[np.ndarray, "n"],
    guesses: Int64[np.ndarray, "n"],
    labels: Int64[np.ndarray, "n"],
) -> dict[str, int]:
    """How often the defended classifier is right, and how often the projection changes what it
    says: of all images, and of those of which it was right before."""
    moved, known = answers != guesses, guesses == labels
    return {
        "right": int((answers == labels).sum()),
        "moved": int(moved.sum()),
        "known": int(known.sum()),
        "lost": int((moved & known).sum()),
    }


def _by_residual(
    residuals: np.ndarray, kinds: list[list[int]], labels: Int64[np.ndarray, "n"]
) -> dict[str, Any]:
    """How often the nearest GAN is one of the image's class; and how far away it is."""
    finite = np.where(np.isfinite(residuals), residuals, np.inf)
    nearest, least = finite.argmin(axis=1), finite.min(axis=1)
    reached = least[np.isfinite(least)]  # the others' descents have all run away
    said: dict[str, Any] = {"residual": float(reached.mean()) if len(reached) else None}
    if len(kinds) > 1:
        right = [label in kinds[place] for place, label in zip(nearest, labels, strict=True)]
        said["by_residual"] = int(sum(right))
    return said


def _memory(task: Task, plan: Plan) -> int:
    """Images as they were, attacked and projected, in 32 bits and more; and the classifier."""
    chosen = JudgeParameters.of(task).chosen
    held = images_memory(plan, "test", chosen.classes)
    floats = 7 * chosen.count * image_bytes(plan) * FLOAT_BYTES
    network = embedder_memory(task.inputs["embedder"], plan, EmbedSpec().chunk)
    return held + floats + network + LITTLE


STAGE = Stage(judge, memory=_memory)
