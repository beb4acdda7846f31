"""Tables of a range-space audit: what each variant reaches, how, how likely and at what cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganray.metrics.range_space.reach import Rate, rate
from ganray.plan import Task
from ganray.plan.parameters import SearchParameters
from ganray.report.page import Column, Strip, Table
from ganray.report.reading.audited import Audited
from ganray.report.reading.results import Results
from ganray.report.reading.searched import OWN
from ganray.text.wording import duration, number

_IMPLAUSIBLE = 0.05


def final_rates(one: Audited, thresholds: Sequence[float]) -> dict[str, Rate]:
    """The rate of each kind of target at all restarts."""
    return {kind: one.curve(kind, thresholds)[-1] for kind in one.kinds}


def rates_table(
    title: str, variants: Sequence[Audited], thresholds: Sequence[list[float]]
) -> Table:
    """The rate of each kind of target at all restarts, by a threshold for each replicate."""
    kinds = variants[0].kinds
    rows: list[list[str | Strip]] = []
    for one, own in zip(variants, thresholds, strict=True):
        rates = final_rates(one, own)
        cells = [_cell(rates[kind]) if kind in rates else "–" for kind in kinds]
        rows.append([one.variant, "–".join(dict.fromkeys(map(number, _ends(own)))), *cells])
    counts = ", ".join(f"{len(variants[0].rows(kind))} {kind}" for kind in kinds)
    return Table(
        f"{title}, by all restarts: per cent of the targets ({counts})",
        [Column("variant"), Column("threshold", numeric=True)]
        + [Column(kind, numeric=True) for kind in kinds],
        rows,
    )


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _cell(share: Rate) -> str:
    return f"{100 * share.value:.0f} [{100 * share.low:.0f}, {100 * share.high:.0f}]"


def medians_table(variants: Sequence[Audited]) -> Table:
    """Median residuals, and how many times those of own samples they are."""
    kinds = variants[0].kinds
    rows: list[list[str | Strip]] = []
    for one in variants:
        null = one.medians(OWN)
        cells = []
        for kind in kinds:
            median = one.medians(kind) if kind in one.kinds else float("nan")
            beside = kind != OWN and null > 0 and np.isfinite(median)
            cells.append(number(median) + (f" ({_times(median / null)}×)" if beside else ""))
        rows.append([one.variant, *cells])
    return Table(
        "Median residual of the best restart, and how many times that of own samples",
        [Column("variant"), *(Column(kind, numeric=True) for kind in kinds)],
        rows,
    )


def _times(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:,.0f}"


def classes_table(variants: Sequence[Audited]) -> Table:
    """How often the answer is of the target's class, by the data set's own classifier."""
    kinds = [kind for kind in ("in-class", "off-class", "noisy") if variants[0].rows(kind)]
    rows: list[list[str | Strip]] = []
    for one in variants:
        cells = [_cell(rate(one.same_class(kind))) if kind in one.kinds else "–" for kind in kinds]
        rows.append([one.variant, *cells])
    return Table(
        "Answers that the data set’s own classifier takes for what it takes their target for, near "
        "or not, in per cent",
        [Column("variant"), *(Column(kind, numeric=True) for kind in kinds)],
        rows,
    )


def plausible_table(variants: Sequence[Audited]) -> Table:
    """‖z‖ of the answers, and how often the prior makes it implausible."""
    kinds = variants[0].kinds
    rows: list[list[str | Strip]] = []
    for one in variants:
        law = SearchParameters.of(one.tasks[0]).model.latents
        cells = []
        for kind in kinds:
            if kind not in one.kinds:
                cells.append("–")
                continue
            out = float((one.plausible(kind) < _IMPLAUSIBLE).mean())
            cells.append(f"{np.median(one.norms(kind)):.1f} ({100 * out:.0f}%)")
        typical = _typical(law.rows(0, "typical", 0, 200)[:, : law.free])
        rows.append([one.variant, f"{typical:.1f}", *cells])
    return Table(
        "Median ‖z‖ of the answers, and in brackets the share whose norm the prior makes "
        f"implausible (two-sided tail below {_IMPLAUSIBLE:g}: χ² for normal latents, draws of the "
        "prior for others; outside of its support counts). Of draws of a prior it would be 5%",
        [Column("variant"), Column("‖z‖ of the prior", numeric=True)]
        + [Column(kind, numeric=True) for kind in kinds],
        rows,
    )


def _typical(rows: np.ndarray) -> float:
    return float(np.median(np.linalg.norm(rows, axis=1)))


def costs_table(results: Results, variants: Sequence[Audited]) -> Table:
    """Sizes, steps and times."""
    rows: list[list[str | Strip]] = []
    for one in variants:
        told = SearchParameters.of(one.tasks[0]).search
        restarts = one.tasks[0].horizon or 0
        size = _parameters(results, one.gans[0])
        trained = sum(results.seconds.get(gan.address, 0.0) for gan in one.gans)
        spent = sum(results.seconds.get(task.address, 0.0) for task in one.tasks)
        rows.append(
            [
                one.variant,
                f"{size:,}" if size else "–",
                f"{restarts} × {told.steps}",
                f"{restarts * told.steps:,}",
                duration(spent),
                duration(trained),
            ]
        )
    return Table(
        "What it takes, over all replicates; variants that differ in their search alone have one "
        "training",
        [
            Column("variant"),
            Column("parameters of the generator", numeric=True),
            Column("restarts × steps", numeric=True),
            Column("gradients of a target", numeric=True),
            Column("time of the search", numeric=True),
            Column("time of the training", numeric=True),
        ],
        rows,
    )


def _parameters(results: Results, gan: Task) -> int:
    """Of the networks that images are drawn with; what normalisation counts is none."""
    weights = results.arrays(gan, "generator.safetensors") or {}
    return sum(
        values.size
        for name, values in weights.items()
        if not name.rpartition(".")[2].startswith(("running_", "num_batches"))
    )
