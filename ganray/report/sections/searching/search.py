"""What each searched GAN can be made to generate: targets, answers and how far apart they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ganray.metrics.range_space.reach import best, calibrated, reach_curve
from ganray.report.drawing.figures import image_grid
from ganray.report.drawing.reach_curves import BANDED, KIND_TONES, reach_curves
from ganray.report.page import (
    Block,
    Column,
    Details,
    Figure,
    Gallery,
    Key,
    Paragraph,
    Section,
    Table,
)
from ganray.report.reading.results import Results
from ganray.report.reading.searched import KINDS, OWN, Searched, searches
from ganray.text.wording import number

_TILE = 84  # CSS pixels of an image's width
_KINDS = {"real": "real test images", "noisy": "noisy test images", "other": "another data set"}


def search_section(results: Results) -> Section | None:
    """A gallery, an interpretation and the numbers of each search; None if none was planned."""
    planned = [role for role in results.plan.roles if role.startswith("search/")]
    if not planned:
        return None
    done = searches(results)
    blocks: list[Block] = [Paragraph(_INTRO)]
    for searched in done:
        blocks += _one(results, searched)
    missing = len(planned) - len(done)
    if missing:
        blocks.append(Paragraph(f"{missing} of {len(planned)} searches are not in the store."))
    return Section("Range-space search", "search", blocks)


_INTRO = (
    "Gradient descent on the latent vector looks for the image nearest to each target. In each "
    "column: the target, the best answer with its residual (mean squared error over pixels in "
    "[0, 1]), and the nearest real training image with its residual. A GAN’s own samples, which "
    "it certainly can generate, are searched as well: what remains of them is the optimiser’s, "
    "not the range’s. A large residual means that the search did not find the image, which is "
    "evidence, no proof, that it lies outside the range."
)


def _one(results: Results, searched: Searched) -> list[Block]:
    arrays, probes = searched.arrays, searched.probes
    blocks: list[Block] = [
        Gallery(
            [_plate(searched, i, arrays["nearest"][i : i + 1]) for i in range(probes)],
            "plates",
            title=f"The range of {searched.name}",
        ),
        Paragraph(interpretation(searched)),
    ]
    own = [_plate(searched, i, None) for i in range(probes, len(searched.rows))]
    if own:
        blocks.append(
            Gallery(own, "plates", title=f"Its own samples, {searched.restarts} restarts each")
        )
    blocks += _reach(searched)
    table = numbers_table(results.class_names, searched)
    blocks.append(Details(f"Numbers of {searched.name}", [table]))
    return blocks


def _reach(searched: Searched) -> list[Block]:
    """How often targets of each kind are reached as the own samples are, against restarts."""
    if not searched.null:
        return []
    threshold = calibrated(best(searched.residuals(OWN)))
    kinds = [kind for kind in (OWN, *KINDS) if len(searched.residuals(kind))]
    curves = {kind: reach_curve([searched.residuals(kind)], [threshold.value]) for kind in kinds}
    ends = ", ".join(f"{kind} {rates[-1].value:.2f}" for kind, rates in curves.items())
    said = (
        f"The share of targets whose best of R restarts leaves at most {number(threshold.value)}: "
        f"of {threshold.n} own samples so calibrated that a further one would be reached with "
        f"probability {threshold.level:.2g}. By means over all subsets of the restarts; bands are "
        f"Wilson’s 95% intervals, where there are {BANDED} targets or more."
    )
    alt = f"Reach rates against restarts; at the end {ends}"
    return [
        Key({kind: KIND_TONES[kind] for kind in kinds}),
        Gallery([Figure([reach_curves(curves, alt)], "")], "panels", "Reach rate"),
        Paragraph(said, note=True),
    ]


def _plate(searched: Searched, index: int, nearest: np.ndarray | None) -> Figure:
    row, arrays = searched.rows[index], searched.arrays
    pair = np.stack([arrays["targets"][index], arrays["answers"][index]])
    residual = number(row["residual"])
    alt = f"Target {row['target']} above its answer, residual {residual}"
    pictures, lines = [image_grid(pair, 1, alt, _TILE)], [residual]
    if nearest is not None:
        distance = number(row.get("nearest_training_residual"))
        alt = f"Nearest training image to {row['target']}, residual {distance}"
        pictures.append(image_grid(nearest, 1, alt, _TILE))
        lines.append(distance)
    return Figure(pictures, str(row["target"]), lines)


def interpretation(searched: Searched) -> str:
    """Medians of each kind of target against that of the own samples, in words."""
    kinds: dict[str, list[float]] = {}
    for row in searched.rows[: searched.probes]:
        kind = _KINDS.get(str(row["target"]).partition(" ")[0], "drawings")
        kinds.setdefault(kind, []).append(float(row["residual"]))
    if not searched.null:
        medians = [f"{kind} {number(float(np.median(v)))}" for kind, v in kinds.items()]
        return f"Median residuals: {', '.join(medians)}. No own samples were searched as the null."
    floor, worst = float(np.median(searched.null)), max(searched.null)
    medians = [f"{kind} {_against(float(np.median(v)), floor)}" for kind, v in kinds.items()]
    beyond = sum(float(row["residual"]) > worst for row in searched.rows[: searched.probes])
    return (
        f"Own samples come back to a median residual of {number(floor)}. Medians beside it: "
        f"{', '.join(medians)}. {beyond} of {searched.probes} targets stay above the worst own "
        f"sample ({number(worst)}); {_nearer(searched)}"
    )


def _against(median: float, floor: float) -> str:
    return f"{number(median)} ({number(median / floor)} times)" if floor > 0 else number(median)


def _nearer(searched: Searched) -> str:
    rows = [r for r in searched.rows[: searched.probes] if "nearest_training_residual" in r]
    count = sum(float(r["residual"]) < float(r["nearest_training_residual"]) for r in rows)
    return f"{count} of {len(rows)} answers are nearer than the nearest training image."


def numbers_table(class_names: Sequence[str], searched: Searched) -> Table:
    """Each target of a search with its residuals, its answer's ‖z‖ and both classes."""
    latent = searched.latent
    columns = [
        Column("target"),
        Column("residual", numeric=True),
        Column(f"over {searched.restarts} restarts: median", numeric=True),
        Column("worst", numeric=True),
        Column("‖z‖", numeric=True),
        Column("target’s class"),
        Column("answer’s class"),
        Column("nearest training image", numeric=True),
    ]
    return Table(
        f"Each target; ‖z‖ of a latent drawn from N(0, I) is about √{latent} = {latent**0.5:.1f}. "
        "Classes are the encoder’s.",
        columns,
        [_row(class_names, searched, index) for index in range(len(searched.rows))],
    )


def _row(names: Sequence[str], searched: Searched, index: int) -> list[Any]:
    row, residuals = searched.rows[index], searched.arrays["residuals"][index]
    return [
        str(row["target"]),
        number(row["residual"]),
        number(float(np.median(residuals))),
        number(float(residuals.max())),
        f"{row['latent_norm']:.1f}",
        names[row["target_class"]],
        names[row["answer_class"]],
        number(row.get("nearest_training_residual")),
    ]
