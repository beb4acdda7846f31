"""The clusters that stand in for classes: their sizes, their images, how they agree with labels."""

from __future__ import annotations

from typing import Any

from ganray.models.encoders import ENCODERS
from ganray.plan import Task
from ganray.plan.parameters import SplitParameters
from ganray.report.drawing.figures import image_grid
from ganray.report.page import Block, Column, Figure, Gallery, Paragraph, Section, Table
from ganray.report.reading.results import Results

_SHOWN = 20  # clusters, and classes in a column each, at most


def clusters_section(results: Results) -> Section | None:
    """What `split` found; None where the study's GANs are of classes."""
    task = next((one for one in results.plan.tasks if one.kind == "split"), None)
    if task is None:
        return None
    found = results.result(task)
    if not found:
        return Section("Clusters", "clusters", [Paragraph("They are not found yet.")])
    blocks: list[Block] = [Paragraph(_intro(results, task, found)), _table(results, found)]
    return Section("Clusters", "clusters", [*blocks, *_pictures(results, task, found)])


def _intro(results: Results, task: Task, found: dict[str, Any]) -> str:
    told, restarts = SplitParameters.of(task), len(found["inertias"])
    encoder = ENCODERS.member(results.plan.settings["split"]["encoder"]["name"]).title
    uniform = results.plan.settings["evaluate"]["mixture"] == "uniform"
    how_often = "equally often" if uniform else "as often as its cluster has images"
    said = (
        f"Marginal GANs are of {told.clusters} clusters, which k-means found among the "
        f"{sum(found['sizes']):,} training images by features of {encoder} (the best of "
        f"{restarts} restarts), without a look at labels; the largest is the first. The marginal "
        f"side’s samples are drawn from each GAN {how_often}"
    )
    agreement = found.get("adjusted_rand_index")
    if agreement is None:
        return f"{said}."
    return (
        f"{said}. Adjusted Rand index against the data set’s labels: {agreement:.3f} (1: the same "
        "partition; 0: no better than chance)."
    )


def _table(results: Results, found: dict[str, Any]) -> Table:
    counts, names = found.get("table"), results.class_names[:_SHOWN]
    rows: list[list[Any]] = [
        [str(index), f"{size:,}", *(f"{n:,}" for n in (counts[index] if counts else [])[:_SHOWN])]
        for index, size in enumerate(found["sizes"][:_SHOWN])
    ]
    columns = [Column("cluster"), Column("images", numeric=True)]
    columns += [Column(name, numeric=True) for name in names] if counts else []
    some = f" (the first {_SHOWN})" if len(found["sizes"]) > _SHOWN else ""
    what = "training images, and how many are of each class" if counts else "training images"
    return Table(f"Clusters{some}: {what}", columns, rows)


def _pictures(results: Results, task: Task, found: dict[str, Any]) -> list[Block]:
    """Images of each cluster, evenly from its first to its last."""
    stored = results.arrays(task, "clusters.safetensors")
    if stored is None:
        return []
    figures = []
    for index, (size, row) in enumerate(zip(found["sizes"], stored["sheet"], strict=True)):
        images, alt = row[: min(size, len(row))], f"training images of cluster {index}"
        figures.append(
            Figure([image_grid(images, 4, alt)], f"cluster {index}", [f"of {size:,} images"])
        )
    title = "Training images of each cluster, evenly from its first to its last"
    return [Gallery(figures[:_SHOWN], "triptych", title)]
