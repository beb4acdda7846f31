"""What classifiers learn from generated images: as curves, as numbers of real images, class by
class; and whether the images look like their labels."""

from __future__ import annotations

from collections.abc import Sequence

from ganray.metrics.intervals import Interval, mean_interval
from ganray.report.drawing.score_curves import Curve, CurvePoint, Level, score_curves
from ganray.report.page import (
    Block,
    Column,
    Details,
    Figure,
    Gallery,
    Key,
    Paragraph,
    Section,
    Strip,
    Table,
    Tone,
)
from ganray.report.reading.lessons import SYNTHETIC, Lessons, mean_of, worth
from ganray.report.reading.results import Results
from ganray.report.sections.comparing.verdict import side_tones
from ganray.text.wording import interval, listed, number

ALONE = "real images alone"


def usefulness_lead(results: Results) -> str:
    """What each side's images are worth to the first kind of classifier, in a sentence each."""
    lessons = Lessons.first(results)
    said = [
        f"{lessons.size(side)} images of {side} teach {lessons.called} "
        f"{_percent(found.mean)} of the real test images: {_worth_of(lessons, side)}."
        for side in results.plan.sides
        if (found := lessons.synthetic(side))
    ]
    return " ".join(said) or "Nothing has been measured yet."


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _worth_of(lessons: Lessons, side: str) -> str:
    found = lessons.synthetic(side)
    if found is None or not lessons.curve:
        return "worth what is not known yet"
    about = worth(lessons.curve, found.mean)
    ends = [worth(lessons.curve, end) for end in (found.low, found.high) if end is not None]
    told = f" (95%: {' to '.join(dict.fromkeys(ends))})" if set(ends) - {about} else ""
    known = "about " if about[0].isdigit() else ""
    return f"worth {known}{about} real ones{told}"


def usefulness_sections(results: Results) -> list[Section]:
    """Of each kind of classifier its lessons; then where labels come from."""
    return [*(_lessons(one) for one in Lessons.all(results)), _labels(results)]


def _lessons(lessons: Lessons) -> Section:
    sides = lessons.results.plan.sides
    tones = side_tones(sides)
    key: dict[str, Tone] = {ALONE: "floor", **{side: tones[side] for side in sides}}
    blocks: list[Block] = [
        Paragraph(_INTRO.format(learner=lessons.called)),
        Key(key),
        Gallery([_alone(lessons), _beside(lessons)], "panels"),
        _worths(lessons),
        _together(lessons),
        Details("Each class", [_classes(lessons)]),
    ]
    title = f"What generated images teach {lessons.called}"
    return Section(title, f"lessons-{lessons.learner}", blocks)


_INTRO = (
    "Share of the real test images that {learner} classifies rightly. Grey: taught by real images "
    "alone, the first ones of an order that is another one in each replicate. On the left a line "
    "for each side, taught by its images alone; where it meets the curve, so many real images "
    "teach as much. On the right its images beside so many real ones. Bars and bands are Student’s "
    "95% intervals over replicates, as far as they are between 0 and 1."
)


def _alone(lessons: Lessons) -> Figure:
    tones = side_tones(lessons.results.plan.sides)
    found = {side: lessons.synthetic(side) for side in reversed(lessons.results.plan.sides)}
    levels = [Level(tones[side], one.mean, one.low, one.high) for side, one in found.items() if one]
    told = [f"{side} {number(one.mean)}" for side, one in found.items() if one]
    real = _curve(lessons, None)
    alt = f"Accuracy by real images: {_told(real)}; taught by a side’s alone: {', '.join(told)}"
    return Figure(
        [score_curves([real], None, "real images", alt, levels)], "Generated images alone"
    )


def _beside(lessons: Lessons) -> Figure:
    sides = [None, *reversed(lessons.results.plan.sides)]
    curves = [curve for side in sides if (curve := _curve(lessons, side)).points]
    alt = f"Accuracy by real images: {'; '.join(map(_told, curves))}"
    picture = score_curves(curves, None, "real images", alt)
    return Figure([picture], "Generated images beside real ones")


def _curve(lessons: Lessons, side: str | None) -> Curve:
    found = ((real, lessons.beside(side, real)) for real in lessons.real)
    points = [CurvePoint(float(real), one.mean, one.low, one.high) for real, one in found if one]
    tone = side_tones(lessons.results.plan.sides)[side or "floor"]
    return Curve(side or ALONE, tone, points)


def _told(curve: Curve) -> str:
    points = (f"{number(point.value)} of {point.at:,.0f}" for point in curve.points)
    return f"{curve.name} {', '.join(points)}"


def _worths(lessons: Lessons) -> Table:
    rows: list[list[str | Strip]] = []
    for side in lessons.results.plan.sides:
        known = lessons.exam(side)
        rows.append(
            [
                side,
                lessons.size(side),
                *_cells(lessons.synthetic(side)),
                _worth_of(lessons, side).removeprefix("worth "),
                *_cells(known),
            ]
        )
    most = max(lessons.real)
    reference = lessons.beside(None, most)
    of_real = f" (of real test images: {number(reference.mean)})" if reference else ""
    return Table(
        "Taught by generated images and examined on real test images (the classification accuracy "
        "score); how many real images teach as much, read off the curve made to rise and "
        f"logarithmic between its points; and the other way round, taught by {most:,} real images "
        f"and examined on the generated ones{of_real}: do they look like their labels?",
        [
            Column("side"),
            Column("images", numeric=True),
            Column("accuracy", numeric=True),
            Column("95% interval", numeric=True),
            Column("worth"),
            Column("real to generated", numeric=True),
            Column("95% interval", numeric=True),
        ],
        rows,
    )


def _together(lessons: Lessons) -> Table:
    rows: list[list[str | Strip]] = []
    for real in lessons.real:
        alone = lessons.accuracies("real", None, real)
        rows.append([f"{real:,}", ALONE, *_cells(mean_of(alone)), "", ""])
        for side in lessons.results.plan.sides:
            both = lessons.accuracies("both", side, real)
            # The replicates of both saw the same real images and began with the same weights.
            gain = [both[one] - alone[one] for one in both if one in alone]
            rows.append([f"{real:,}", f"with {side}’s", *_cells(mean_of(both)), *_gain(gain)])
    return Table(
        "Real images alone, and with the generated ones beside them: do these help? The difference "
        "is that of replicates which saw the same real images, and each is judged by its own 95% "
        "interval, uncorrected for their number",
        [
            Column("real images"),
            Column("taught by"),
            Column("accuracy", numeric=True),
            Column("95% interval", numeric=True),
            Column("difference", numeric=True),
            Column("says"),
        ],
        rows,
    )


def _gain(gains: Sequence[float]) -> list[str]:
    if not gains:
        return ["–", "–"]
    found = mean_interval(gains)
    told = f"{found.mean:+.3f}".replace("-", "−")
    if found.low is None or found.high is None:
        return [told, "one replicate"]
    told += f" [{found.low:+.3f}, {found.high:+.3f}]".replace("-", "−")
    says = "they help" if found.low > 0 else "they harm" if found.high < 0 else "inconclusive"
    return [told, says]


def _cells(found: Interval | None) -> list[str]:
    if found is None:
        return ["–", "–"]
    return [number(found.mean), interval(found.low, found.high) or "one replicate"]


def _classes(lessons: Lessons) -> Table:
    """Mean accuracies over replicates, of test images of each class."""
    sides, most = lessons.results.plan.sides, max(lessons.real)
    columns = [lessons.per_class("real", None, most)]
    columns += [lessons.per_class(SYNTHETIC, side, 0) for side in sides]
    rows: list[list[str | Strip]] = [
        [name, *(number(one[place]) if one else "–" for one in columns)]
        for place, name in enumerate(lessons.results.names(lessons.results.covered))
    ]
    return Table(
        "Of the test images of each class: taught by real images, and by each side’s alone",
        [
            Column("class"),
            Column(f"{most:,} real images", numeric=True),
            *(Column(side, numeric=True) for side in sides),
        ],
        rows,
    )


def _labels(results: Results) -> Section:
    rows: list[list[str | Strip]] = []
    for side in results.plan.sides:
        found = [
            told
            for replicate in range(results.plan.settings["replicates"])
            if (told := results.result(f"labelled/{side}/{replicate}"))
        ]
        known = list(dict.fromkeys(how for one in found for how in one["known"]))
        asked = sum(found[0]["asked"]) if found else 0
        rows.append([side, listed(known) or "–", f"{asked:,}", _lacking(results, found)])
    table = Table(
        "The generated images that teach: as many of each class as among so many real ones, as far "
        "as a GAN made them",
        [
            Column("side"),
            Column("labels"),
            Column("asked for", numeric=True),
            Column("lacking, of which class"),
        ],
        rows,
    )
    return Section("Labels", "labels", [table, Paragraph(_NOTE, note=True)])


def _lacking(results: Results, found: Sequence[dict[str, list[int]]]) -> str:
    """Images that were not made, over all replicates, by their class."""
    if not found:
        return "–"
    names = results.names(results.covered)
    lack = [
        sum(one["asked"][place] - one["counts"][place] for one in found)
        for place in range(len(names))
    ]
    said = [f"{count:,} of {name}" for name, count in zip(names, lack, strict=True) if count]
    return listed(said) or "none"


_NOTE = (
    "All GANs, and the classifier that guesses the labels of images which have none of their own, "
    "have seen all training images of these classes: with few real images generated ones bring "
    "back what was learnt from all. Guessed labels agree with what a classifier knows by their "
    "making, so that the share of images that look like them tells nothing against the same share "
    "of labels that were known before."
)
