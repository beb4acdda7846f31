"""Sets of images that were scored, each by its first ones; nothing is picked by hand."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64, UInt8

from ganray.data import Dataset
from ganray.data.spec import SPLITS
from ganray.errors import GanrayError
from ganray.report.figures import image_grid
from ganray.report.page import Block, Figure, Gallery, Paragraph, Section
from ganray.report.results import Results
from ganray.runs.inputs import dataset_location

_COLUMNS, _SHOWN = 8, 64
_SETS = 12  # shown at most, which keeps the page's size in bounds


def image_sets_section(results: Results) -> Section | None:
    """Images of the real set and of each other, from all over it, in its order."""
    roles = [role for role in results.plan.roles if role.split("/")[0] == "data"]
    figures = [shown for role in roles[:_SETS] if (shown := _figure(results, role))]
    if not figures:
        return None
    blocks: list[Block] = [
        Paragraph("Of each set images at equal distances in its order, none chosen."),
        Gallery(figures, "panels"),
    ]
    return Section("The sets", "sets", blocks)


def _figure(results: Results, role: str) -> Figure | None:
    address, name = results.plan.roles[role], role.partition("/")[2] or "real"
    if address not in results.manifests:
        return None
    try:
        dataset = Dataset.open(dataset_location(results.store, address, None))
        count = sum(map(sum, dataset.info.counts.values()))
        images = _some(dataset, np.linspace(0, count - 1, min(count, _SHOWN)).astype(int))
    except GanrayError as error:
        results.damaged[name] = str(error)
        return None
    title = f"{name}, {count:,} images"
    return Figure([image_grid(images, _COLUMNS, title)], title)


def _some(dataset: Dataset, rows: Int64[np.ndarray, "n"]) -> UInt8[np.ndarray, "n c h w"]:
    """The images at some places in the order of splits and classes; one class is read at a time."""
    found, first = [], 0
    for split in SPLITS:
        for label, count in enumerate(dataset.info.counts[split]):
            own = rows[(rows >= first) & (rows < first + count)] - first
            if len(own):
                found.append(dataset.images(split, [label])[0][own])
            first += count
    return np.concatenate(found)
