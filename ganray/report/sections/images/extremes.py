"""Images that stand out: outliers, copies, duplicates, and kinds that there are too many of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ganray.errors import GanrayError
from ganray.models.encoders import ENCODERS
from ganray.plan import Task
from ganray.plan.measuring import ExtremesParameters
from ganray.report.drawing.figures import image_grid
from ganray.report.page import Block, Details, Figure, Gallery, Paragraph, Section
from ganray.report.reading.pictures import Images, embedded_images
from ganray.report.reading.results import Results
from ganray.text.wording import number

_TILE = 56


def extremes_section(results: Results) -> Section | None:
    """A fold for each side on each encoder; None where none was planned."""
    roles = [role for role in results.plan.roles if role.startswith("extremes/")]
    if not roles:
        return None
    blocks: list[Block] = [Paragraph(_INTRO)]
    for role in roles:
        encoder, side = role.split("/")[1:]
        told = f"{side}, by {ENCODERS.member(encoder).title}"
        try:
            blocks.append(Details(told, _one(results, results.plan.task(role), side)))
        except GanrayError as error:
            if getattr(error, "away", False):
                raise
            blocks.append(Paragraph(f"{told}: {error}."))
    return Section("Images that stand out", "extremes", blocks)


_INTRO = (
    "Chosen by distances between features, never by hand: what an encoder does not see, it cannot "
    "point to. Numbers are distances. Real sets have outliers and near-duplicates, too. "
    "Of several replicates the first one’s images are looked at."
)


def _one(results: Results, task: Task, side: str) -> list[Block]:
    found = results.result(task)
    if not found:
        return [Paragraph("Not looked for yet.")]
    made = _Set(results, task, "set/")
    real = _Set(results, task, "reference", "test")
    training = _Set(results, task, "training", "train")
    blocks = [
        _pairs("Farthest from real images, above the nearest", found["outliers"], made, real),
        _pairs("The closest pairs of the set", found["duplicates"], made, made),
    ]
    if "copies" in found:
        title = "Nearest to training images, above these"
        blocks.append(_pairs(title, found["copies"], made, training))
    return [*blocks, *_kinds(found["kinds"], made, _other(results, task, side))]


class _Set:
    """The images of some of a task's inputs."""

    def __init__(self, results: Results, task: Task, start: str, split: str = "") -> None:
        roles = sorted((r for r in task.inputs if r.startswith(start)), key=lambda r: (len(r), r))
        self.results = results
        self.tasks = [results.plan.by_address[task.inputs[role]] for role in roles]
        subset = ExtremesParameters.of(task).subset
        spans = (subset.rows.get(split, []) if subset else []) if split else []  # type: ignore[call-overload]
        self.numbers = np.concatenate([np.arange(*span) for span in spans]) if spans else None

    def images(self, rows: Sequence[int]) -> Images:
        """Those of some numbers, among the images that count."""
        chosen = np.asarray(rows, np.int64)
        chosen = chosen if self.numbers is None else self.numbers[chosen]
        return embedded_images(self.results, self.tasks, chosen)


def _pairs(title: str, found: Sequence[Mapping[str, Any]], first: _Set, second: _Set) -> Gallery:
    """Each pair one above the other, with its distance."""
    if not found:
        return Gallery([], "plates", f"{title}: there are none")
    above = first.images([one["first"] for one in found])
    below = second.images([one["second"] for one in found])
    figures = []
    for one, *both in zip(found, above, below, strict=True):
        said = number(one["distance"])
        picture = image_grid(np.stack(both), 1, f"{title}: distance {said}", _TILE)
        figures.append(Figure([picture], "", [said]))
    return Gallery(figures, "plates", title)


def _kinds(found: Sequence[Sequence[int]], made: _Set, other: str) -> list[Block]:
    """The kinds that KEN's eigenvectors point to, a row of images each."""
    if not found:
        return []
    title = f"Kinds that there are more of than among {other}"
    figures = [
        Figure([image_grid(made.images(rows), len(rows), f"{title}, kind {place}", _TILE)], "")
        for place, rows in enumerate(found, 1)
    ]
    return [Gallery(figures, "panels", title)]


def _other(results: Results, task: Task, side: str) -> str:
    """Whose images kinds are compared with."""
    address = task.inputs.get("other/0")
    if address is None:
        return "real images"
    encoder = next(r for r, a in results.plan.roles.items() if a == task.address).split("/")[1]
    sides = (one for one in results.plan.sides if one != side)
    roles = {one: f"extremes/{encoder}/{one}" for one in sides}
    known = {one: role for one, role in roles.items() if role in results.plan.roles}
    named = (one for one, role in known.items()
             if results.plan.task(role).inputs.get("set/0") == address)  # fmt: skip
    return f"{next(named, 'another side')}’s"
