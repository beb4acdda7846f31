"""The fifteen sanity checks of Räisä et al. (arXiv 2505.22450), which need no encoder.

Each is asked of fidelity and of diversity metrics, desideratum by desideratum, as in the paper's
tables 3 and 4: D1b purpose, D2 hyperparameters, D3 real data needed, D4 bounds, D5 invariance. Sets
are in units of the real one's means and deviations, as there. Distances, which have no bounds, are
no part of the paper: of these the shapes alone are asked that a distance should have, by criteria
of this project's own (`least`, `growing`, `steady`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ganray.metrics import METRICS, Metric
from ganray.metrics.features import Embedding
from tests.sees import distributions as of
from tests.sees.criteria import (
    Answer,
    Criterion,
    Curve,
    Kind,
    at,
    bell,
    either,
    falling,
    falling_by,
    flat,
    flat_from,
    growing,
    growing_from,
    least,
    low_or_high,
    rising,
    steady,
    steady_from,
    together,
)

KINDS: dict[str, Kind] = {
    "precision": "fidelity",
    "improved_precision": "fidelity",
    "density": "fidelity",
    "clipped_density": "fidelity",
    "recall": "diversity",
    "improved_recall": "diversity",
    "coverage": "diversity",
    "clipped_coverage": "diversity",
    "frechet_distance": "distance",
    "kid": "distance",
    "mind": "distance",
}
SEEDS = 3
"""Draws that curves are the mean of; the paper's are of ten."""
SETTINGS = {"kid": {"subsets": 1}, "mind": {"directions": 100}}
Asked = Mapping[str, list[Criterion]]
Draw = Callable[[of.Draws], Iterator[of.Point]]


@dataclass(frozen=True)
class Check:
    """A sanity check.

    Attributes:
        curves: each of which must pass.
        asked: of fidelity and of diversity, by desideratum.
        of_kind: of metrics of one kind besides; of distances alone.
    """

    title: str
    curves: tuple[Draw, ...]
    asked: Asked = field(default_factory=dict)
    of_kind: Mapping[Kind, Asked] = field(default_factory=dict)

    def criteria(self, kind: Kind) -> dict[str, list[Criterion]]:
        """What is asked of metrics of a kind, by desideratum."""
        common: Asked = {} if kind == "distance" else self.asked
        own = self.of_kind.get(kind, {})
        names = sorted({*common, *own})
        return {name: [*common.get(name, []), *own.get(name, [])] for name in names}


def _each(draw: Callable[..., Iterator[of.Point]], *given: object) -> tuple[Draw, ...]:
    return tuple(
        lambda draws, one=one: draw(draws, *(one if isinstance(one, tuple) else (one,)))
        for one in given
    )


ENDS_AT_0 = [at("first", 0), at("last", 0)]
MOVED: Asked = {"D1b": [bell(0)], "D4": [at(0, 1), *ENDS_AT_0]}
FARTHER: Mapping[Kind, Asked] = {"distance": {"D1b": [least(0)]}}
DROPPED = {"D1b": [flat], "D4": [at("last", 1)]}
DIMENSIONS = (1, 8, 64)
CHECKS: dict[str, Check] = {
    "mean_difference": Check(
        "Gaussian mean difference", _each(of.moved, *DIMENSIONS), MOVED, FARTHER
    ),
    "mean_difference_outlier": Check(
        "Gaussian mean difference + outlier",
        _each(of.moved_beside, *((d, side) for d in DIMENSIONS for side in ("real", "generated"))),
        MOVED,
        FARTHER,
    ),
    "deviation_difference": Check(
        "Gaussian std. deviation difference",
        _each(of.widened, *DIMENSIONS),
        {"D4": [at(1, 1)]},
        {
            "fidelity": {"D1b": [falling], "D4": [at("first", 1), at("last", 0)]},
            "diversity": {
                "D1b": [low_or_high(bell(1), rising)],
                "D4": [at("first", 0), either("last")],
            },
            "distance": {"D1b": [least(1)]},
        },
    ),
    "simultaneous_dropping": Check(
        "Simultaneous mode dropping",
        _each(of.dropped_at_once, *DIMENSIONS),
        {"D4": [at("first", 1)]},
        {
            "fidelity": DROPPED,
            "diversity": {"D1b": [falling_by(0.96)]},
            "distance": {"D1b": [growing_from(0.96)]},
        },
    ),
    "sequential_dropping": Check(
        "Sequential mode dropping",
        _each(of.dropped_one_by_one, *DIMENSIONS),
        {"D4": [at("first", 1)]},
        {
            "fidelity": DROPPED,
            "diversity": {"D1b": [falling_by(4)]},
            "distance": {"D1b": [growing_from(4)]},
        },
    ),
    "dropping_invention": Check(
        "Mode dropping + invention",
        (of.invented,),
        {"D4": [at(5, 1)]},
        {
            "fidelity": {"D1b": [falling], "D4": [at("first", 1)]},
            "diversity": {"D1b": [rising], "D4": [at("last", 1)]},
            "distance": {"D1b": [least(5)]},
        },
    ),
    "collapse": Check(
        "Mode collapse",
        _each(of.one_for_two, *DIMENSIONS),
        {"D4": [at("first", 1)]},
        {
            "fidelity": {"D1b": [falling]},
            "diversity": {"D1b": [low_or_high(falling, flat)]},
            "distance": {"D1b": [growing]},
        },
    ),
    "hypersphere": Check(
        "Hypersphere surface",
        _each(of.surfaces, 2, 16, 128),
        {"D1b": [bell(1)], "D4": [at(1, 1), *ENDS_AT_0]},
        {"distance": {"D1b": [least(1)]}},
    ),
    "hypercube_size": Check(
        "Hypercube, varying sample size",
        _each(of.overlapping, *((d, "both") for d in DIMENSIONS)),
        {"D3": [flat_from(1000)], "D1b": [at("last", 0.2)]},
        {"distance": {"D3": [steady_from(1000)]}},
    ),
    "hypercube_generated_size": Check(
        "Hypercube, varying syn. size",
        _each(of.overlapping, *((d, "generated") for d in DIMENSIONS)),
        {"D2": [flat_from(1000)], "D1b": [at("last", 0.2)]},
        {"distance": {"D2": [steady_from(1000)]}},
    ),
    "ball_torus": Check(
        "Sphere vs. torus",
        _each(of.ball_and_torus, "ball", "torus"),
        {"D1b": [flat_from(1000)], "D4": [at("last", 0)]},
        {"distance": {"D1b": [steady_from(1000)]}},
    ),
    "scaling": Check(
        "Scaling one dimension",
        (of.scaled,),
        {"D5": [flat], "D4": ENDS_AT_0},
        {"distance": {"D5": [steady]}},
    ),
    "pareto": Check("Gaussian mean difference + Pareto", (of.beside_pareto,), MOVED, FARTHER),
    "one_of_many": Check(
        "One disjoint dim. + many identical dim.",
        (of.one_of_many,),
        {"D1b": [flat], "D4": ENDS_AT_0},
        {"distance": {"D1b": [steady]}},
    ),
    "rounded": Check(
        "Discrete num. vs. continuous num.",
        (partial(of.rounded, which="real"), partial(of.rounded, which="generated")),
        {"D1b": [flat]},
    ),
}
"""In the paper's words. The last one's bounds differ from curve to curve: see `ROUNDED`."""
ROUNDED: dict[Kind, tuple[list[Criterion], list[Criterion]]] = {
    "fidelity": (ENDS_AT_0, [at("first", 1), at("last", 1)]),
    "diversity": ([either("first"), either("last")], ENDS_AT_0),
}
"""Bounds where the real set is whole numbers, and where the generated one is."""


def answers(name: str, metrics: list[str], seeds: int = SEEDS) -> dict[str, dict[str, Answer]]:
    """What each metric answers to a check, by desideratum, of the mean curves of some draws."""
    check = CHECKS[name]
    curves = [_curves(draw, metrics, number, seeds) for number, draw in enumerate(check.curves)]
    found = {}
    for metric in metrics:
        mine, kind = [one[metric] for one in curves], KINDS[metric]
        asked = check.criteria(kind)
        answer = {
            wanted: together([one(curve) for curve in mine for one in some])
            for wanted, some in asked.items()
        }
        if name == "rounded" and kind != "distance":
            bounds = zip(mine, ROUNDED[kind], strict=True)
            answer["D4"] = together([one(curve) for curve, some in bounds for one in some])
        found[metric] = answer
    return found


def _curves(draw: Draw, metrics: list[str], number: int, seeds: int) -> dict[str, Curve]:
    drawn = [_values(draw(of.Draws(seed, number)), metrics) for seed in range(seeds)]
    found = {}
    for metric in metrics:
        y = np.mean([values[metric] for _, values in drawn], axis=0)
        found[metric] = Curve(drawn[0][0], y)
    return found


def _values(
    points: Iterator[of.Point], metrics: list[str]
) -> tuple[np.ndarray, dict[str, list[float]]]:
    measures, x, y = [_metric(name) for name in metrics], [], {name: [] for name in metrics}
    given, real = None, None
    for point in points:
        if given is not point.real:
            given, real = point.real, _embedding(point.real, point.real)
        x.append(float(point.x))
        generated = _embedding(point.generated, point.real)
        for metric in measures:
            y[metric.name].append(metric.compute(real, generated).value)
    return np.array(x), y


def _metric(name: str) -> Metric:
    return METRICS.member(name)(**SETTINGS.get(name, {}))


def _embedding(rows: of.Points, real: of.Points) -> Embedding:
    deviation = real.std(axis=0)
    standard = (rows - real.mean(axis=0)) / np.where(deviation == 0, 1, deviation)
    return Embedding(standard.astype(np.float32), np.empty((len(rows), 0), np.float32))
