"""Siblings of real images: as pictures, as judged, and as lessons for another classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganray.metrics.intervals import mean_interval
from ganray.report.drawing.figures import image_grid
from ganray.report.page import Block, Column, Figure, Gallery, Paragraph, Section, Strip, Table
from ganray.report.reading.results import Results
from ganray.text.wording import interval, number

ALONE = "real"
"""The side of classifiers that are taught by real images alone."""


def lesson_role(shown: str, side: str, real: int, replicate: int) -> str:
    """What the study calls the teaching of a classifier."""
    return f"lesson/{shown}/{side}/{real}/{replicate}"


def siblings_lead(results: Results) -> str:
    """How often the classifier is fooled, and what siblings add to the fewest real images."""
    said = []
    for side in results.plan.sides:
        if judged := _judged(results, side):
            share = mean_interval([one["fooled"] for one in judged]).mean
            said.append(f"{side} fools the classifier with {100 * share:.0f}% of its siblings.")
    real = sorted(results.plan.settings["real"])[0]
    alone = _accuracies(results, "real", ALONE, real)
    for side in results.plan.sides:
        both = _accuracies(results, "both", side, real)
        if both and alone:
            said.append(
                f"{real} real images teach {_percent(alone)} of the test images, with {side}’s "
                f"siblings {_percent(both)}."
            )
    return " ".join(said) or "Nothing has been measured yet."


def _percent(shares: Sequence[float]) -> str:
    return f"{100 * mean_interval(shares).mean:.1f}%"


def siblings_sections(results: Results) -> list[Section]:
    """Pictures and judgements of every side; then the lessons."""
    return [_siblings(results), _lessons(results)]


def _judged(results: Results, side: str) -> list[dict[str, Any]]:
    roles = [role for role in results.plan.roles if role.startswith(f"siblings/{side}/")]
    return [found for role in roles if (found := results.result(role))]


def _siblings(results: Results) -> Section:
    blocks: list[Block] = [
        Gallery(
            [_picture(results, side) for side in results.plan.sides],
            "sheet",
            "Held-out images (left), each with its siblings of all other classes in their order",
        ),
        Table(
            "Of siblings of held-out images, with Student’s 95% intervals over replicates: the "
            "share that the classifier takes for the wanted class, and for the source’s; the mean "
            "absolute change of pixels in [0, 1]; and the share to which no training image, and "
            "none of the other images that have siblings here, is nearer than the source",
            [
                Column("side"),
                *(
                    Column(name, numeric=True)
                    for title in ("fooled", "class kept", "change", "nearest to its source")
                    for name in (title, "95% interval")
                ),
            ],
            [_row(results, side) for side in results.plan.sides],
        ),
    ]
    return Section("Siblings", "siblings", blocks)


def _row(results: Results, side: str) -> list[str | Strip]:
    judged = _judged(results, side)
    cells: list[str | Strip] = [side]
    for name in ("fooled", "kept", "distance", "nearest"):
        cells += _mean([one[name] for one in judged])
    return cells


def _mean(values: Sequence[float]) -> list[str]:
    if not values:
        return ["–", "–"]
    mean = mean_interval(values)
    return [number(mean.mean), interval(mean.low, mean.high) or "one replicate"]


def _picture(results: Results, side: str) -> Figure:
    roles = [role for role in results.plan.roles if role.startswith(f"siblings/{side}/")]
    found = results.arrays(roles[0], "siblings.safetensors") if roles else None
    if found is None:
        return Figure([], side, ["not judged yet"])
    shown = found["shown"]
    images = shown.reshape(-1, *shown.shape[2:])
    return Figure([image_grid(images, shown.shape[1], f"{side}: images and siblings")], side)


def _accuracies(results: Results, shown: str, side: str, real: int) -> list[float]:
    start = lesson_role(shown, side, real, 0).rpartition("/")[0] + "/"
    found = (results.result(role) for role in results.plan.roles if role.startswith(start))
    return [one["accuracy"] for one in found if one]


def _lessons(results: Results) -> Section:
    taught = [("real", ALONE, "real images alone")]
    for side in results.plan.sides:
        taught += [
            ("both", side, f"with siblings by {side}"),
            ("siblings", side, f"{side}’s alone"),
        ]
    rows: list[list[str | Strip]] = []
    for real in sorted(results.plan.settings["real"]):
        for shown, side, called in taught:
            accuracies = _accuracies(results, shown, side, real)
            rows.append([f"{real:,}", called, *_mean(accuracies), str(len(accuracies))])
    table = Table(
        "What classifiers know of the test images that were taught in equal iterations",
        [
            Column("real images"),
            Column("taught by"),
            Column("accuracy", numeric=True),
            Column("95% interval", numeric=True),
            Column("replicates", numeric=True),
        ],
        rows,
    )
    return Section("Lessons", "lessons", [table, Paragraph(_NOTE, note=True)])


_NOTE = (
    "Siblings are by GANs that have seen all training images and their classes: with few real "
    "images they bring back what these GANs have learnt, which such a classifier could not know."
)
