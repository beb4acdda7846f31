"""How all sides' scores move with the budget, and the verdict at each fraction of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganray.metrics.intervals import mean_interval
from ganray.plan.parameters import TrainParameters
from ganray.plan.roles import Gan
from ganray.report.comparing.coverage import opening
from ganray.report.comparing.equality import equality, span
from ganray.report.comparing.judging import judge, pairs
from ganray.report.drawing.score_curves import Curve, CurvePoint, score_curves
from ganray.report.page import (
    Block,
    Column,
    Figure,
    Gallery,
    Key,
    Paragraph,
    Section,
    Strip,
    Table,
)
from ganray.report.reading.results import Results
from ganray.report.sections.comparing.verdict import (
    brief_cautions,
    cautions,
    side_tones,
    verdict,
)
from ganray.scores import ScoreName
from ganray.text.wording import interval, number
from ganray.train.updates.turns import Turns

_SIGNS = {0.25: "¼", 0.5: "½", 0.75: "¾"}


@dataclass(frozen=True)
class Stretch:
    """A fraction of the budget, and the results of the GANs that were trained so far."""

    fraction: float
    results: Results

    @property
    def name(self) -> str:
        """What it is called: ¼, 0.3, 1."""
        return _SIGNS.get(self.fraction, f"{self.fraction:g}")

    def gans(self, side: str) -> list[Gan]:
        """The planned GANs of one replicate of a side."""
        return [g for g in self.results.gans if (g.side, g.replicate) == (side, 0)]

    def images(self, side: str) -> list[int]:
        """The real images that each of them has seen by then."""
        return [_images(gan) for gan in self.gans(side)]


def _images(gan: Gan) -> int:
    return Turns(TrainParameters.of(gan.task).train).images(gan.task.horizon or 0)


def curve_lead(stretches: Sequence[Stretch], sides: Sequence[str]) -> str:
    """The verdict at each fraction that is measured, and the equality that all of them rest on."""
    parts = [
        f"At {_of_the_budget(stretch)}: {verdict(stretch.results, sides)}"
        for stretch in stretches
        if stretch.results.measured
    ]
    if not parts:
        return "Nothing has been measured yet."
    whole = stretches[-1].results
    ends = [equality(whole), brief_cautions(whole, sides)]
    return " ".join(part for part in [opening(whole), *parts, *ends] if part)


def _of_the_budget(stretch: Stretch) -> str:
    return "the whole budget" if stretch.fraction == 1 else f"{stretch.name} of the budget"


def curve_section(stretches: Sequence[Stretch], sides: Sequence[str]) -> Section:
    """Curves of each score against the images seen, and a row for each fraction."""
    names = list(dict.fromkeys(n for stretch in stretches for n in stretch.results.measured))
    if not names:
        return Section("Curves", "curves", [Paragraph("No score is stored yet.")])
    blocks: list[Block] = [Paragraph(_INTRO), Key(side_tones(sides))]
    blocks += [_gallery(stretches, name, sides) for name in names]
    blocks.append(_verdicts(stretches, names, sides))
    blocks += [Paragraph(text) for text in cautions(stretches[-1].results, sides)]
    return Section("Curves", "curves", blocks)


_INTRO = (
    "Each GAN was trained once; the points of a curve lie on one trajectory, so neighbouring ones "
    "are not independent of each other. Bars are Student’s 95% intervals over training replicates, "
    "where there are two or more. On the left a side stands at the images that one of its GANs has "
    "seen, on the right at those of all its GANs together: where points stand one above the other "
    "there, both sides have had the same compute. The dashed line is the floor."
)


def _gallery(stretches: Sequence[Stretch], name: ScoreName, sides: Sequence[str]) -> Gallery:
    floor = stretches[-1].results.floor(name)
    tones = side_tones(sides)
    figures = []
    for title, of_all in (("by each GAN", False), ("by the whole side", True)):
        curves = [
            Curve(side, tones[side], _points(stretches, name, side, of_all))
            for side in reversed(sides)
        ]
        picture = score_curves(
            [curve for curve in curves if curve.points],
            floor.value if floor else None,
            f"real images seen {title}",
            _alt(name, title, curves, floor.value if floor else None),
        )
        figures.append(Figure([picture], ""))
    title = f"{name.heading} ({name.better} is better)"
    return Gallery(figures, "panels", title)


def _points(
    stretches: Sequence[Stretch], name: ScoreName, side: str, of_all: bool
) -> list[CurvePoint]:
    points = []
    for stretch in stretches:
        scores = stretch.results.side_scores(side, name)
        if scores:
            seen = stretch.images(side)
            mean = mean_interval([score.value for score in scores])
            at = float(sum(seen)) if of_all else sum(seen) / len(seen)
            points.append(CurvePoint(at, mean.mean, mean.low, mean.high))
    return points


def _alt(name: ScoreName, title: str, curves: Sequence[Curve], floor: float | None) -> str:
    parts = [
        f"{curve.name} " + ", ".join(f"{number(p.value)} at {p.at:,.0f}" for p in curve.points)
        for curve in curves
    ]
    return f"{name.title} against images seen {title}: {'; '.join(parts)}; floor {number(floor)}"


def _verdicts(
    stretches: Sequence[Stretch], names: Sequence[ScoreName], sides: Sequence[str]
) -> Table:
    compared = pairs(sides)
    rows = [_row(at, name, *pair) for name in names for at in stretches for pair in compared]
    # Of more than two sides each row says which it compares.
    first, second = compared[0] if len(compared) == 1 else ("first", "second")
    columns = [Column("metric"), Column("budget")]
    if len(compared) > 1:
        columns += [Column("first"), Column("second")]
        rows = [
            [*row[:2], *pair, *row[2:]]
            for row, pair in zip(rows, compared * (len(names) * len(stretches)), strict=True)
        ]
    return Table(
        f"Verdict at each fraction of the budget; the difference is {first} − {second}, with "
        "Welch’s 95% interval",
        [
            *columns,
            Column(f"iterations of a GAN, {first} / {second}", numeric=True),
            *(
                Column(f"mean of {side}" if len(compared) > 1 else side, numeric=True)
                for side in (first, second)
            ),
            Column("difference", numeric=True),
            Column("verdict"),
        ],
        rows,
    )


def _row(stretch: Stretch, name: ScoreName, first: str, second: str) -> list[str | Strip]:
    judged, sides = judge(stretch.results, name, first, second), (first, second)
    ends = [[gan.task.horizon or 0 for gan in stretch.gans(side)] for side in sides]
    found = judged.comparison
    difference = (
        f"{number(found.difference)} {interval(found.low, found.high)}".rstrip() if found else "–"
    )
    if judged.winner:
        said = f"{judged.winner} better"
    elif found is None:
        said = judged.conclusion
    else:
        said = "one replicate" if found.low is None else "inconclusive"
    return [
        name.title,
        stretch.name,
        " / ".join(span(end) if end else "–" for end in ends),
        *(_mean(stretch.results, name, side) for side in sides),
        difference,
        said,
    ]


def _mean(results: Results, name: ScoreName, side: str) -> str:
    scores = results.side_scores(side, name)
    return number(mean_interval([s.value for s in scores]).mean) if scores else "–"
