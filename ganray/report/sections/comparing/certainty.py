"""How sure the verdict is: every comparison, the ranks of many sides, where variance comes from."""

from __future__ import annotations

from collections.abc import Sequence

from ganray.metrics.statistics.components import Components
from ganray.metrics.statistics.power import smallest_detectable_difference
from ganray.report.comparing.certainty import POWER, certainty, components, ranks
from ganray.report.comparing.judging import Judged, few, judged
from ganray.report.page import Block, Column, Paragraph, Section, Strip, Table
from ganray.report.reading.results import Results
from ganray.text.wording import interval, number

Row = list[str | Strip]


def certainty_section(results: Results, sides: Sequence[str]) -> Section | None:
    """None where nothing is compared that has an interval."""
    found = [one for name in results.measured for one in judged(results, name, sides)]
    known = [one for one in found if one.comparison and one.comparison.low is not None]
    blocks: list[Block] = [*_comparisons(results, known)]
    blocks += [] if few(sides) else _ranks(results, sides)
    blocks += _components(results, sides)
    return Section("How sure this is", "certainty", blocks) if blocks else None


def _comparisons(results: Results, found: Sequence[Judged]) -> list[Block]:
    if not found:
        return []
    rows = [_comparison(results, one) for one in found]
    numeric = [
        "difference",
        "95% interval",
        "p",
        "p, corrected",
        "Hedges’ g",
        "smallest to be found",
        "replicates for this one",
    ]
    columns = [Column("metric"), Column("sides"), *(Column(one, numeric=True) for one in numeric)]
    return [
        Table("Each comparison, first side − second", columns, rows),
        Paragraph(
            f"Corrected: by Holm’s rule for all {max(one.comparisons for one in found)} "
            "comparisons of this report. Hedges’ g is the difference in standard deviations of a "
            "replicate. The smallest to be found is the true difference that so many replicates "
            f"show in {POWER:.0%} of all studies such as this one, and the last column how many of "
            "each side would show the one that was seen as often; both without the correction, as "
            "rough as a standard deviation of so few numbers, and hopeful: they are the pooled t "
            "test’s, and Welch’s has 0.69 where that has 0.8 of three replicates, 0.77 of five.",
            note=True,
        ),
        *_of_pairs(found),
    ]


def _of_pairs(found: Sequence[Judged]) -> list[Block]:
    if not any(one.comparison and one.comparison.paired for one in found):
        return []
    return [
        Paragraph(
            "Replicates that belong together are compared in pairs: intervals and p are those of "
            "their differences. The last three columns are of independent replicates and left out.",
            note=True,
        )
    ]


def _comparison(results: Results, one: Judged) -> Row:
    found, more = one.comparison, certainty(results, one)
    assert found is not None  # only such are listed
    effect = more.effect
    return [
        one.name.title,
        " − ".join(one.sides),
        number(found.difference),
        interval(found.low, found.high),
        number(found.p_value),
        number(one.corrected),
        _with_ends(effect.g, effect.low, effect.high) if effect else "–",
        number(more.detectable),
        f"{more.needed:,}" if more.needed else "–",
    ]


def _ranks(results: Results, sides: Sequence[str]) -> list[Block]:
    tables: list[Block] = []
    for name in results.measured:
        if found := ranks(results, name, sides):
            rows: list[Row] = [
                [str(one.rank), one.name, number(one.mean), one.letters, str(one.n)]
                for one in found
            ]
            columns = [Column("rank"), Column("side"), Column("mean", numeric=True)]
            columns += [Column("not told apart"), Column("replicates", numeric=True)]
            tables.append(Table(f"Ranks by {name.title}", columns, rows))
    if tables:
        tables.append(
            Paragraph(
                "A rank is one more than the number of sides that are better for sure, by Welch’s "
                "test with Holm’s correction over all pairs of one score; sides that share a "
                "letter are not told apart.",
                note=True,
            )
        )
    return tables


def _components(results: Results, sides: Sequence[str]) -> list[Block]:
    rows: list[Row] = []
    for name in results.measured:
        for side in sides:
            if (found := components(results, name, side)) is None:
                continue
            rows.append([name.title, side, *_shares(found)])
    if not rows:
        return []
    numeric = [
        "seeds",
        "sd of training",
        "sd of sampling",
        "training’s share",
        "p",
        "smallest to be found",
    ]
    columns = [Column("metric"), Column("side"), *(Column(one, numeric=True) for one in numeric)]
    return [
        Table("Where the variance comes from: training seeds × sampling seeds", columns, rows),
        Paragraph(
            "Standard deviations with their 95% intervals: between training seeds, and between "
            "sampling seeds of one, by the analysis of variance; p is that of no difference "
            "between training seeds. The scores above are means over sampling seeds. Only more "
            "training seeds narrow what training does.",
            note=True,
        ),
    ]


def _shares(found: Components) -> Row:
    training, sampling = found.training, found.sampling
    total, deviation = training.value + sampling.value, found.deviation(found.k)
    least = smallest_detectable_difference(deviation, found.n, POWER) if deviation else 0.0
    return [
        f"{found.n} × {found.k}",
        *(
            _with_ends(*(v**0.5 for v in (one.value, one.low, one.high)))
            for one in (training, sampling)
        ),
        f"{training.value / total:.0%}" if total else "–",
        number(found.p_value),
        number(least),
    ]


def _with_ends(value: float, low: float, high: float) -> str:
    return f"{number(value)} {interval(low, high)}"
