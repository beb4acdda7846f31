"""How likely test images are under each side, over σ: two estimates that do not agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain

import numpy as np

from ganray.metrics.density.mixed import bits_per_dimension
from ganray.metrics.intervals import mean_interval
from ganray.plan import Task
from ganray.plan.probing import LikelihoodParameters
from ganray.report.drawing.figures import ACCENT, INK, canvas, picture
from ganray.report.page import Block, Column, Figure, Gallery, Paragraph, Picture, Section, Table
from ganray.report.reading.probed import Likely, likely, order_of, sigmas
from ganray.report.reading.results import Results
from ganray.text.wording import interval, listed, number

_COLOURS = (ACCENT, INK)  # of the sides, in their order


def likelihood_section(results: Results, sides: Sequence[str]) -> Section | None:
    """Both estimates of each side at each σ, who is better by each, and the sandwich gap."""
    tasks = [task for task in results.plan.tasks if task.kind == "likelihood"]
    if not tasks:
        return None
    found = [[one for s in sigmas(results) if (one := likely(results, side, s))] for side in sides]
    blocks: list[Block] = [Paragraph(_INTRO), Paragraph(_how(results, tasks[0]), note=True)]
    if not any(found):
        return Section("Likelihood", "likelihood", [*blocks, Paragraph("Not asked yet.")])
    dimensions = math.prod(results.plan.dataset["shape"])
    blocks += [
        _table(found, dimensions),
        Gallery([Figure([_curves(found, dimensions)], "")], "panels", _CURVES),
        Paragraph(said(results, sides)),
    ]
    return Section("Likelihood", "likelihood", [one for one in blocks if one != Paragraph("")])


_INTRO = (
    "A GAN has no density of its own. With normal noise of deviation σ on its pixels, in units of "
    "images in [0, 1], it has one: p(x) = E N(x; G(z), σ²). Annealed importance sampling (AIS) and "
    "Parzen windows of the same σ both estimate log p of test images from below. σ is chosen, not "
    "found, and no value compares with that of another σ. Neither estimate looks at how images "
    "look: noise on good images is cheap, and copies of training images are likely, too."
)
_HOW = (
    "{images} test images, the same for all, dequantised to (x + u) / 256; of each GAN of the "
    "first replicate {chains} chains of {steps} distributions for each image; of each side windows "
    "around {windows} samples. A side of several GANs is their mixture. Intervals are 95% over "
    "images, not over training runs. Bits are for each number of an 8-bit image. The sandwich gap "
    "is of images that the GANs themselves made with their noise: the mean upper bound of log p "
    "less the mean lower one, in nats. Where it is as large as what is compared, chains are too "
    "short to say anything: raise likelihood.steps."
)


def _how(results: Results, task: Task) -> str:
    told = LikelihoodParameters.of(task).likelihood
    windows = results.plan.settings["likelihood"]["windows"]
    return _HOW.format(
        images=task.horizon, chains=told.chains, steps=told.steps, windows=f"{windows:,}"
    )


_CURVES = "Bits for each number of an image over σ: AIS as lines, Parzen windows dashed"


def _table(found: Sequence[Sequence[Likely]], dimensions: int) -> Table:
    columns = ["AIS, nats", "95%", "AIS, bits", "Parzen, nats", "95%", "gap of simulated images"]
    rows = [_row(one, dimensions) for one in sorted(chain(*found), key=lambda one: one.sigma)]
    return Table(
        "Mean log p of the test images; higher nats and fewer bits are better",
        [Column("σ and side"), *(Column(name, numeric=True) for name in columns)],
        [list(row) for row in rows],
    )


def _row(one: Likely, dimensions: int) -> list[str]:
    annealed, windows = (mean_interval(x.tolist()) for x in (one.annealed, one.windows))
    return [
        f"{one.sigma:g} {one.side}",
        number(annealed.mean),
        interval(annealed.low, annealed.high),
        f"{bits_per_dimension(annealed.mean, dimensions):.3f}".replace("-", "−"),
        number(windows.mean),
        interval(windows.low, windows.high),
        number(float(one.gaps.mean())),
    ]


def _curves(found: Sequence[Sequence[Likely]], dimensions: int) -> Picture:
    size = 4.4, 2.4
    with canvas(size) as drawn:
        axes = drawn.subplots()
        for colour, side in zip(_COLOURS, found, strict=False):
            at = [one.sigma for one in side]
            for name, style in (("annealed", "-"), ("windows", (0, (3, 2)))):
                bits = [
                    bits_per_dimension(float(np.mean(getattr(one, name))), dimensions)
                    for one in side
                ]
                axes.plot(at, bits, color=colour, linestyle=style, marker="o", markersize=3,
                          linewidth=1.2, label=f"{side[0].side if side else ''}"
                          + (", AIS" if name == "annealed" else ", Parzen"))  # fmt: skip
        axes.set_xscale("log")
        ticks = sorted({one.sigma for one in chain(*found)})
        axes.set_xticks(ticks, [f"{sigma:g}" for sigma in ticks])
        axes.minorticks_off()
        axes.set_xlabel("σ")
        axes.set_ylabel("bits")
        axes.legend(frameon=False)
        return picture(drawn, _CURVES, size)


def said(results: Results, sides: Sequence[str]) -> str:
    """Who is better at each σ by either estimate, and where the gap forbids to say so."""
    parts, loose = [], []
    for sigma in sigmas(results):
        order = order_of(results, sides, sigma)
        if order:
            parts.append(f"σ {sigma:g}: {order['annealed']} by AIS, {order['windows']} by Parzen")
            loose += [f"{sigma:g}"] if _loose(results, sides, sigma) else []
    if not parts:
        return ""
    text = f"Likelier test images have, at {'; at '.join(parts)}. By intervals of the "
    text += "differences over images; training runs vary more."
    if loose:
        text += (
            f" At σ {listed(loose)} the gap between the bounds exceeds the difference of the "
            "sides, so that AIS does not settle it."
        )
    return text


def _loose(results: Results, sides: Sequence[str], sigma: float) -> bool:
    found = [one for side in sides if (one := likely(results, side, sigma))]
    apart = abs(float(found[0].annealed.mean() - found[1].annealed.mean()))
    return max(float(one.gaps.mean()) for one in found) > apart


def likelihood_lead(results: Results, sides: Sequence[str]) -> str:
    """Whether the two estimates and the σ agree, in a sentence; empty where nothing was asked."""
    orders = [order for s in sigmas(results) if (order := order_of(results, sides, s))]
    if not orders:
        return ""
    annealed, windows = ({order[name] for order in orders} for name in ("annealed", "windows"))
    differing = sum(order["annealed"] != order["windows"] for order in orders)
    several = f"{len(orders)} σ" if len(orders) > 1 else "one σ"
    agree = f"they differ at {differing}" if differing else "they agree"
    return (
        f"Of likelihoods at {several}, AIS names {_named(annealed)} the likelier, and Parzen "
        f"windows {_named(windows)}; {agree}."
    )


def _named(found: set[str]) -> str:
    return " or ".join(sorted(found))
