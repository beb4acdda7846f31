"""Classifiers under attack, bare and behind projections; and the pictures that they were shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganray.plan.defending import CLEAN, judge_role
from ganray.report.drawing.figures import image_grid
from ganray.report.page import (
    Column,
    Figure,
    Gallery,
    Paragraph,
    Section,
    Strip,
    Table,
)
from ganray.report.reading.judged import Judged, classifiers, judged
from ganray.report.reading.results import Results
from ganray.report.sections.defending.moved import moved_section, share
from ganray.text.wording import listed, number

_BARE = "bare"
_TILE = 28  # CSS pixels of an image's width


def defence_lead(results: Results) -> str:
    """Of the first classifier: clean images, the first attack of it alone, and the strongest one of
    those that see the defence."""
    rows = [one for one in judged(results) if one.letter == classifiers(results)[0]]
    if not rows:
        return "Nothing has been judged yet."
    clean, count = rows[0], rows[0].count
    said = [f"Classifier {clean.letter} knows {_percent(clean.right, count)} of {count:,} test "
            f"images, {_behind([clean])}."]  # fmt: skip
    bare = next((one for one in rows if one.attack and not one.behind), None)
    if bare:
        left = _percent(bare.right, count)
        said.append(f"{bare.name} of the bare classifier leaves {left}, {_behind([bare])}.")
    if any(one.behind for one in rows):
        said.append(f"Of attacks of the defence itself the strongest leaves {_least(rows)}.")
    return " ".join(said)


def _least(rows: Sequence[Judged]) -> str:
    """Of the attacks that see a side, the one that leaves least behind it."""
    found = []
    for side in dict.fromkeys(one.behind for one in rows if one.behind):
        mine = [one for one in rows if one.behind == side]
        one = min(mine, key=lambda one: int(one.sides[side]["right"]))
        left = _percent(one.sides[side]["right"], one.count)
        title = one.attack.title if one.attack else ""
        found.append(f"{left} behind the {side} projection ({title})")
    return listed(found)


def _behind(rows: Sequence[Judged]) -> str:
    return listed([
        f"{_percent(one['right'], row.count)} behind the {side} projection"
        for row in rows
        for side, one in row.sides.items()
    ])  # fmt: skip


def _percent(count: int, n: int) -> str:
    return f"{100 * count / n:.0f}%"


def defence_sections(results: Results) -> list[Section]:
    """Accuracies, what the projections move, pictures."""
    return [_accuracies(results), moved_section(results), _pictures(results)]


def _accuracies(results: Results) -> Section:
    columns = [_BARE, *results.plan.sides]
    table = Table(
        "Shares of the test images that each classifier knows, with Wilson’s 95% intervals over "
        "images; bare, and behind each side’s projection. The change is the mean over images of "
        "the L₂ norm, and of the greatest change of a pixel in [0, 1]",
        [
            Column("classifier"),
            Column("attack"),
            Column("computed against"),
            Column("change: L₂", numeric=True),
            Column("greatest", numeric=True),
            *(Column(one, numeric=True) for one in columns),
        ],
        [_row(one, columns) for one in judged(results)],
    )
    cautions = [Paragraph(caution) for caution in _CAUTIONS]
    return Section("Accuracies", "accuracies", [*cautions[:1], table, *cautions[1:]])


def _row(one: Judged, columns: Sequence[str]) -> list[str | Strip]:
    seen = f"{one.letter} behind {one.behind}" if one.behind else f"{one.letter}, bare"
    cells: list[str | Strip] = [one.letter, one.name, seen if one.attack else "–"]
    cells += [number(one.l2), number(one.greatest)] if one.attack else ["–", "–"]
    counts = {_BARE: one.right} | {side: said["right"] for side, said in one.sides.items()}
    for name in columns:
        cells.append(" ".join(share(counts[name], one.count)) if name in counts else "–")
    return cells


_CAUTIONS = (
    "Attacks that are computed against the bare classifier know nothing of a projection. Behind a "
    "side they are transfer attacks: what they leave there is no measure of robustness, however "
    "good it looks.",
    "A projection has no useful gradient, and the published white-box attack on Defense-GAN takes "
    "gradients through it that are zero: it masks them. Robustness is at most what remains under "
    "attacks of the defence itself. BPDA computes the projection and goes backward as if it were "
    "not there; the attack on z looks for misclassified images among those that the GANs make. "
    "Both are attacks of so many steps: more may find more, and no attack’s failure is a proof.",
    "An attack on z may change what an image shows, more so the poorer the GANs: look at its "
    "pictures, and at how far it goes.",
)


def _pictures(results: Results) -> Section:
    letter = classifiers(results)[0]
    arrays = results.arrays(judge_role(letter), "judged.safetensors")
    if arrays is None:
        return Section("Pictures", "pictures", [Paragraph("Nothing has been judged yet.")])
    rows = [one for one in judged(results) if one.letter == letter]
    title = "The first images, as they are or attacked, above their projections"
    figures = [_figure(arrays, one) for one in rows]
    return Section("Pictures", "pictures", [Gallery(figures, "panels", title)])


def _figure(arrays: dict[str, np.ndarray], one: Judged) -> Figure:
    shown = [arrays[f"shown/{one.made}"]]
    shown += [arrays[f"shown/{side}/{one.made}"] for side in one.sides]
    title = "clean images" if one.made == CLEAN else f"{one.name} of {one.letter}"
    title += f" behind {one.behind}" if one.behind else ""
    below = f"below: projected by {', then by '.join(one.sides)}"
    pictures = [image_grid(np.concatenate(shown), len(shown[0]), f"{title}; {below}", _TILE)]
    return Figure(pictures, title, [below])
