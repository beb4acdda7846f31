"""What translators make of images: scores both ways, counterparts, pictures, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8

from ganray.metrics.intervals import mean_interval
from ganray.plan.parameters import SampleParameters
from ganray.plan.roles import Gan
from ganray.report.drawing.figures import image_grid
from ganray.report.page import Block, Column, Figure, Gallery, Paragraph, Section, Strip, Table
from ganray.report.reading.results import Results
from ganray.report.sections.comparing.scores import scores_section
from ganray.text.wording import duration, interval, listed, number, quantity

DIRECTIONS: dict[Literal["a", "b"], str] = {"b": "", "a": "to/a/"}
"""The domain that is translated to, and how the roles of the tasks begin that measure it."""
UNTOUCHED = "untouched"
"""The side of images that are left as they are."""
_SHOWN = 10  # images in a row
_NAMED = 3  # classes that a domain is called by
Images = UInt8[np.ndarray, "n c h w"]


def translation_lead(results: Results) -> str:
    """The best translator of each direction, by the first score."""
    said = [
        _lead(results.within(part), _domain(results, part))
        for part in DIRECTIONS.values()
        if _gans(results, part)
    ]
    return " ".join(part for part in said if part) or "Nothing has been measured yet."


def _lead(results: Results, domain: str) -> str:
    if not results.measured:
        return ""
    name = results.measured[0]
    means = {
        side: mean_interval([score.value for score in scores]).mean
        for side in results.plan.sides
        if (scores := results.side_scores(side, name))
    }
    untouched, floor = means.pop(UNTOUCHED, None), results.floor(name)
    if not means:
        return ""
    best = (min if name.better == "lower" else max)(means, key=lambda side: means[side])
    return (
        f"To {domain}, {best} has the best {name.title}, {number(means[best])}, where images left "
        f"as they are have {number(untouched)} and real ones "
        f"{number(floor.value if floor else None)}."
    )


def translation_sections(results: Results) -> list[Section]:
    """One for each direction, and one of the translators' costs."""
    parts = [
        _direction(results, part, place)
        for place, part in enumerate(DIRECTIONS.values())
        if _gans(results, part)
    ]
    return [*parts, _costs(results)]


def _gans(results: Results, part: str) -> list[Gan]:
    """The translators that have the direction."""
    return [gan for gan in results.gans if _sampled(gan, part) in results.plan.roles]


def _sampled(gan: Gan, part: str) -> str:
    return part + gan.role.replace("train/", "sample/", 1)


def _direction(results: Results, part: str, place: int) -> Section:
    own, domain = results.within(part), _domain(results, part)
    gans = _gans(results, part)
    sides = [*dict.fromkeys(gan.side for gan in gans), UNTOUCHED]
    blocks: list[Block] = [_pictures(results, gans, part)]
    if (compared := _counterparts(results, gans, part)) is not None:
        blocks.append(compared)
    blocks += scores_section(own, sides).blocks
    return Section(f"To {domain}", f"to-{place}", blocks)


def _domain(results: Results, part: str) -> str:
    """What the domain is called that is translated to."""
    tasks = [task for role, address in results.plan.roles.items()
             if role.startswith(f"{part}measure/")
             for task in [results.plan.by_address[address]]]  # fmt: skip
    subset = tasks[0].parameters.get("subset") if tasks else None
    names = results.names(subset["classes"]) if subset else []
    return domain_name(names, results.plan.settings["data"]["views"])


def domain_name(names: Sequence[str], views: Sequence[str]) -> str:
    """What the domain of some classes is called: as the view that they are, or by their names."""
    seen = {
        next((view for view in views if f" {name}".endswith(f" {view}")), "plain") for name in names
    }
    if views and len(seen) == 1:
        return seen.pop()
    return listed(names) if len(names) <= _NAMED else f"{names[0]}, {names[1]}, … {names[-1]}"


def _pictures(results: Results, gans: Sequence[Gan], part: str) -> Block:
    """The first source of each class above what every translator makes of it."""
    first = {gan.side: gan for gan in reversed(gans) if gan.replicate == 0}
    told = SampleParameters.of(results.plan.task(_sampled(gans[0], part)))
    sources = [results.real_images("held_out", label) for label in told.sources or []]
    if not sources or any(images is None for images in sources):
        return Paragraph("The data set is not in the store.")
    known: list[Images] = [images for images in sources if images is not None]
    chosen = _spread([len(images) for images in known])
    figures = [_row(np.concatenate(known)[chosen], "source")]
    for side in dict.fromkeys(gan.side for gan in gans):
        made = results.rows(_sampled(first[side], part), "images")
        if made is None:
            figures.append(Figure([], side, ["not translated yet"]))
        else:
            figures.append(_row(made["images"][chosen], side))
    return Gallery(figures, "sheet", "The first held-out images of each class, and translations")


def _spread(sizes: Sequence[int]) -> list[int]:
    """Rows of about as many images as are shown, the first ones of each class, by their sizes."""
    firsts, each = accumulate([0, *sizes[:-1]]), max(1, _SHOWN // len(sizes))
    rows = [
        first + at for first, size in zip(firsts, sizes, strict=True)
        for at in range(min(each, size))
    ]  # fmt: skip
    return rows[: 2 * _SHOWN]


def _row(images: Images, who: str) -> Figure:
    return Figure([image_grid(images, len(images), f"{who}: images one beside the other")], who)


def _counterparts(results: Results, gans: Sequence[Gan], part: str) -> Table | None:
    """How far translations are from what they should have become."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for gan in gans:
        found = results.result(part + gan.role.replace("train/", "counterpart/", 1))
        if "distance" in found:
            rows.setdefault(gan.side, []).append(found)
    if not rows:
        return None
    cells: list[list[str | Strip]] = [
        [side, *_mean([f["distance"] for f in found]), *_mean([f["kept"] for f in found])]
        for side, found in rows.items()
    ]
    untouched = next(iter(rows.values()))[0]["untouched"]
    return Table(
        "Against each image’s own counterpart: mean absolute difference of pixels in [0, 1], and "
        "how often the classifier sees the counterpart’s class, with Student’s 95% intervals",
        [
            Column("side"),
            Column("difference", numeric=True),
            Column("95% interval", numeric=True),
            Column("class kept", numeric=True),
            Column("95% interval", numeric=True),
        ],
        [*cells, [UNTOUCHED, number(untouched), "–", "–", "–"]],
    )


def _mean(values: Sequence[float]) -> list[str]:
    mean = mean_interval(values)
    return [number(mean.mean), interval(mean.low, mean.high) or "one replicate"]


def _costs(results: Results) -> Section:
    """Weights and operations of each side, and how long its iterations took."""
    rows: list[list[str | Strip]] = []
    for side in dict.fromkeys(gan.side for gan in results.gans):
        trained = [gan for gan in results.gans if gan.side == side and results.result(gan.role)]
        if not trained:
            continue
        told, iterations = results.result(trained[0].role), trained[0].task.horizon or 1
        seconds = sum(results.seconds[gan.task.address] for gan in trained) / len(trained)
        sizes = told["parameters"]
        critics = sum(sizes.values()) - sizes["translator"]
        rows.append(
            [
                side,
                f"{sizes['translator']:,}",
                f"{critics:,}",
                quantity(told["image_flops"], "FLOP"),
                quantity(told["flops"] / iterations, "FLOP"),
                duration(seconds / iterations),
                f"{iterations:,}",
            ]
        )
    numbers = ("weights of translators", "of critics", "a translation", "an iteration", "its time")
    columns = [Column("side"), *(Column(one, numeric=True) for one in (*numbers, "iterations"))]
    note = Paragraph(
        "Weights that both ways share count once. Time is wall-clock time of training on the "
        "machines that did it.",
        note=True,
    )
    return Section("Costs", "costs", [Table("What each translator costs", columns, rows), note])
