"""Classifiers under attack, bare and behind projections; what projections move; pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ganray.attacks import ATTACKS, Attack
from ganray.metrics.intervals import share_interval
from ganray.report.figures import image_grid
from ganray.report.page import (
    Block,
    Column,
    Details,
    Figure,
    Gallery,
    Mark,
    Paragraph,
    Section,
    Strip,
    Table,
    Tone,
)
from ganray.report.results import Results
from ganray.wording import number

CLEAN = "clean"
"""What images are called that nobody attacked."""
_TONES: dict[str, Tone] = {"marginal": "accent", "joint": "ink", "": "third"}


def judge_role(letter: str) -> str:
    """What the study calls the judging by a classifier."""
    return f"judge/{letter}"


def attack_of(results: Results, made: str) -> Attack | None:
    """The attack that made images; None of clean ones."""
    if made == CLEAN:
        return None
    return ATTACKS.parse(results.plan.settings["attacks"][int(made.split()[0])], "attacks")


def _called(results: Results, made: str) -> str:
    attack = attack_of(results, made)
    return attack.title + attack.label.removeprefix(attack.name) if attack else "none"


def _letters(results: Results) -> list[str]:
    return [str(letter) for letter in results.plan.settings["classifiers"]]


def _sides(results: Results, row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What is known of each side behind which images were judged, in the plan's order."""
    return {side: row["sides"][side] for side in results.plan.sides if side in row["sides"]}


def _percent(count: int, n: int) -> str:
    return f"{100 * count / n:.1f}%"


def defence_lead(results: Results) -> str:
    """The first classifier: clean, under the first attack, behind each side, and under the first
    attack that sees the defence."""
    letter = _letters(results)[0]
    judged = results.result(judge_role(letter))
    if not judged:
        return "Nothing has been judged yet."
    n, rows = judged["count"], {row["made"]: row for row in judged["rows"]}
    said = [f"Classifier {letter} knows {_percent(rows[CLEAN]['right'], n)} of {n:,} test images."]
    told: list[str] = []
    for made, row in rows.items():
        attack = attack_of(results, made)
        if attack is None or attack.name in told:
            continue
        if attack.sees == "classifier" and not told:
            behind = ", ".join(
                f"{_percent(one['right'], n)} behind the {side} GANs’ projection"
                for side, one in _sides(results, row).items()
            )
            said.append(f"{_called(results, made)} leaves {_percent(row['right'], n)}; {behind}.")
            told.append(attack.name)
    for attack_name in dict.fromkeys(a.name for a in _seeing(results, rows)):
        parts = [
            f"{_percent(one['right'], n)} behind the {side} GANs"
            for made, row in rows.items()
            for side, one in _sides(results, row).items()
            if (found := attack_of(results, made)) and found.name == attack_name
        ]
        title = ATTACKS.member(attack_name).title
        said.append(f"Against the defence itself, {title} leaves {', '.join(parts)}.")
        break
    return " ".join(said)


def _seeing(results: Results, rows: dict[str, Any]) -> list[Attack]:
    found = (attack_of(results, made) for made in rows)
    return [attack for attack in found if attack and attack.sees == "defence"]


def defence_sections(results: Results) -> list[Section]:
    """Accuracies, what the projections move, pictures."""
    return [_accuracies(results), _moved(results), _pictures(results)]


def _accuracies(results: Results) -> Section:
    sides = list(results.plan.sides)
    rows: list[list[str | Strip]] = []
    for letter in _letters(results):
        judged = results.result(judge_role(letter))
        for row in judged.get("rows", []):
            rows.append(_accuracy_row(results, letter, row, judged["count"], sides))
    table = Table(
        "Shares of the test images that each classifier knows, with Wilson’s 95% intervals over "
        "images. “Bare”: without a projection. The change is the mean over images of the L₂ norm, "
        "and of the greatest change of a pixel in [0, 1]",
        [
            Column("classifier"),
            Column("attack"),
            Column("computed against"),
            Column("change: L₂", numeric=True),
            Column("greatest", numeric=True),
            *(
                Column(title, numeric=True)
                for name in ("bare", *sides)
                for title in (name, "95% interval")
            ),
            Column("bare and behind each side"),
        ],
        rows,
    )
    return Section("Accuracies", "accuracies", [table, *(Paragraph(one) for one in _CAUTIONS)])


def _accuracy_row(
    results: Results, letter: str, row: dict[str, Any], n: int, sides: Sequence[str]
) -> list[str | Strip]:
    made, attack = str(row["made"]), attack_of(results, str(row["made"]))
    against = made.partition(" ")[2]
    seen = "–" if attack is None else f"{letter} behind {against}" if against else f"{letter}, bare"
    counts = {"": row["right"]} | {side: one["right"] for side, one in _sides(results, row).items()}
    cells: list[str | Strip] = [letter, _called(results, made), seen]
    cells += [number(row["l2"]), number(row["greatest"])] if attack else ["–", "–"]
    for side in ("", *sides):
        cells += _share(counts[side], n) if side in counts else ["–", "–"]
    marks = [
        Mark(side or "bare", counts[side] / n, _TONES.get(side, "fourth"),
             *share_interval(counts[side], n))
        for side in ("", *sides)
        if side in counts
    ]  # fmt: skip
    return [*cells, Strip(marks, (0.0, 1.0))]


def _share(count: int, n: int) -> list[str]:
    low, high = share_interval(count, n)
    return [_percent(count, n), f"[{100 * low:.0f}%, {100 * high:.0f}%]"]


_CAUTIONS = (
    "Attacks that are computed against the bare classifier know nothing of a projection. Behind a "
    "side they are transfer attacks: what they find there is no measure of robustness, however "
    "good it looks.",
    "A projection has no useful gradient, and the published white-box attack on Defense-GAN takes "
    "gradients through it that are zero: it masks them. Robustness is at most what remains under "
    "attacks of the defence itself. BPDA computes the projection and goes backward as if it were "
    "not there; the attack on z looks for misclassified images among those that the GANs make. "
    "Both are attacks of so many steps: more may find more, and no attack’s failure is a proof.",
    "An attack on z may change what an image shows, more so the poorer the GANs: look at its "
    "pictures, and at how far it goes.",
)


def _moved(results: Results) -> Section:
    rows: list[list[str | Strip]] = []
    blocks: list[Block] = []
    for letter in _letters(results):
        judged = results.result(judge_role(letter))
        clean = next((row for row in judged.get("rows", []) if row["made"] == CLEAN), None)
        for side, one in _sides(results, clean).items() if clean else ():
            rows.append([letter, side, *_share(one["moved"], judged["count"]),
                         *(_share(one["lost"], one["known"]) if one["known"] else ["–", "–"]),
                         number(one["residual"])])  # fmt: skip
    blocks.append(
        Table(
            "Of images that nobody attacked: to which shares the classifier gives another class "
            "after the projection; and which of those that it knew are lost so. The residual is "
            "the mean of pixel-mean squared errors",
            [
                Column("classifier"),
                Column("projection by"),
                Column("moved", numeric=True),
                Column("95% interval", numeric=True),
                Column("lost of those known", numeric=True),
                Column("95% interval", numeric=True),
                Column("residual", numeric=True),
            ],
            rows,
        )
    )
    blocks += [*_residual_table(results), *_confusions(results)]
    return Section("What the projection moves", "moved", blocks)


def _residual_table(results: Results) -> list[Block]:
    """How often the nearest GAN is the class's own: a classifier that nobody trained."""
    rows: list[list[str | Strip]] = []
    for letter in _letters(results):
        judged = results.result(judge_role(letter))
        for row in judged.get("rows", []):
            made = str(row["made"])
            if made == CLEAN and letter != _letters(results)[0]:
                continue  # clean images are one set, whatever the classifier
            whose = f"{_called(results, made)} of {letter}" if made != CLEAN else "none"
            rows += [
                [side, whose, *_share(one["by_residual"], judged["count"])]
                for side, one in _sides(results, row).items()
                if "by_residual" in one
            ]
    if not rows:
        return []
    columns = [Column("side"), Column("attack"), Column("right", numeric=True),
               Column("95% interval", numeric=True)]  # fmt: skip
    caption = (
        "The projection itself as a classifier: how often the GAN that comes nearest is one of the "
        "image’s class"
    )
    return [Table(caption, columns, rows)]


def _confusions(results: Results) -> list[Block]:
    """Of each side, by the first classifier: classes of clean images before and after."""
    letter = _letters(results)[0]
    arrays = results.arrays(judge_role(letter), "judged.safetensors")
    if arrays is None:
        return []
    names = results.class_names
    before = arrays[f"guesses/{CLEAN}"]
    return [
        Details(
            f"Classifier {letter}, clean images: classes before (rows) and after (columns) the "
            f"{side} projection",
            [_confusion(before, arrays[f"guesses/{side}/{CLEAN}"], names)],
        )
        for side in results.plan.sides
    ]


def _confusion(before: np.ndarray, after: np.ndarray, names: Sequence[str]) -> Table:
    table = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(table, (before, after), 1)
    rows: list[list[str | Strip]] = [
        [names[row], *(str(count) if count else "·" for count in table[row])]
        for row in np.flatnonzero(table.sum(axis=1)).tolist()
    ]
    return Table(
        "Numbers of images",
        [Column("before"), *(Column(name, numeric=True) for name in names)],
        rows,
    )


def _pictures(results: Results) -> Section:
    letter = _letters(results)[0]
    arrays = results.arrays(judge_role(letter), "judged.safetensors")
    if arrays is None:
        return Section("Pictures", "pictures", [Paragraph("Nothing has been judged yet.")])
    made = [str(row["made"]) for row in results.result(judge_role(letter))["rows"]]
    figures = [_figure(results, arrays, one, letter) for one in made]
    return Section("Pictures", "pictures", [Gallery(figures, "panels", _PICTURES)])


_PICTURES = "The first images as they are or attacked, above their projections"


def _figure(results: Results, arrays: dict[str, np.ndarray], made: str, letter: str) -> Figure:
    rows = {"": arrays[f"shown/{made}"]} | {
        side: arrays[f"shown/{side}/{made}"]
        for side in results.plan.sides
        if f"shown/{side}/{made}" in arrays
    }
    against = made.partition(" ")[2]
    title = "clean images" if made == CLEAN else f"{_called(results, made)} of {letter}"
    title += f" behind {against}" if against else ""
    images = np.concatenate([*rows.values()])
    below = ", ".join(side for side in rows if side)
    pictures = [image_grid(images, len(rows[""]), f"{title}; below: {below}", 28)]
    return Figure(pictures, title, [f"below: projected by {below}"])
