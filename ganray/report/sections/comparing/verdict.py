"""Which side is better, by each score, and how sure that is.

Sides are compared two by two, in their order; the first one is drawn in the accent colour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import get_args

from ganray.metrics import METRICS
from ganray.metrics.intervals import mean_interval
from ganray.report.comparing.cautions import few_replicates, one_ruler, weak_ruler
from ganray.report.comparing.coverage import opening
from ganray.report.comparing.equality import equality
from ganray.report.comparing.judging import LEVEL, Judged, few, judge, judged, leader, pairs
from ganray.report.page import Block, Finding, Key, Mark, Paragraph, Section, Strip, Tone
from ganray.report.reading.results import Results
from ganray.scores import Score, ScoreName
from ganray.text.wording import listed, number


def verdict_section(results: Results, sides: Sequence[str]) -> Section:
    """A finding for each score that was measured; no claim without an interval."""
    findings: list[Block] = [_finding(results, name, sides) for name in results.measured]
    if not findings:
        findings = [Paragraph("Nothing has been measured yet, so there is no verdict.")]
    else:
        findings.insert(0, Key(side_tones(sides)))
    findings += [note for side in sides for note in _gaps(results, side)]
    findings += [Paragraph(text) for text in cautions(results, sides)]
    found = [one for name in results.measured for one in judged(results, name, sides)]
    if any(one.comparison for one in found):
        notes = _footnote(found), one_ruler(results)
        findings += [Paragraph(text, note=True) for text in notes if text]
    return Section("Verdict", "verdict", findings)


def _footnote(found: Sequence[Judged]) -> str:
    paired = [one.comparison.paired for one in found if one.comparison]
    of = "of pairs of replicates" if all(paired) else "between means of independent replicates"
    by = "Student’s" if all(paired) else "Welch’s"
    if any(paired) and not all(paired):
        of, by = "between means of replicates", "Welch’s or, where these come in pairs, Student’s"
    count = max(one.comparisons for one in found)
    sure = (
        f" A side is called better where, beside that, p stays below {LEVEL:g} by Holm’s "
        f"correction for all {count} comparisons of this report."
        if count > 1
        else ""
    )
    return (
        f"Differences are {of}, each with {by} 95% interval of its own.{sure} The floor is the "
        "score of held-out real images against the same reference at the same n: a score near it "
        "is as good as this ruler can tell."
    )


def agreement(results: Results, first: str, second: str) -> str:
    """On how many encoders a metric says who is better, of each that is measured on several."""
    found: dict[str, list[Judged]] = {}
    for name in results.measured:
        one = judge(results, name, first, second)
        if one.comparison and one.comparison.low is not None:  # one replicate says nothing at all
            found.setdefault(name.metric, []).append(one)
    said = [_held(metric, each) for metric, each in found.items() if len(each) > 1]
    return "; ".join(said)


def _held(metric: str, found: Sequence[Judged]) -> str:
    title, of = METRICS.member(metric).title, f"of {len(found)} encoders"
    won = Counter(one.winner for one in found if one.winner)
    parts = [f"that {side} is better holds on {count}" for side, count in won.most_common()]
    return f"by {title}, {' and '.join(parts) or 'no difference holds on any'} {of}"


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


def verdict_lead(results: Results, sides: Sequence[str]) -> str:
    """Who is compared, what all metrics say together, under which equality of training, and what
    to beware of, in a few sentences."""
    said = "Nothing has been measured yet."
    if results.measured:
        said = f"{verdict(results, sides)} {equality(results)}".rstrip()
    parts = [opening(results), said, brief_cautions(results, sides)]
    return " ".join(part for part in parts if part)


def cautions(results: Results, sides: Sequence[str]) -> list[str]:
    """What to beware of before the scores of these sides are believed."""
    if not results.measured:
        return []
    replicates = (len(results.side_scores(side, name)) for name in results.measured
                  for side in sides)  # fmt: skip
    found = [weak_ruler(results), few_replicates(replicates)]
    return [text for text in found if text]


def brief_cautions(results: Results, sides: Sequence[str]) -> str:
    """Those in as few words as a lead has room for."""
    heads = [text.partition(". ")[0] for text in cautions(results, sides)]
    return " ".join(f"{head}." for head in heads)


def verdict(results: Results, sides: Sequence[str]) -> str:
    """What all scores say together, of which there is at least one: a sentence for each pair; of
    many sides who is the best, and how the first two compare."""
    compared = pairs(sides)
    if len(compared) == 1:
        said = (_verdict(results, *compared[0]), agreement(results, *compared[0]))
        return " ".join(_sentence(one) for one in said if one)
    many = not few(sides)
    told = [
        _sentence(f"{a} against {b}: {_verdict(results, a, b)}")
        for a, b in (compared[:1] if many else compared)
    ]
    return " ".join([*([_best_of(results, sides)] if many else []), *told])


def _best_of(results: Results, sides: Sequence[str]) -> str:
    """Who is the best of many sides by each score, and where that is sure."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for name in results.measured:
        side, sure = leader(results, name, sides)
        if side is not None:
            found.setdefault(side, ([], []))[not sure].append(name.title)
    parts = [
        f"{side} on "
        + " and ".join(
            f"{listed(names)}{said}"
            for names, said in zip(known, (" for sure", " by its mean alone"), strict=True)
            if names
        )
        for side, known in found.items()
    ]
    return f"Best of {len(sides)} sides: {'; '.join(parts)}." if parts else ""


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _verdict(results: Results, first: str, second: str) -> str:
    sides = first, second
    found = [judge(results, name, *sides) for name in results.measured]
    won = {side: [_won(one) for one in found if one.winner == side] for side in sides}
    parts = [f"{side} is better on {listed(names)}" for side, names in won.items() if names]
    gaps = {gap.name for gap in results.undefined if gap.side in sides}
    compared = [one for one in found if one.comparison and not one.winner]
    single = any(one.comparison.low is None for one in compared if one.comparison)
    if single and not parts:
        parts.append(
            "a single training replicate gives no interval: the numbers stand side by side, "
            "and no winner is declared"
        )
        compared = []
    absent = [one for one in found if not one.comparison and one.name not in gaps]
    for word, names in (
        ("inconclusive", [one.name for one in compared]),
        ("undefined", [one.name for one in found if one.name in gaps]),
        ("not compared", [one.name for one in absent]),
    ):
        if names:
            titles = listed([name.title for name in names])
            parts.append(f"{titles} {'is' if len(names) == 1 else 'are'} {word}")
    return "; ".join(parts)


def _won(judged: Judged) -> str:
    return f"{judged.name.title} ({judged.margin})"


_TONES: tuple[Tone, ...] = get_args(Tone)[:-1]


def side_tones(sides: Sequence[str]) -> dict[str, Tone]:
    """How each side and the floor are drawn, throughout a page; tones come again after eight."""
    tones = {side: _TONES[place % len(_TONES)] for place, side in enumerate(sides)}
    return {**tones, "floor": "floor"}


def side_marks(results: Results, name: ScoreName, sides: Sequence[str]) -> list[Mark]:
    """The floor and all sides' means with their intervals, as far as they are measured."""
    floor, tones = results.floor(name), side_tones(sides)
    marks = [Mark("floor", floor.value, "floor")] if floor else []
    for side in reversed(sides):  # the first lies on top
        scores = results.side_scores(side, name)
        if scores:
            mean = mean_interval([score.value for score in scores])
            marks.append(Mark(side, mean.mean, tones[side], mean.low, mean.high))
    return marks


def _finding(results: Results, name: ScoreName, sides: Sequence[str]) -> Finding:
    compared = judged(results, name, sides)
    means = [_mean(side, results.side_scores(side, name)) for side in sides]
    scores = [s for side in sides for s in results.side_scores(side, name)]
    floor = results.floor(name)
    counted = f", n\u00a0=\u00a0{scores[0].n:,}" if scores else ""
    aside = f"floor {number(floor.value) if floor else 'not measured'}{counted}"
    best, sure = leader(results, name, sides)
    return Finding(
        name=name.heading,
        conclusion=_conclusions(compared),
        sentence=f"{', '.join(means)} ({aside}); {name.better} is better",
        strip=Strip(side_marks(results, name, sides)),
        winner=f"{best} better" if sure else None,
    )


def _conclusions(compared: Sequence[Judged]) -> str:
    """What is concluded of each pair; of several pairs, said of whom."""
    if len(compared) == 1:
        return compared[0].conclusion
    return "; ".join(f"{' against '.join(one.sides)}: {one.conclusion}" for one in compared)


def _mean(side: str, scores: Sequence[Score]) -> str:
    if not scores:
        return f"{side} not measured"
    return f"{side} {number(mean_interval([score.value for score in scores]).mean)}"
