"""Sets of images that were scored, each by its first ones; nothing is picked by hand."""

from __future__ import annotations

import numpy as np

from ganray.data import Dataset
from ganray.data.spec import SPLITS
from ganray.errors import GanrayError
from ganray.plan.parameters import EmbedParameters
from ganray.report.drawing.figures import image_grid
from ganray.report.page import Block, Figure, Gallery, Paragraph, Section
from ganray.report.reading.pictures import split_images
from ganray.report.reading.results import Results
from ganray.runs.records.inputs import dataset_location

_COLUMNS, _SHOWN = 8, 64
_SETS = 12  # shown at most, which keeps the page's size in bounds


def image_sets_section(results: Results) -> Section | None:
    """Images of the real set and of each other, from all over it, in its order."""
    encoder = next(iter(results.measured), None)
    if encoder is None:
        return None
    start = f"embed/{encoder.encoder}/"
    roles = [role for role in results.plan.roles if role.startswith(start)]
    figures = [shown for role in roles[:_SETS] if (shown := _figure(results, role, start))]
    more = f" {len(roles) - _SETS} more are not shown." if len(roles) > _SETS else ""
    blocks: list[Block] = [
        Paragraph(f"Of each set images at equal distances in its order, none chosen.{more}"),
        Gallery(figures, "panels"),
    ]
    return Section("The sets", "sets", blocks) if figures else None


def _figure(results: Results, role: str, start: str) -> Figure | None:
    task = results.plan.task(role)
    told, name = EmbedParameters.of(task), role.removeprefix(start)
    if task.inputs["data"] not in results.manifests:
        return None
    splits = SPLITS if told.split == "all" else (told.split,)
    try:
        dataset = Dataset.open(dataset_location(results.store, task.inputs["data"], None))
        count = sum(sum(dataset.info.counts[split]) for split in splits if split)
        rows = np.linspace(0, count - 1, min(count, _SHOWN)).astype(int)
        images = split_images(dataset, [split for split in splits if split], rows)
    except GanrayError as error:
        results.damaged[name] = str(error)
        return None
    scored = f", {told.drawn:,} of them scored" if told.drawn else ""
    title = f"{name}: {count:,} images{scored}"
    return Figure([image_grid(images, _COLUMNS, title)], title)
