"""Classes that are found instead of told: training images in clusters of their features."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Int32, Int64, UInt8

from ganray.data import Dataset
from ganray.data.pictures.files import png
from ganray.errors import RefusedInput
from ganray.k_means import adjusted_rand_index, contingency, k_means
from ganray.plan import Plan, Task
from ganray.plan.parameters import SplitParameters
from ganray.runs.records.parts import Arrays
from ganray.stages.artifacts import chunk_arrays, read_embedding
from ganray.stages.needs import LITTLE, images_memory, pairs_memory, rows_memory
from ganray.stages.sampling.embed import embedding_of_split
from ganray.stages.stage import FLOAT_BYTES, Cost, Stage
from ganray.stages.workspace import Workspace
from ganray.tensors import pack

FILE, PICTURE = "clusters.safetensors", "clusters.png"
_SHOWN = 16  # images of each cluster on the contact sheet
_USUAL_MOVES = 30  # of the centres, for what it costs


def cluster_chunk(work: Workspace, index: int) -> Arrays:
    """One restart of k-means on the features of all training images."""
    told = SplitParameters.of(work.task)
    found = k_means(read_embedding(work, "features").features, told.clusters, told.seed, index)
    return {
        "inertia": np.array([found.inertia]),
        "assignment": found.assignment.astype(np.int32)[None],
        "centres": found.centres[None],
    }


def choose_clusters(work: Workspace) -> None:
    """Commit the restart of the least inertia: each image's cluster, and the clusters' centres.

    The clusters are in the order of their sizes, the largest first. Where the images have labels,
    the result says how the clusters agree with them; nothing else is made of these.
    """
    restarts = chunk_arrays(work, "restart")
    best = min(restarts, key=lambda one: float(one["inertia"][0]))
    assignment, centres = _by_size(best["assignment"][0], best["centres"][0])
    dataset = work.dataset()
    images, labels = dataset.images("train")
    sizes = np.bincount(assignment, minlength=len(centres))
    sheet = contact_sheet(images, assignment, len(centres))
    work.commit(
        {
            FILE: pack({"assignment": assignment, "centres": centres, "sheet": sheet}),
            PICTURE: png(_picture(sheet)),
        },
        {
            "sizes": sizes.tolist(),
            "inertias": [float(one["inertia"][0]) for one in restarts],
            **_agreement(dataset, assignment.astype(np.int64), labels),
        },
    )


def _by_size(
    assignment: Int32[np.ndarray, "n"], centres: np.ndarray
) -> tuple[Int32[np.ndarray, "n"], np.ndarray]:
    order = np.argsort(-np.bincount(assignment, minlength=len(centres)), kind="stable")
    places = np.argsort(order).astype(np.int32)
    return places[assignment], centres[order]


def _agreement(
    dataset: Dataset, assignment: Int64[np.ndarray, "n"], labels: Int64[np.ndarray, "n"]
) -> dict[str, Any]:
    if dataset.info.labels == "none":
        return {}
    table = contingency(assignment, labels)
    return {"adjusted_rand_index": adjusted_rand_index(table), "table": table.tolist()}


def contact_sheet(
    images: UInt8[np.ndarray, "n c h w"], assignment: Int32[np.ndarray, "n"], clusters: int
) -> UInt8[np.ndarray, "clusters columns c h w"]:
    """Images of each cluster, evenly from its first to its last; white where it has fewer."""
    sheet = np.full((clusters, _SHOWN, *images.shape[1:]), 255, dtype=np.uint8)
    for cluster in range(clusters):
        rows = np.flatnonzero(assignment == cluster)
        even = np.linspace(0, len(rows) - 1, min(_SHOWN, len(rows))).round().astype(np.int64)
        sheet[cluster, : len(even)] = images[rows[even]]
    return sheet


def _picture(
    sheet: UInt8[np.ndarray, "clusters columns c h w"],
) -> UInt8[np.ndarray, "c height width"]:
    """A cluster in each row."""
    clusters, columns, channels, height, width = sheet.shape
    rows = sheet.transpose(2, 0, 3, 1, 4)
    return np.ascontiguousarray(rows).reshape(channels, clusters * height, columns * width)


def read_clusters(work: Workspace, images: int) -> Int32[np.ndarray, "n"]:
    """The cluster of each training image that the task's `split` input found.

    Raises:
        RefusedInput: they are of other images.
    """
    found: Int32[np.ndarray, "n"] = work.arrays("split", FILE)["assignment"]
    if len(found) != images:
        raise RefusedInput(
            f"{work.task.title}: {len(found)} images are in clusters, and here are {images}"
        )
    return found


def _cost(task: Task, plan: Plan) -> Cost:
    """Of distances and means; its bytes are the chunks'."""
    told, network = SplitParameters.of(task), embedding_of_split(task, plan)
    images = sum(plan.dataset["counts"]["train"])
    once = 4.0 * images * told.clusters * network.dimensions
    size = images + 2 * told.clusters * network.dimensions
    return Cost(task.chunks * _USUAL_MOVES * once, task.chunks * size * FLOAT_BYTES)


def _memory(task: Task, plan: Plan) -> int:
    """The features with blocks of them, or the images of which some are shown."""
    network = embedding_of_split(task, plan)
    count = sum(plan.dataset["counts"]["train"])
    rows = 2 * rows_memory(count, network.dimensions, network.classes)
    near = rows + pairs_memory(network.dimensions, count) + 8 * count * 4
    return max(near, images_memory(plan, "train")) + LITTLE


STAGE = Stage(choose_clusters, cluster_chunk, "restart", memory=_memory, cost=_cost)
