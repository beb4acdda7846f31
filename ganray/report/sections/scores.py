"""Every score with its interval, floor, n and protocol; replicates and CAFD's terms beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganray.errors import RefusedInput
from ganray.metrics.intervals import mean_interval, welch
from ganray.metrics.score import METRICS, Score, better, metric_name
from ganray.report.cautions import ClassifierAccuracy
from ganray.report.page import (
    Block,
    Column,
    Details,
    Key,
    Mark,
    Paragraph,
    Section,
    Strip,
    Table,
)
from ganray.report.results import Results
from ganray.report.sections.verdict import cautions, side_tones
from ganray.wording import interval, number


def scores_section(results: Results, first: str, second: str) -> Section:
    """All scores; `first` is drawn in the accent colour."""
    sides = (first, second)
    if not results.metrics:
        return Section("Scores", "scores", [Paragraph("No score is stored yet.")])
    blocks: list[Block] = [
        _means(results, sides),
        Details("What each metric is", [_glossary(results)]),
        Details("Each replicate", [_replicates(results)]),
    ]
    for metric in results.metrics:
        if any(score.per_class for side in sides for score in results.side_scores(side, metric)):
            blocks += [_terms(results, metric, first, second), Key(side_tones(first, second))]
    blocks.append(_encoder(results))
    blocks += [Paragraph(text, note=True) for text in cautions(results, first, second)]
    return Section("Scores", "scores", blocks)


def _means(results: Results, sides: Sequence[str]) -> Table:
    rows: list[list[str | Strip]] = []
    for metric in results.metrics:
        for side in sides:
            scores = results.side_scores(side, metric)
            rows.append([metric_name(metric), side, *_mean_cells(results, metric, side, scores)])
    return Table(
        "Means over training replicates, with Student’s 95% interval",
        [
            Column("metric"),
            Column("side"),
            Column("mean", numeric=True),
            Column("95% interval", numeric=True),
            Column("replicates", numeric=True),
            Column("floor", numeric=True),
            Column("n", numeric=True),
            Column("better"),
            Column("protocol"),
        ],
        rows,
    )


def _mean_cells(results: Results, metric: str, side: str, scores: Sequence[Score]) -> list[str]:
    floor = results.floor(metric)
    floor_text = number(floor.value if floor else None)
    if not scores:
        gaps = any(gap.metric == metric and gap.side == side for gap in results.undefined)
        return [
            "undefined" if gaps else "not measured",
            "–",
            "0",
            floor_text,
            "–",
            better(metric),
            "–",
        ]
    mean = mean_interval([score.value for score in scores])
    return [
        number(mean.mean),
        interval(mean.low, mean.high) or "one replicate",
        str(mean.n),
        floor_text,
        f"{scores[0].n:,}",
        better(metric),
        ", ".join(dict.fromkeys(score.fingerprint for score in scores)),
    ]


def _glossary(results: Results) -> Table:
    rows: list[list[str | Strip]] = [
        [metric_name(metric), METRICS[metric], f"{better(metric)} is better"]
        for metric in results.metrics
    ]
    return Table("Metrics", [Column("metric"), Column("what it is"), Column("direction")], rows)


def _replicates(results: Results) -> Table:
    rows: list[list[str | Strip]] = [
        [
            metric_name(m.score.metric),
            m.side,
            str(m.replicate),
            number(m.score.value),
            number(m.score.standard_deviation),
            f"{m.score.n:,}",
            m.score.fingerprint,
        ]
        for metric in results.metrics
        for m in results.scores
        if m.score.metric == metric
    ]
    columns = [Column("metric"), Column("side"), Column("replicate", numeric=True)]
    columns += [Column("value", numeric=True), Column("sd over splits", numeric=True)]
    return Table("Replicates", [*columns, Column("n", numeric=True), Column("protocol")], rows)


def _terms(results: Results, metric: str, first: str, second: str) -> Table:
    """One row a class: both sides' terms, their difference, and a strip on a common scale."""
    floor = results.floor(metric)
    named: dict[str, list[Score]] = {
        "floor": [floor] if floor else [],
        second: results.side_scores(second, metric),
        first: results.side_scores(first, metric),
    }
    terms = {who: [s.per_class for s in scores if s.per_class] for who, scores in named.items()}
    means = {who: np.mean(values, axis=0) for who, values in terms.items() if values}
    flat = np.concatenate(list(means.values()))
    ends = (float(flat.min()), float(flat.max()))
    tones = side_tones(first, second)
    rows: list[list[str | Strip]] = []
    for index, name in enumerate(results.names(results.covered)):
        marks = [Mark(who, float(v[index]), tones[who]) for who, v in means.items()]
        numbers = [
            number(float(means[who][index])) if who in means else "–"
            for who in (first, second, "floor")
        ]
        pair = [[row[index] for row in terms[who]] for who in (first, second)]
        rows.append([name, *numbers, _difference(*pair), Strip(marks, ends)])
    return Table(
        f"{metric_name(metric)} by class: the mean of these terms is the score",
        [
            Column("class"),
            Column(first, numeric=True),
            Column(second, numeric=True),
            Column("floor", numeric=True),
            Column(f"{first} − {second}", numeric=True),
            Column("on one scale"),
        ],
        rows,
    )


def _difference(a: Sequence[float], b: Sequence[float]) -> str:
    try:
        found = welch(a, b)
    except RefusedInput:
        return "–"
    return f"{number(found.difference)} {interval(found.low, found.high)}".rstrip()


def _encoder(results: Results) -> Paragraph:
    ruler = ClassifierAccuracy.of(results)
    if ruler is None:
        return Paragraph("The encoder that these scores rest on is not in the store.", note=True)
    of_these = " of these classes" if len(results.covered) < len(results.class_names) else ""
    return Paragraph(
        f"The encoder behind the class-aware scores classifies "
        f"{100 * ruler.accuracy:.2f}% of the {ruler.images:,} test images{of_these} "
        "correctly; it was trained on the training split alone.",
        note=True,
    )
