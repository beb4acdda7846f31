"""The probe images of the range-space search, and the real images nearest to them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, UInt8

from ganray.data import Dataset, DatasetSpec, open_source
from ganray.data.probe import add_noise, draw
from ganray.errors import RefusedInput
from ganray.metrics.nearest import nearest
from ganray.plan.parameters import TargetsParameters
from ganray.stages.stage import Stage
from ganray.stages.workspace import Workspace
from ganray.tensors import pack

Images = UInt8[np.ndarray, "n c h w"]


def draw_targets(work: Workspace) -> None:
    """Collect the probe images, and for each the nearest real training image by pixels."""
    told, dataset = TargetsParameters.of(work.task), work.dataset()
    named = [(name, _target(name, dataset, told.other_data)) for name in told.targets]
    images = np.stack([image for _, image in named])
    beside, distances = nearest_images(images, dataset.images("train")[0])
    arrays = {"images": images, "nearest": beside, "nearest_residuals": distances}
    work.commit({"targets.safetensors": pack(arrays)}, {"names": [name for name, _ in named]})


def nearest_images(
    targets: Images, images: UInt8[np.ndarray, "m c h w"]
) -> tuple[Images, Float32[np.ndarray, "n"]]:
    """The nearest of `images` to each target, and its pixel-mean squared error on [0, 1].

    Distances are exact, as `nearest` says.
    """
    rows, among = (one.reshape(len(one), -1) for one in (targets, images))
    found, squared = nearest(rows, among)
    return images[found], (squared / (255.0**2 * rows.shape[1])).astype(np.float32)


def _target(name: str, dataset: Dataset, other: DatasetSpec | None) -> UInt8[np.ndarray, "c h w"]:
    """`real <class>`, `noisy <class>`, `other <n>` (of the other data set) or a drawing's name."""
    kind, _, which = name.partition(" ")
    if kind == "other":
        assert other is not None  # else the plan names no image of it
        return _other_images(other, dataset.info.shape)[int(which)]
    if kind not in ("real", "noisy"):
        return draw(name, dataset.info.shape)
    index = dataset.info.class_names.index(which)
    image = dataset.images("test", [index])[0][0]
    return add_noise(image) if kind == "noisy" else image


def _other_images(spec: DatasetSpec, shape: tuple[int, int, int]) -> Images:
    """The first image of each class of another data set, in its batches' order."""
    source = open_source(spec)
    info = source.describe()
    if tuple(info.shape) != tuple(shape):
        raise RefusedInput(
            f"search.other.source (={spec.source!r}) has images of shape {info.shape}; "
            f"the study's have {tuple(shape)}"
        )
    first: dict[int, UInt8[np.ndarray, "c h w"]] = {}
    for batch in source.batches():
        for image, label in zip(batch.images, batch.labels, strict=True):
            first.setdefault(int(label), image)
        if len(first) == len(info.class_names):
            break
    return np.stack([first[label] for label in sorted(first)])


STAGE = Stage(draw_targets)
