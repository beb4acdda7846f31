"""Every score with its interval, floor, n and protocol; replicates and CAFD's terms beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganray.errors import RefusedInput
from ganray.metrics.intervals import mean_interval, welch
from ganray.report.comparing.cautions import ClassifierAccuracy, few_images, on_classifier
from ganray.report.comparing.judging import pairs
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
from ganray.report.reading.results import Results
from ganray.report.sections.comparing.sizes import sizes_blocks
from ganray.report.sections.comparing.verdict import cautions, side_tones
from ganray.report.tables import TableRow, detail_rows
from ganray.scores import Score, ScoreName
from ganray.text.wording import interval, number


def scores_section(results: Results, sides: Sequence[str]) -> Section:
    """All scores of all sides."""
    if not results.measured:
        return Section("Scores", "scores", [Paragraph("No score is stored yet.")])
    blocks: list[Block] = [
        _means(results, sides),
        Details("What each metric is", [_glossary(results)]),
        Details("Each replicate", [_replicates(results)]),
    ]
    blocks += sizes_blocks(results, sides)
    if further := detail_rows(results):
        blocks.append(Details("Further numbers", [_further(further)]))
    for name in results.measured:
        if any(score.per_class for side in sides for score in results.side_scores(side, name)):
            blocks += [_terms(results, name, sides), Key(side_tones(sides))]
    blocks += _classifier(results)
    notes = [*cautions(results, sides), few_images(results)]
    blocks += [Paragraph(text, note=True) for text in notes if text]
    return Section("Scores", "scores", blocks)


def _means(results: Results, sides: Sequence[str]) -> Table:
    rows: list[list[str | Strip]] = []
    for name in results.measured:
        for side in sides:
            scores = results.side_scores(side, name)
            rows.append([name.title, side, *_mean_cells(results, name, side, scores)])
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


def _mean_cells(results: Results, name: ScoreName, side: str, scores: Sequence[Score]) -> list[str]:
    floor = results.floor(name)
    floor_text = _floor_text(floor, scores)
    if not scores:
        gaps = any(gap.name == name and gap.side == side for gap in results.undefined)
        return [
            "undefined" if gaps else "not measured",
            "–",
            "0",
            floor_text,
            "–",
            name.better,
            "–",
        ]
    mean = mean_interval([score.value for score in scores])
    return [
        number(mean.mean),
        interval(mean.low, mean.high) or "one replicate",
        str(mean.n),
        floor_text,
        f"{scores[0].n:,}",
        name.better,
        ", ".join(dict.fromkeys(score.fingerprint for score in scores)),
    ]


def _floor_text(floor: Score | None, scores: Sequence[Score]) -> str:
    """The floor, with its own numbers of images where they are others than the scores'."""
    said = number(floor.value if floor else None)
    if floor is None or not scores:
        return said
    own, theirs = ((one.protocol.count, one.protocol.reference_count) for one in (floor, scores[0]))
    return said if own == theirs else f"{said} ({own[0]:,} against {own[1]:,})"


def _glossary(results: Results) -> Table:
    rows: list[list[str | Strip]] = [
        [name.title, name.meaning, name.encoder, f"{name.better} is better"]
        for name in results.measured
    ]
    columns = [Column("metric"), Column("what it is"), Column("encoder"), Column("direction")]
    return Table("Metrics", columns, rows)


def _replicates(results: Results) -> Table:
    rows: list[list[str | Strip]] = [
        [
            name.title,
            m.side,
            str(m.replicate),
            number(m.score.value),
            number(m.score.standard_deviation),
            f"{m.score.n:,}",
            m.score.fingerprint,
        ]
        for name in results.measured
        for m in results.scores
        if m.name == name
    ]
    columns = [Column("metric"), Column("side"), Column("replicate", numeric=True)]
    columns += [Column("value", numeric=True), Column("sd over splits", numeric=True)]
    return Table("Replicates", [*columns, Column("n", numeric=True), Column("protocol")], rows)


def _further(rows: Sequence[TableRow]) -> Table:
    """What metrics answer beside their values."""
    cells: list[list[str | Strip]] = [
        [
            ScoreName(row["metric"], row["encoder"]).title,
            *(str(row[name]) for name in ("side", "replicate", "number")),
            number(row["value"]),
            number(row["floor"]),
        ]
        for row in rows
    ]
    columns = [
        Column("metric"),
        Column("side"),
        Column("replicate", numeric=True),
        Column("number"),
    ]
    columns += [Column("value", numeric=True), Column("floor", numeric=True)]
    return Table("Further numbers", columns, cells)


def _terms(results: Results, name: ScoreName, sides: Sequence[str]) -> Table:
    """One row a class: the sides' terms, their differences, and a strip on a common scale."""
    floor = results.floor(name)
    named: dict[str, list[Score]] = {
        "floor": [floor] if floor else [],
        **{side: results.side_scores(side, name) for side in reversed(sides)},
    }
    terms = {who: [s.per_class for s in scores if s.per_class] for who, scores in named.items()}
    means = {who: np.mean(values, axis=0) for who, values in terms.items() if values}
    flat = np.concatenate(list(means.values()))
    ends = (float(flat.min()), float(flat.max()))
    tones = side_tones(sides)
    rows: list[list[str | Strip]] = []
    for index, called in enumerate(results.names(results.classes_of(name))):
        marks = [Mark(who, float(v[index]), tones[who]) for who, v in means.items()]
        numbers = [
            number(float(means[who][index])) if who in means else "–" for who in (*sides, "floor")
        ]
        own = {side: [row[index] for row in terms[side]] for side in sides}
        differences = [_difference(own[a], own[b]) for a, b in pairs(sides)]
        rows.append([called, *numbers, *differences, Strip(marks, ends)])
    return Table(
        f"{name.title} by class: the mean of these terms is the score",
        [
            Column("class"),
            *(Column(side, numeric=True) for side in sides),
            Column("floor", numeric=True),
            *(Column(f"{a} − {b}", numeric=True) for a, b in pairs(sides)),
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


def _classifier(results: Results) -> list[Block]:
    """How good the data set's own classifier is, where scores rest on it."""
    own = on_classifier()
    if not any(name.encoder in own for name in results.measured):
        return []
    ruler = ClassifierAccuracy.of(results)
    if ruler is None:
        return [Paragraph("The classifier that scores rest on is not in the store.", note=True)]
    of_these = " of these classes" if len(results.covered) < len(results.class_names) else ""
    text = (
        f"The classifier behind the class-aware scores knows "
        f"{100 * ruler.accuracy:.2f}% of the {ruler.images:,} test images{of_these}; it was "
        "trained on the training split alone."
    )
    return [Paragraph(text, note=True)]
