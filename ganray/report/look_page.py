"""The page of a source: what it holds, and images of each of its classes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from ganray.data.showing.look import Look
from ganray.report.drawing.contact_sheet import LARGEST, TILE, Shown
from ganray.report.drawing.figures import image_grid
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


def look_page(
    look: Look,
    images: Shown,
    classes: Sequence[int],
    settings: str,
    numbered: Collection[int] = (),
) -> Page:
    """A source as a page.

    Args:
        classes: those that `images` are of.
        settings: lines of a study file with which it fits.
        numbered: classes that stand in the sheet by their numbers, as no font has their letters.
    """
    return Page.of(
        look.name,
        f"Data ({look.format})",
        f"{headline(look)}. {verdict(look)}",
        [
            _refused(look, settings),
            Section("What it holds", "stored", _stored(look)),
            _pictures(look, images, classes, numbered) if images else None,
            Section("Classes", "classes", _classes(look)),
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
    told = [spans(look), *fault_lines(look), split_sentence(look), balance(look),
            repeats_sentence(look), *further(look)]  # fmt: skip
    told = [line for line in told if line]
    shapes = shape_rows(look)
    rows = [[shape, f"{count:,}"] for shape, count in shapes]
    columns = [Column("channels×height×width"), Column("images", numeric=True)]
    table = _with_bars("Shapes as stored", columns, rows, [count for _, count in shapes])
    return [table, *map(Paragraph, told)]


def _classes(look: Look) -> list[Block]:
    count, splits = len(look.class_names), splits_of(look)
    chosen = some_classes(count, FIRST, LAST)
    told = class_rows(look, chosen)
    columns = [Column("class"), *(Column(split, numeric=True) for split in splits)]
    rows = [[name, *(f"{number:,}" for number in numbers)] for name, numbers in told]
    if count > len(chosen):
        rows.insert(FIRST, [f"… {count - len(chosen):,} others", *[""] * len(splits)])
    if count > 1:
        rows.append(["all", *(f"{sum(look.counts[split]):,}" for split in splits)])
    totals = [sum(numbers) for _, numbers in told]
    if count > len(chosen):
        totals.insert(FIRST, 0)
    return [_with_bars("Images of each class", columns, rows, totals)]


def _with_bars(
    caption: str, columns: list[Column], rows: list[list[str]], counts: list[int]
) -> Table:
    """A table with counts drawn beside its rows, where they differ; of no count no bar."""
    if len({count for count in counts if count}) < 2:
        return Table(caption, columns, [list(row) for row in rows])
    ends = 0.0, float(max(counts))
    values = map(float, counts)
    bars: list[str | Strip] = [
        Strip([Mark("", value, "accent", 0.0, value)], ends) if value else "" for value in values
    ]
    bars += [""] * (len(rows) - len(bars))
    drawn = [[*row, bar] for row, bar in zip(rows, bars, strict=True)]
    return Table(caption, [*columns, Column("")], drawn)


def _pictures(
    look: Look, images: Shown, classes: Sequence[int], numbered: Collection[int]
) -> Section:
    figures = []
    for label in classes:
        own = [(split, images[label, split]) for split in splits_of(look)
               if (label, split) in images]  # fmt: skip
        name = look.class_names[label]
        if own:
            pictures = [image_grid(some, len(some), f"{name}, {split}", TILE)
                        for split, some in own]  # fmt: skip
            lines = [f"{split} {look.counts[split][label]:,}" for split, _ in own]
            also = f" (class {label} in sheet.png)" if label in numbered else ""
            figures.append(Figure(pictures, f"{name}{also}", lines))
    said = Paragraph(said_of_pictures(look, images, classes), note=True)
    return Section("Pictures", "pictures", [said, Gallery(figures, "rows")])


def said_of_pictures(look: Look, images: Shown, classes: Sequence[int]) -> str:
    """Which are shown, and how large."""
    count = len(look.class_names)
    shape = look.shape or (1, 1, 1)
    height, width = next(iter(images.values())).shape[2:] if images else shape[1:]
    those = f" of the first {FIRST} and the last {LAST} of {count:,} classes"
    of = those if len(classes) < count else ""
    if (height, width) != shape[1:]:
        scaled = f"scaled down to {LARGEST} pixels"
    elif (times := max(1, int(np.round(TILE / width)))) > 1:
        scaled = f"enlarged {times} times"
    else:
        scaled = "as large as they are"
    return f"Some images{of}, evenly spread over each split, {scaled}."
