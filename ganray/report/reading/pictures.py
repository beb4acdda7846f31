"""The images that features were made of, read from the store by their numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64, UInt8

from ganray.data import Dataset
from ganray.data.spec import SPLITS, Split
from ganray.errors import StoreError
from ganray.plan import Task
from ganray.plan.parameters import EmbedParameters
from ganray.randomness import permutation
from ganray.report.reading.results import Results
from ganray.runs.records.inputs import dataset_location

Images = UInt8[np.ndarray, "n c h w"]


def embedded_images(
    results: Results, tasks: Sequence[Task], rows: Int64[np.ndarray, "k"]
) -> UInt8[np.ndarray, "k c h w"]:
    """Some images of the sets whose features tasks made, one set after another.

    Args:
        rows: their numbers, counted through all sets.

    Raises:
        StoreError: they are not in the store, or cannot be read.
    """
    found: dict[int, np.ndarray] = {}
    first = 0
    for task in tasks:
        count = _count(results, task)
        own = np.unique(rows[(rows >= first) & (rows < first + count)])
        if len(own):
            found |= dict(zip(own.tolist(), _read(results, task, own - first), strict=True))
        first += count
    return np.stack([found[row] for row in rows.tolist()])


def _count(results: Results, task: Task) -> int:
    manifest = results.manifest(task)
    if manifest is None:
        raise StoreError(f"{task.title} is not in the store")
    return int(manifest.result["count"])


def _read(results: Results, task: Task, rows: Int64[np.ndarray, "n"]) -> Images:
    if "images" in task.inputs:
        made = results.rows(results.plan.by_address[task.inputs["images"]], "images")
        if made is None:
            raise StoreError(f"the images of {task.title} cannot be read")
        images: Images = made["images"][rows]
        return images
    told = EmbedParameters.of(task)
    external = results.plan.dataset.get("url")
    dataset = Dataset.open(dataset_location(results.store, task.inputs["data"], external))
    splits = SPLITS if told.split == "all" else (told.split,)
    names = [split for split in splits if split]
    if told.drawn is not None:
        count = sum(sum(dataset.info.counts[split]) for split in names)
        rows = permutation(0, "drawn", 0, count)[: told.drawn][rows]
    return split_images(dataset, names, rows)


def split_images(dataset: Dataset, splits: Sequence[Split], rows: Int64[np.ndarray, "n"]) -> Images:
    """The images at some places in the order of splits and classes; one class is read at a time."""
    found: dict[int, np.ndarray] = {}
    first = 0
    for split in splits:
        for label, count in enumerate(dataset.info.counts[split]):
            own = np.unique(rows[(rows >= first) & (rows < first + count)])
            if len(own):
                images = dataset.images(split, [label])[0][own - first]
                found |= dict(zip(own.tolist(), images, strict=True))
            first += count
    return np.stack([found[row] for row in rows.tolist()])
