"""Curves of scores over the number of images."""

from __future__ import annotations

from collections.abc import Sequence

from ganray.metrics.intervals import mean_interval
from ganray.report.drawing.score_curves import Curve, CurvePoint, score_curves
from ganray.report.page import Block, Details, Figure, Gallery, Key, Paragraph
from ganray.report.reading.results import Results
from ganray.report.sections.comparing.verdict import side_tones
from ganray.scores import Score, ScoreName
from ganray.text.wording import number


def sizes_blocks(results: Results, sides: Sequence[str]) -> list[Block]:
    """A panel for each score that was computed on ever fewer images; nothing where none was."""
    figures = [panel for name in results.measured if (panel := _panel(results, name, sides))]
    if not figures:
        return []
    told = (
        "Each score on the first part of a fixed order of the images, and on all of them: where a "
        "curve still falls or rises at its end, the score is as much one of their number. Bars "
        "are Student’s 95% intervals over replicates."
    )
    blocks: list[Block] = [Paragraph(told), Key(side_tones(sides)), Gallery(figures, "panels")]
    return [Details("Each score on fewer images", blocks)]


def _panel(results: Results, name: ScoreName, sides: Sequence[str]) -> Figure | None:
    floor, tones = results.floor(name), side_tones(sides)
    scores = {side: results.side_scores(side, name) for side in reversed(sides)}
    scores = ({"floor": [floor]} if floor else {}) | scores
    curves = [Curve(who, tones[who], _points(found)) for who, found in scores.items()]
    if not any(score.curve for found in scores.values() for score in found):
        return None
    told = (
        f"{curve.name} " + ", ".join(f"{number(p.value)} of {p.at:,.0f}" for p in curve.points)
        for curve in curves
    )
    alt = f"{name.title} by the number of images: {'; '.join(told)}"
    return Figure([score_curves(curves, None, "images", alt)], name.heading)


def _points(scores: Sequence[Score]) -> list[CurvePoint]:
    """Means over replicates at each number of images that all of them have."""
    known = [score.curve | {score.n: score.value} for score in scores]
    sizes = sorted(set.intersection(*map(set, known))) if known else []
    means = [(size, mean_interval([one[size] for one in known])) for size in sizes]
    return [CurvePoint(float(size), one.mean, one.low, one.high) for size, one in means]
