"""The page of a source: what it holds, and images of each of its classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganray.data.look import Look
from ganray.report.contact_sheet import LARGEST, TILE, Shown
from ganray.report.figures import image_grid
from ganray.report.looked import (
    balance,
    class_rows,
    fault_lines,
    further,
    headline,
    repeats_sentence,
    shape_rows,
    some_classes,
    spans,
    split_sentence,
    splits_of,
    verdict,
)
from ganray.report.page import (
    Block,
    Code,
    Column,
    Figure,
    Gallery,
    Mark,
    Page,
    Paragraph,
    Section,
    Strip,
    Table,
)

FIRST, LAST = 80, 20
"""Classes whose images are shown where there are more."""


def look_page(look: Look, images: Shown, classes: Sequence[int], settings: str) -> Page:
    """A source as a page.

    Args:
        classes: those that `images` are of.
        settings: lines of a study file with which it fits.
    """
    return Page.of(
        look.name,
        f"Data ({look.format})",
        f"{headline(look)}. {verdict(look)}",
        [
            _refused(look, settings),
            Section("Pictures", "pictures", _pictures(look, images, classes)) if images else None,
            Section("Images as they are stored", "stored", _stored(look)),
            Section("Classes and splits", "classes", _classes(look)),
        ],
    )


def _refused(look: Look, settings: str) -> Section | None:
    if not look.refusal:
        return None
    blocks: list[Block] = [Paragraph(look.refusal)]
    if settings:
        blocks += [Paragraph("With these lines in a study file it fits:"), Code(settings.rstrip())]
    return Section("Why it is refused", "refused", blocks)


def _stored(look: Look) -> list[Block]:
    total = sum(look.shapes.values())
    whole = (0.0, 1.0)
    table = Table(
        "Shapes: channels×height×width",
        [Column("shape"), Column("images", numeric=True), Column("share")],
        [[shape, f"{count:,}", Strip([Mark("", count / total, "accent")], whole)]
         for shape, count in shape_rows(look)],
    )  # fmt: skip
    told = [spans(look), *fault_lines(look), repeats_sentence(look), *further(look)]
    return [table, *(Paragraph(line) for line in told if line)]


def _classes(look: Look) -> list[Block]:
    count = len(look.class_names)
    chosen = some_classes(count, FIRST, LAST)
    most = max([sum(numbers) for numbers in zip(*look.counts.values(), strict=True)], default=1)
    columns = [Column("class"), *(Column(split, numeric=True) for split in splits_of(look))]
    rows: list[list[str | Strip]] = [
        [name, *(f"{number:,}" for number in numbers),
         Strip([Mark("", sum(numbers), "accent")], (0.0, float(most)))]
        for name, numbers in class_rows(look, chosen)
    ]  # fmt: skip
    total = [f"{sum(look.counts[split]):,}" for split in splits_of(look)]
    if count > 1:
        rows.append(["all", *total, ""])
    which = "" if len(chosen) == count else f", the first {FIRST} and the last {LAST} of {count:,}"
    table = Table(f"Images of each class{which}", [*columns, Column("of all splits")], rows)
    told = [split_sentence(look), balance(look)]
    return [*(Paragraph(line) for line in told if line), table]


def _pictures(look: Look, images: Shown, classes: Sequence[int]) -> list[Block]:
    figures = []
    for label in classes:
        own = [(split, images[label, split]) for split in splits_of(look)
               if (label, split) in images]  # fmt: skip
        name = look.class_names[label]
        if own:
            pictures = [image_grid(some, len(some), f"{name}, {split}", TILE)
                        for split, some in own]  # fmt: skip
            lines = [f"{split} {look.counts[split][label]:,}" for split, _ in own]
            figures.append(Figure(pictures, name, lines))
    return [Paragraph(said_of_pictures(look, images, classes), note=True), Gallery(figures, "rows")]


def said_of_pictures(look: Look, images: Shown, classes: Sequence[int]) -> str:
    """Which are shown, and how large."""
    count = len(look.class_names)
    shape = look.shape or (1, 1, 1)
    height, width = next(iter(images.values())).shape[2:] if images else shape[1:]
    of = "" if len(classes) == count else f" of {len(classes)} of {count:,} classes"
    if (height, width) != shape[1:]:
        scaled = f"scaled down to {LARGEST} pixels"
    elif (times := max(1, int(np.round(TILE / width)))) > 1:
        scaled = f"enlarged {times} times"
    else:
        scaled = "as large as they are"
    return f"Some images{of}, evenly spread over each split, {scaled}."
