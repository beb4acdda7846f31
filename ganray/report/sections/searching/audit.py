"""What each variant of an audited GAN can be made to generate: rates, curves and pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganray.metrics.range_space.reach import Rate
from ganray.report.audit_tables import (
    classes_table,
    costs_table,
    final_rates,
    medians_table,
    plausible_table,
    rates_table,
)
from ganray.report.drawing.figures import image_grid
from ganray.report.drawing.reach_curves import BANDED, KIND_TONES, reach_curves
from ganray.report.page import (
    Block,
    Details,
    Figure,
    Gallery,
    Key,
    Paragraph,
    Section,
)
from ganray.report.reading.audited import Audited, audits
from ganray.report.reading.results import Results
from ganray.report.reading.searched import KINDS, Searched
from ganray.report.sections.searching.search import numbers_table
from ganray.text.wording import listed, number

_TILE, _SHOWN = 84, 8  # CSS pixels of an image's width; plates of each variant


def audit_lead(results: Results) -> str:
    """What the first variant reaches, and which variants reach less of other classes for sure."""
    found, level = audits(results), results.plan.settings["reached"]
    return " ".join(_lead(of, level) for of in found.values()) or ("No search is finished yet.")


def _lead(variants: Sequence[Audited], level: float) -> str:
    first = variants[0]
    by_own = final_rates(first, [one.value for one in first.thresholds(level)])
    by_class = final_rates(first, _tolerances(variants, level)[0])
    odd = [kind for kind in KINDS if kind != "in-class" and kind in by_own]
    reached = listed([f"{_percent(by_own[kind])} of {kind}" for kind in ("in-class", *odd)])
    near = listed([f"{_percent(by_class[kind])} of {kind}" for kind in odd])
    said = (
        f"The {first.variant} GAN of {first.gan} reaches {reached} targets as exactly as its own "
        f"samples."
    )
    if near:
        said += f" As near as test images of its own classes come {near} targets."
    return f"{said} {_changes(variants, level)}".rstrip()


def _changes(variants: Sequence[Audited], level: float) -> str:
    """Of each further variant the rates that a mitigation is about."""
    tolerances, parts = _tolerances(variants, level), []
    for one, tolerance in zip(variants[1:], tolerances[1:], strict=True):
        rates = final_rates(one, tolerance)
        if "off-class" in rates:
            kept = _percent(rates["in-class"])
            parts.append(f"{one.variant} {_percent(rates['off-class'])} ({kept})")
    if not parts:
        return ""
    return f"Off-class (in-class) targets within that distance by variant: {', '.join(parts)}."


def _percent(share: Rate) -> str:
    return f"{100 * share.value:.0f}%"


def _tolerances(variants: Sequence[Audited], level: float) -> list[list[float]]:
    """For each variant the first one's thresholds by in-class images, replicate by replicate.

    Where a replicate of the first is not there, its first one stands in.
    """
    known = [one.value for one in variants[0].thresholds(level, "in-class")]
    return [
        [known[min(index, len(known) - 1)] for index in range(len(one.searches))]
        for one in variants
    ]


def audit_sections(results: Results) -> list[Section]:
    """For each GAN what is reached, of what plausibility and at what cost, with pictures."""
    found, level = audits(results), results.plan.settings["reached"]
    if not found:
        return [Section("Audit", "audit", [Paragraph("No search is finished yet.")])]
    made = [
        _section(results, f"The range of {variants[0].gan}", f"range-{place}", variants, level)
        for place, variants in enumerate(found.values())
    ]
    planned = [role for role in results.plan.roles if role.startswith("search/")]
    missing = len(planned) - sum(len(v.searches) for of in found.values() for v in of)
    if missing:
        said = f"{missing} of {len(planned)} searches are not in the store."
        made[0].blocks.insert(0, Paragraph(said))
    return made


def _section(
    results: Results, title: str, anchor: str, variants: list[Audited], level: float
) -> Section:
    own = [[one.value for one in variant.thresholds(level)] for variant in variants]
    near = _tolerances(variants, level)
    blocks: list[Block] = [
        Paragraph(_intro(variants[0], level)),
        rates_table("Reached as the GAN’s own samples are", variants, own),
        rates_table(f"As near as in-class test images of {variants[0].variant}", variants, near),
        classes_table(variants),
        medians_table(variants),
        plausible_table(variants),
        costs_table(results, variants),
        Key({kind: KIND_TONES[kind] for kind in variants[0].kinds}),
        _curves("Reach rate by own samples’ threshold", variants, own),
        _curves("Reach rate by in-class threshold", variants, near),
    ]
    for one, thresholds in zip(variants, near, strict=True):
        blocks.append(_oddest(one, thresholds))
    for one in variants:
        for search in one.searches:
            name = f"Numbers of {search.role.removeprefix('search/')}"
            blocks.append(Details(name, [numbers_table(results.class_names, search)]))
    return Section(title, anchor, blocks)


def _intro(first: Audited, level: float) -> str:
    threshold = first.thresholds(level)[0]
    return (
        "A target is reached where the best of R restarts leaves a residual (mean squared error "
        "over pixels in [0, 1]) at or below a threshold. By own samples it is such that a further "
        f"sample of the same GAN is reached with probability {threshold.level:.3g} by all "
        f"restarts, calibrated on {threshold.n} samples of each variant: at "
        f"{number(threshold.value)} for {first.variant}. That is as exact as the optimiser is, and "
        "few real images lie on any GAN’s range so exactly. By in-class images it is such that a "
        f"further test image of the GAN’s own classes comes as near with probability about "
        f"{level:.3g} under {first.variant}; all variants are held against this one distance. "
        "Rates at fewer restarts are the means over all subsets of the restarts. Brackets and "
        "bands are Wilson’s 95% intervals over targets, bands where there are "
        f"{BANDED} or more; neither thresholds nor training seeds are "
        "in them. An image that is not reached was not found, which is no proof."
    )


def _curves(title: str, variants: Sequence[Audited], thresholds: Sequence[list[float]]) -> Gallery:
    figures = []
    for one, own in zip(variants, thresholds, strict=True):
        curves = {kind: one.curve(kind, own) for kind in one.kinds}
        said = ", ".join(f"{kind} {rates[-1].value:.2f}" for kind, rates in curves.items())
        alt = f"{title} of {one.variant} against restarts; at the end {said}"
        figures.append(Figure([reach_curves(curves, alt)], one.variant))
    return Gallery(figures, "panels", title)


def _oddest(one: Audited, thresholds: Sequence[float]) -> Gallery:
    """Of targets that are no test images of the GAN's classes those that it reaches and that lie
    farthest from its training images; where it reaches none, those that it comes nearest to."""
    search, reached = one.searches[0], one.reached(0, thresholds)[: one.searches[0].probes]
    odd = np.array([kind not in ("in-class", "noisy") for kind in search.kinds], dtype=bool)
    far, left = search.arrays["nearest_residuals"], [row["residual"] for row in search.rows]
    found = np.flatnonzero(reached & odd)
    title = f"{one.variant}: the oddest that are as near as in-class test images"
    order = found[np.argsort(-far[found], kind="stable")]
    if not len(found):
        found, title = np.flatnonzero(odd), f"{one.variant}: none is as near; the nearest misses"
        order = found[np.argsort(np.array(left)[found], kind="stable")]
    return Gallery([_plate(search, int(row)) for row in order[:_SHOWN]], "plates", title)


def _plate(search: Searched, index: int) -> Figure:
    """Target, answer with its residual, nearest training image with its own."""
    row, arrays = search.rows[index], search.arrays
    residual, distance = number(row["residual"]), number(row.get("nearest_training_residual"))
    pair = np.stack([arrays["targets"][index], arrays["answers"][index]])
    above = f"Target {row['target']} above its answer, residual {residual}"
    below = f"Nearest training image to {row['target']}, residual {distance}"
    pictures = [
        image_grid(pair, 1, above, _TILE),
        image_grid(arrays["nearest"][index : index + 1], 1, below, _TILE),
    ]
    return Figure(pictures, str(row["target"]), [residual, distance])
