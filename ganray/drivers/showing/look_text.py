"""What a source holds, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from ganray.data.showing.look import Look
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
)

_FIRST, _LAST = 20, 5
_LONGEST = 40  # columns of a class's name


def look_text(look: Look, settings: str) -> str:
    """All that matters of it, in lines.

    Args:
        settings: lines of a study file with which it fits.
    """
    shapes = [[shape, f"{count:,}"] for shape, count in shape_rows(look)]
    parts = [
        f"{look.name} ({look.format}): {headline(look)}",
        *_refused(look, settings),
        "\n".join([*_table([["shape as stored", "images"], *shapes]), *_lines(spans(look))]),
        "\n".join(_classes(look)),
        "\n".join([*fault_lines(look), *_lines(split_sentence(look), balance(look)),
                   repeats_sentence(look), *further(look)]),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part)


def _refused(look: Look, settings: str) -> list[str]:
    if not look.refusal:
        return []
    told = [f"A study refuses it as it is: {look.refusal}"]
    if settings:
        told += [f"With these lines in a study file it fits, and what follows is told of it so:\n\n"
                 f"{settings.rstrip()}"]  # fmt: skip
    return told


def _classes(look: Look) -> list[str]:
    count = len(look.class_names)
    chosen = some_classes(count, _FIRST, _LAST)
    rows = [[name, *(f"{number:,}" for number in numbers)]
            for name, numbers in class_rows(look, chosen)]  # fmt: skip
    if count > len(chosen):
        rows.insert(_FIRST, [f"… {count - len(chosen):,} others", *[""] * len(splits_of(look))])
    if count > 1:
        rows.append(["all", *(f"{sum(look.counts[split]):,}" for split in splits_of(look))])
    return _table([["class", *splits_of(look)], *rows])


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns of equal width, the first flush left, the others right."""
    cut = [[row[0] if cell_len(row[0]) <= _LONGEST else set_cell_size(row[0], _LONGEST - 1) + "…",
            *row[1:]] for row in rows]  # fmt: skip
    widths = [max(map(cell_len, column)) for column in zip(*cut, strict=True)]
    return [
        "  ".join([set_cell_size(row[0], widths[0]),
                   *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))])
        .rstrip()
        for row in cut
    ]  # fmt: skip


def _lines(*told: str) -> list[str]:
    return [line for line in told if line]
