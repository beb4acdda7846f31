"""The probe images of the range-space search, and the real images nearest to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float32, UInt8

from ganray.data import Dataset, open_source
from ganray.data.probe import add_noise, draw
from ganray.errors import RefusedInput
from ganray.metrics.nearest import nearest
from ganray.plan import Plan, Task
from ganray.plan.parameters import TargetsParameters
from ganray.stages.needs import LITTLE, image_bytes, images_memory, pairs_memory
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace
from ganray.tensors import pack

Images = UInt8[np.ndarray, "n c h w"]
Image = UInt8[np.ndarray, "c h w"]


def draw_targets(work: Workspace) -> None:
    """Collect the probe images, and for each the nearest real training image by pixels."""
    told, dataset = TargetsParameters.of(work.task), work.dataset()
    numbers = told.numbers or [0] * len(told.targets)
    others = _other_images(told, dataset.info.shape)
    images = np.stack(
        [
            _target(name, number, dataset, others)
            for name, number in zip(told.targets, numbers, strict=True)
        ]
    )
    beside, distances = nearest_images(images, dataset.images("train", told.classes)[0])
    arrays = {"images": images, "nearest": beside, "nearest_residuals": distances}
    work.commit({"targets.safetensors": pack(arrays)}, {"names": told.called})


def nearest_images(
    targets: Images, images: UInt8[np.ndarray, "m c h w"]
) -> tuple[Images, Float32[np.ndarray, "n"]]:
    """The nearest of `images` to each target, and its pixel-mean squared error on [0, 1].

    Distances are exact, as `nearest` says.
    """
    rows, among = (one.reshape(len(one), -1) for one in (targets, images))
    found, squared = nearest(rows, among)
    return images[found], (squared / (255.0**2 * rows.shape[1])).astype(np.float32)


def _target(
    name: str, number: int, dataset: Dataset, others: Mapping[int, Sequence[Image]]
) -> Image:
    """`real <class>`, `noisy <class>`, `other <n>` (of the other data set) or a drawing's name."""
    kind, _, which = name.partition(" ")
    if kind == "other":
        return others[int(which)][number]
    if kind not in ("real", "noisy"):
        return draw(name, dataset.info.shape, number)
    index = dataset.info.class_names.index(which)
    image: Image = dataset.images("test", [index])[0][number]
    return add_noise(image, seed=number) if kind == "noisy" else image


def _other_images(told: TargetsParameters, shape: tuple[int, int, int]) -> dict[int, list[Image]]:
    """The first images of each class of the other data set, in its batches' order: as many as one
    is asked for of any class."""
    numbers = told.numbers or [0] * len(told.targets)
    pairs = zip(told.targets, numbers, strict=True)
    asked = [number for name, number in pairs if name.startswith("other ")]
    if told.other_data is None or not asked:
        return {}
    source = open_source(told.other_data)
    info = source.describe()
    if tuple(info.shape) != tuple(shape):
        raise RefusedInput(
            f"search.other.source (={told.other_data.named!r}) has images of shape {info.shape}; "
            f"the study's have {tuple(shape)}"
        )
    wanted = max(asked) + 1
    first: dict[int, list[Image]] = {label: [] for label in range(len(info.class_names))}
    for batch in source.batches():
        for image, label in zip(batch.images, batch.labels, strict=True):
            if len(first[int(label)]) < wanted:
                first[int(label)].append(image)
        if all(len(found) == wanted for found in first.values()):
            break
    return first


def _memory(task: Task, plan: Plan) -> int:
    """The training images, and blocks of their pixels."""
    told = TargetsParameters.of(task)
    counts = plan.dataset["counts"]["train"]
    held = images_memory(plan, "train", told.classes)
    return held + pairs_memory(image_bytes(plan), sum(counts)) + LITTLE


STAGE = Stage(draw_targets, memory=_memory)
