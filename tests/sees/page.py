"""The page: tables of what was found, and what they say in words, all of it from the results."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ganray.metrics import METRICS
from ganray.text.wording import listed, number
from tests.sees import outliers, sanity
from tests.sees.families import FAMILIES
from tests.sees.pictures import COUNT, LEARNT, TRAINING
from tests.sees.ruler import FIRST, SETTINGS
from tests.sees.situations import GROUPS, SITUATIONS, Situation
from tests.sees.table import CLEAN, SURE, change, verdict

HEAD = """\
# What each metric sees

Every metric of [what it measures](measuring.md) on real images with one thing wrong with them. A
number is how much worse than clean real images the metric calls them, in standard deviations of
{clean} clean sets:

| | |
|---|---|
| 12 | seen: called worse, by more than {sure:g} standard deviations |
| · | not seen |
| **better −12** | called *better* than clean real images, by more than {sure:g}: misleading |
| none | the metric has no value on these images, and says why |

Made by `python -m tests.sees` from MNIST and Fashion-MNIST below `GANRAY_TEST_DATA`, in {minutes}
minutes of one core's time, summed over its parts, which were measured one by one; every number, and
the summary of what each family misses, is written by it. A fast test computes some of it again, a
slow one all.

{count:,} images of each set against {count:,} of MNIST's test images. Clean sets are disjoint, of
training images that nobody was shown; most situations are the first of them, changed. Features and
posteriors are the classifier's (CAFD's network, one pass over {learnt:,} images, right about
{accuracy:.1%} of the {count:,} test images), pixels for the metrics that need these. Metrics of
copies are told {training:,} of the images that the classifier learnt from. Labels are those that a
generator was asked for: a strange image has the label of the one in whose place it stands. What is
drawn is drawn by index from seed 0.

One data set, one small classifier and {count:,} images: what a metric sees here it may miss on
another encoder, and the other way round. Of {cells:,} cells a few are beyond {sure:g} by chance.

{settings}
"""
READING = """\
## What to take from it

- No metric is enough by itself, and none sees everything. Which failure is looked for decides.
- **Precision likes collapse**: one image a thousand times has better precision than real images,
  improved precision likewise, and the Inception Score prefers one image of each class. Recall and
  coverage see both at once, and so do the Fréchet distances.
- **Copies of training images** look real to most metrics, or a little strange, as the classifier
  has learnt these very images. Those that are told the training images see them by tens of standard
  deviations, and half copies are seen by these alone. `ddm_relative`, which is told them as well,
  calls copies better.
- **Metrics of copies are no metrics of quality**: noise, blur, shifts and negatives are far from
  any training image, and so are better to `nearest_training`, `c_t` and `auth_pct`.
- **Labels that were not obeyed** are seen by the metrics that ask for labels, and by no other;
  `ms_ssim` takes them for variety.
- **Noise passes for variety** with `ms_ssim`, and half of a set being noise passes for precision on
  this classifier, to which noise lies near to digits.
- **One image in a hundred** that is strange is seen by no metric on the classifier's features, not
  by the tail metrics either: the network puts noise and white among the digits. On pixels and on
  random convolutions these stand out (below). A metric sees what its encoder lets it see.
"""
SANITY = """\
## Sanity checks that need no encoder

The fifteen checks of Räisä et al., "Position: All Current Generative Fidelity and Diversity Metrics
are Flawed" ([arXiv 2505.22450](https://arxiv.org/abs/2505.22450)): normal distributions, mixtures,
cubes and spheres, with the distributions, criteria and tolerances of the paper's
[public code](https://github.com/vanderschaarlab/position-fidelity-diversity-metrics-flawed),
written anew.

T: passed; **F**: failed; L and H: passed, where too wide a set may be called of low or of high
diversity, as long as it is the same throughout; –: nothing is asked. D1b is purpose, D2
hyperparameters, D3 real data needed, D4 bounds, D5 invariance. A check is passed if it is in all
its dimensions, mostly 1, 8 and 64.

Not as in the paper: every metric has its own defaults here (k = 5 and open balls but for the
improved ones, where the paper's balls are closed), curves have nine, seven or five points in place
of 51 or 20 and are the mean of {seeds} draws, not of ten, and the largest sets have 4,000 points,
not 10,000. Of distances, which the paper leaves out and which have no bounds, shapes are asked by
criteria of this project: at least twice as far where they should be far, within 5 % where they
should stay.
"""
OUTLIERS = """\
## One image in a hundred

The same clean sets without and with 1 % of their images replaced ({draws} sets of {count:,},
paired): the mean change in standard deviations of the clean sets, + where the metric calls the set
worse; in parentheses the mean values before and after. On pixels and on random convolutions the
tail metrics see every kind, `worst_distance` by more than the Fréchet distance does, and shares of
all images move by a hundredth, which is within their spread. On the classifier's features nothing
moves by more than three: where a network puts strange images among the digits, no metric of its
features tells them.
"""


def page(found: Any) -> str:
    """The whole page of some results."""
    parts = [
        _head(found),
        READING,
        *(_group(found, title, group) for title, group in GROUPS.items()),
        words(found),
        outlier_tables(found),
        sanity_table(found),
        clean_table(found),
    ]
    return "\n".join(parts)


def _head(found: Any) -> str:
    given = [
        f"`{name}` ({', '.join(f'{key}: {value}' for key, value in some.items())})"
        for name, some in SETTINGS.items()
    ]
    first = [f"`{name}` is of the first {count} images" for name, count in FIRST.items()]
    settings = _paragraph(
        f"Settings that are not the usual ones: {listed(given)}; {listed(first)}. `copies_p_value` "
        "is read by its normal quantile, `birthday_paradox` by its logarithm. ∞ stands where clean "
        "sets do not differ at all."
    )
    return HEAD.format(
        clean=CLEAN, sure=SURE, minutes=round(found["seconds"] / 60), count=COUNT, learnt=LEARNT,
        accuracy=found["accuracy"], training=TRAINING, settings=settings,
        cells=len(SITUATIONS) * len(metric_names()),
    )  # fmt: skip


def changes(found: Any, situation: str) -> dict[str, float | None]:
    """Of every metric, in the list's order."""
    values = found["situations"][situation]
    return {name: change(name, values[name], found["clean"][name]) for name in metric_names()}


def metric_names() -> list[str]:
    """Of all metrics that there are."""
    return [METRICS.word(kind) for kind in METRICS]


def cell(change: float | None) -> str:
    """A change as the tables show it."""
    said = verdict(change)
    if change is None:
        return "none"
    if said == "unseen":
        return "·"
    size = "∞" if np.isinf(change) else _size(abs(change))
    return size if said == "worse" else f"**better −{size}**"


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


def _size(change: float) -> str:
    if change < 9.95:
        return f"{change:.1f}"
    return ">9,999" if change > 9999 else f"{change:,.0f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _group(found: Any, title: str, group: Sequence[Situation]) -> str:
    columns = [changes(found, one.name) for one in group]
    rows = [[f"`{name}`", *(cell(column[name]) for column in columns)] for name in metric_names()]
    seen = [sum(verdict(one) == "worse" for one in column.values()) for column in columns]
    rows.append(["seen by", *(f"{count} of {len(metric_names())}" for count in seen)])
    meant = "\n".join(f"- {one.title}: {one.meaning}" for one in group)
    return f"## {title}\n\n{meant}\n\n" + table(["", *(one.title for one in group)], rows)


def words(found: Any) -> str:
    """What each family sees, misses and is misled by, from the numbers."""
    said = {one.title: changes(found, one.name) for one in SITUATIONS}
    parts = ["## What each family misses\n"]
    for family, names in FAMILIES.items():
        sure = [
            title for title, all_of in said.items()
            if all(verdict(all_of[name]) == "worse" for name in names)
        ]  # fmt: skip
        missed = [
            title for title, all_of in said.items()
            if not any(verdict(all_of[name]) == "worse" for name in names)
        ]  # fmt: skip
        misled = [
            f"{title} (`{'`, `'.join(who)}`)" for title, all_of in said.items()
            if (who := [name for name in names if verdict(all_of[name]) == "better"])
        ]  # fmt: skip
        sentences = [f"**{family}** (`{'`, `'.join(names)}`)."]
        sentences.append(f"All see: {', '.join(sure)}." if sure else "Nothing is seen by all.")
        sentences.append(
            f"None sees: {', '.join(missed)}." if missed else "Each is seen by one or more."
        )
        if misled:
            sentences.append(f"Called better than real images: {'; '.join(misled)}.")
        parts.append(_paragraph(" ".join(sentences)) + "\n")
    least = sorted(
        (sum(verdict(one) == "worse" for one in all_of.values()), title)
        for title, all_of in said.items()
    )[:5]
    hidden = ", ".join(f"{title} (by {count})" for count, title in least)
    hardest = f"Hardest to see, by how many of {len(metric_names())} metrics: {hidden}."
    parts.append(_paragraph(hardest) + "\n")
    return "\n".join(parts)


def outlier_tables(found: Any) -> str:
    """For each encoder."""
    parts = [OUTLIERS.format(draws=outliers.DRAWS, count=COUNT)]
    for encoder in outliers.ENCODERS:
        by_kind = found["outliers"][encoder]
        rows = [
            [f"`{name}`", *(_effect(by_kind[kind][name]) for kind in outliers.KINDS)]
            for name in outliers.metrics_on(encoder)
        ]
        parts.append(f"On `{encoder}`:\n\n" + table(["", *outliers.KINDS], rows))
    return "\n".join(parts)


def _effect(effect: Any) -> str:
    size = f"{effect['change']:+.1f}".replace("-", "−")
    return f"{size} ({number(effect['clean'])} → {number(effect['planted'])})"


def sanity_table(found: Any) -> str:
    """Desiderata of checks by metrics."""
    names = list(sanity.KINDS)
    rows = [
        [check.title, wanted, *(_answer(found["sanity"][key][name].get(wanted)) for name in names)]
        for key, check in sanity.CHECKS.items()
        for wanted in sorted({one for name in names for one in found["sanity"][key][name]})
    ]
    passed = [sum(row[at] not in ("**F**", "–") for row in rows) for at in range(2, len(names) + 2)]
    asked = [sum(row[at] != "–" for row in rows) for at in range(2, len(names) + 2)]
    counts = [f"{a} of {b}" for a, b in zip(passed, asked, strict=True)]
    head = ["", "", *(f"`{name}`" for name in names)]
    kinds = ["", "", *sanity.KINDS.values()]
    return (
        SANITY.format(seeds=sanity.SEEDS)
        + "\n"
        + table(head, [kinds, *rows, ["passed", "", *counts]])
    )


def _answer(answer: Any) -> str:
    return {True: "T", False: "**F**", "low": "L", "high": "H", None: "–"}[answer]


def clean_table(found: Any) -> str:
    """What clean sets score."""
    rows = []
    for name in metric_names():
        known = [one for one in found["clean"][name] if one is not None]
        spread = [number(n) for n in (np.mean(known), np.std(known, ddof=1))] if known else []
        rows.append([f"`{name}`", METRICS.member(name).better, *(spread or ["none", ""])])
    head = ["", "better", f"mean of {CLEAN} clean sets", "standard deviation"]
    return "## Clean real images\n\nThe spread that changes are in units of.\n\n" + table(
        head, rows
    )
