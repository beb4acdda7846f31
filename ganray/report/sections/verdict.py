"""Which side is better, by each metric, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganray.errors import RefusedInput
from ganray.metrics.intervals import Comparison, mean_interval
from ganray.report.cautions import few_replicates, weak_ruler
from ganray.report.coverage import opening
from ganray.report.equality import Equality
from ganray.report.page import Block, Finding, Key, Mark, Paragraph, Section, Strip, Tone
from ganray.report.results import Results
from ganray.scores import Score, ScoreName, compare
from ganray.wording import interval, listed, number


@dataclass(frozen=True)
class Judged:
    """One score's comparison; `winner` is None unless the interval excludes zero."""

    name: ScoreName
    comparison: Comparison | None
    winner: str | None
    conclusion: str
    margin: str = ""


def verdict_section(results: Results, first: str, second: str) -> Section:
    """A finding for each score that was measured; no claim without an interval."""
    findings: list[Block] = [
        _finding(results, judge(results, name, first, second), first, second)
        for name in results.measured
    ]
    if not findings:
        findings = [Paragraph("Nothing has been measured yet, so there is no verdict.")]
    else:
        findings.insert(0, Key(side_tones(first, second)))
    findings += [note for side in (first, second) for note in _gaps(results, side)]
    findings += [Paragraph(text) for text in cautions(results, first, second)]
    if any(judge(results, name, first, second).comparison for name in results.measured):
        findings.append(Paragraph(_FOOTNOTE, note=True))
    return Section("Verdict", "verdict", findings)


_FOOTNOTE = (
    "Differences are between means of independent training replicates, each with Welch’s 95% "
    "interval of its own, not corrected for the number of metrics. The floor is the score of "
    "held-out real images against the same reference at the same n: a score near it is as good as "
    "this ruler can tell."
)


def _gaps(results: Results, side: str) -> list[Block]:
    """A warning where a side has no GAN for a class that the reference holds."""
    known = {label for gan in results.gans if gan.side == side for label in gan.classes}
    missing = results.names([label for label in results.covered if label not in known])
    if not known or not missing:
        return []
    text = (
        f"No {side} GAN was trained on {listed(missing)}. The reference holds such images too, "
        f"which counts against {side} in every score."
    )
    return [Paragraph(text)]


def verdict_lead(results: Results, first: str, second: str) -> str:
    """Who is compared, what all metrics say together, under which equality of training, and what
    to beware of, in a few sentences."""
    said = "Nothing has been measured yet."
    if results.measured:
        said = f"{verdict(results, first, second)} {Equality.of(results).sentence}"
    parts = [opening(results), said, brief_cautions(results, first, second)]
    return " ".join(part for part in parts if part)


def cautions(results: Results, first: str, second: str) -> list[str]:
    """What to beware of before the scores of two sides are believed."""
    if not results.measured:
        return []
    replicates = (len(results.side_scores(side, name)) for name in results.measured
                  for side in (first, second))  # fmt: skip
    found = [weak_ruler(results), few_replicates(replicates)]
    return [text for text in found if text]


def brief_cautions(results: Results, first: str, second: str) -> str:
    """Those in as few words as a lead has room for."""
    heads = [text.partition(". ")[0] for text in cautions(results, first, second)]
    return " ".join(f"{head}." for head in heads)


def verdict(results: Results, first: str, second: str) -> str:
    """What all metrics say together, of which there is at least one, in a sentence."""
    sides = first, second
    judged = [judge(results, name, *sides) for name in results.measured]
    decided = [one for one in judged if one.winner]
    if not decided and any(one.comparison and one.comparison.low is None for one in judged):
        return (
            "A single training replicate gives no interval: the numbers stand side by side, "
            "and no winner is declared."
        )
    won = {side: [_won(one) for one in decided if one.winner == side] for side in sides}
    parts = [f"{side} is better on {listed(names)}" for side, names in won.items() if names]
    gaps = {gap.name for gap in results.undefined}
    for word, names in (
        ("inconclusive", [one.name for one in judged if not one.winner and one.name not in gaps]),
        ("undefined", [one.name for one in judged if one.name in gaps]),
    ):
        if names:
            titles = listed([name.title for name in names])
            parts.append(f"{titles} {'is' if len(names) == 1 else 'are'} {word}")
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."


def _won(judged: Judged) -> str:
    return f"{judged.name.title} ({judged.margin})"


def judge(results: Results, name: ScoreName, first: str, second: str) -> Judged:
    """Compare the two sides' replicates of one score."""
    for gap in results.undefined:  # the other replicates alone would flatter that side
        if gap.name == name and gap.side in (first, second):
            return Judged(name, None, None, f"undefined: {gap.side} r{gap.replicate}: {gap.why}")
    a, b = results.side_scores(first, name), results.side_scores(second, name)
    if not a or not b:
        return Judged(name, None, None, f"{first if not a else second} not measured")
    try:
        comparison = compare(a, b)
    except RefusedInput as refusal:
        return Judged(name, None, None, f"not comparable: {refusal}")
    plain = f"{first} − {second} = {number(comparison.difference)}"
    if comparison.verdict == "no interval":
        return Judged(name, comparison, None, f"{plain}; one replicate, so no interval")
    if comparison.verdict == "inconclusive":
        bounds = interval(comparison.low, comparison.high)
        return Judged(name, comparison, None, f"inconclusive: {plain} {bounds}")
    winner = first if comparison.verdict == name.better else second
    bounds = interval(*sorted(abs(v) for v in (comparison.low or 0.0, comparison.high or 0.0)))
    margin = f"by {number(abs(comparison.difference))} {bounds}"
    return Judged(name, comparison, winner, f"{first} {comparison.verdict} {margin}", margin)


def side_tones(first: str, second: str) -> dict[str, Tone]:
    """How each side and the floor are drawn, throughout a page."""
    return {first: "accent", second: "ink", "floor": "floor"}


def side_marks(results: Results, name: ScoreName, first: str, second: str) -> list[Mark]:
    """The floor and both sides' means with their intervals, as far as they are measured."""
    floor, tones = results.floor(name), side_tones(first, second)
    marks = [Mark("floor", floor.value, "floor")] if floor else []
    for side in (second, first):
        scores = results.side_scores(side, name)
        if scores:
            mean = mean_interval([score.value for score in scores])
            marks.append(Mark(side, mean.mean, tones[side], mean.low, mean.high))
    return marks


def _finding(results: Results, judged: Judged, first: str, second: str) -> Finding:
    name = judged.name
    means = [_mean(side, results.side_scores(side, name)) for side in (first, second)]
    scores = [s for side in (first, second) for s in results.side_scores(side, name)]
    floor = results.floor(name)
    counted = f", n\u00a0=\u00a0{scores[0].n:,}" if scores else ""
    aside = f"floor {number(floor.value) if floor else 'not measured'}{counted}"
    return Finding(
        name=name.heading,
        conclusion=judged.conclusion,
        sentence=f"{', '.join(means)} ({aside}); {name.better} is better",
        strip=Strip(side_marks(results, name, first, second)),
        winner=None if judged.winner is None else f"{judged.winner} better",
    )


def _mean(side: str, scores: Sequence[Score]) -> str:
    if not scores:
        return f"{side} not measured"
    return f"{side} {number(mean_interval([score.value for score in scores]).mean)}"
