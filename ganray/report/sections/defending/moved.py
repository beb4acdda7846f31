"""What projections do to images that nobody attacked, and what they say by themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganray.metrics.intervals import share_interval
from ganray.plan.defending import CLEAN, judge_role
from ganray.report.page import Block, Column, Details, Section, Strip, Table
from ganray.report.reading.judged import classifiers, judged
from ganray.report.reading.results import Results
from ganray.text.wording import number


def share(count: int, n: int) -> list[str]:
    """A share of images with Wilson's interval; dashes for one of none."""
    if not n:
        return ["–", "–"]
    low, high = share_interval(count, n)
    digits = 0 if n <= 100 else 1
    return [f"{100 * count / n:.{digits}f}%", f"[{100 * low:.0f}%, {100 * high:.0f}%]"]


def moved_section(results: Results) -> Section:
    """How often projections move clean images into another class, and into which; how often the
    nearest GAN is the class's own."""
    blocks = [_moved(results), *_by_residual(results), *_confusions(results)]
    return Section("What the projection moves", "moved", blocks)


def _moved(results: Results) -> Table:
    return Table(
        "Of images that nobody attacked: to which share the classifier gives another class after "
        "the projection; and which share of those that it knew is lost so. The residual is the "
        "mean of pixel-mean squared errors",
        [
            Column("classifier"),
            Column("projection by"),
            Column("moved", numeric=True),
            Column("95% interval", numeric=True),
            Column("lost of those known", numeric=True),
            Column("95% interval", numeric=True),
            Column("residual", numeric=True),
        ],
        [
            [
                *(one.letter, side),
                *share(said["moved"], one.count),
                *share(said["lost"], said["known"]),
                number(said["residual"]),
            ]
            for one in judged(results)
            if one.made == CLEAN
            for side, said in one.sides.items()
        ],
    )


def _by_residual(results: Results) -> list[Block]:
    """How often the nearest GAN is the class's own: a classifier that nobody trained."""
    first = classifiers(results)[0]
    rows: list[list[str | Strip]] = [
        [
            side,
            f"{one.name} of {one.letter}" if one.attack else "none",
            *share(said["by_residual"], one.count),
        ]
        for one in judged(results)
        if one.attack or one.letter == first  # clean images are one set, whatever the classifier
        for side, said in one.sides.items()
        if "by_residual" in said
    ]
    columns = [Column("side"), Column("attack"), Column("right", numeric=True),
               Column("95% interval", numeric=True)]  # fmt: skip
    caption = (
        "The projection itself as a classifier: how often the GAN that comes nearest is one of the "
        "image’s class"
    )
    return [Table(caption, columns, rows)] if rows else []


def _confusions(results: Results) -> list[Block]:
    """By the first classifier and of each side, classes of clean images before and after."""
    letter = classifiers(results)[0]
    arrays = results.arrays(judge_role(letter), "judged.safetensors")
    if arrays is None:
        return []
    before = arrays[f"guesses/{CLEAN}"]
    return [
        Details(
            f"Classifier {letter}, clean images: classes before (rows) and after (columns) the "
            f"{side} projection",
            [_confusion(before, arrays[f"guesses/{side}/{CLEAN}"], results.class_names)],
        )
        for side in results.plan.sides
    ]


def _confusion(before: np.ndarray, after: np.ndarray, names: Sequence[str]) -> Table:
    counts = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(counts, (before, after), 1)
    rows: list[list[str | Strip]] = [
        [names[row], *(str(count) if count else "·" for count in counts[row])]
        for row in np.flatnonzero(counts.sum(axis=1)).tolist()
    ]
    columns = [Column("before"), *(Column(name, numeric=True) for name in names)]
    return Table("Numbers of images", columns, rows)
