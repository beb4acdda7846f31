"""One image in a hundred is strange: the same clean sets with and without, on two encoders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ganray.metrics import METRICS, Metric
from tests.sees import situations
from tests.sees.pictures import Pictures, Source
from tests.sees.ruler import Ruler, value

DRAWS, SHARE = 8, 0.01
KINDS = {
    "uniform noise": situations.uniform,
    "clothes": situations.fashion,
    "white": situations.blank,
    "black on white": situations.negatives,
}
NAMES = (
    "tail_frechet", "worst_distance", "frechet_distance", "cafd",
    "precision", "density", "recall", "coverage", "clipped_density",
)  # fmt: skip
ENCODERS = ("every_pixel", "random_convolutions", "classifier")


@dataclass(frozen=True)
class Effect:
    """What outliers do to a metric on an encoder.

    Attributes:
        clean: the mean of the clean sets.
        deviation: of the clean sets.
        planted: the mean of the same sets with outliers.
        change: the mean paired change in those deviations, + where the metric calls it worse.
        least: the smallest change of any pair, likewise.
    """

    clean: float
    deviation: float
    planted: float
    change: float
    least: float


def metrics_on(encoder: str) -> list[str]:
    """Those that it gives enough for: only the classifier knows classes."""
    return [n for n in NAMES if encoder == "classifier" or n != "cafd"]


def effects(
    ruler: Ruler, source: Source, encoder: str, kinds: list[str], names: list[str], draws: int
) -> dict[str, dict[str, Effect]]:
    """By kind of outliers and by metric."""
    metrics = [METRICS.member(name)() for name in names]
    clean = np.array([_row(ruler, encoder, source.clean(i), metrics) for i in range(draws)])
    found = {}
    for kind in kinds:
        sets = (situations.planted(SHARE, KINDS[kind], i)(source) for i in range(draws))
        dirty = np.array([_row(ruler, encoder, one, metrics) for one in sets])
        found[kind] = {
            metric.name: _effect(metric, clean[:, at], dirty[:, at])
            for at, metric in enumerate(metrics)
        }
    return found


def measured(ruler: Ruler, source: Source, told: Any = print) -> dict[str, Any]:
    """All of it, as the page's results keep it."""
    found: dict[str, Any] = {}
    for encoder in ENCODERS:
        some = effects(ruler, source, encoder, list(KINDS), metrics_on(encoder), DRAWS)
        found[encoder] = {
            kind: {name: vars(one) for name, one in by_metric.items()}
            for kind, by_metric in some.items()
        }
        told(f"outliers on {encoder}")
    return found


def _row(ruler: Ruler, encoder: str, pictures: Pictures, metrics: list[Metric]) -> list[float]:
    generated = ruler.see(encoder, pictures)
    found = [value(ruler.real(encoder), generated, metric) for metric in metrics]
    return [np.nan if one is None else one for one in found]


def _effect(metric: Metric, clean: np.ndarray, dirty: np.ndarray) -> Effect:
    deviation = float(clean.std(ddof=1))
    worse = (dirty - clean) * (1 if metric.better == "lower" else -1) / deviation
    return Effect(
        *(float(f"{n:.6g}") for n in (clean.mean(), deviation, dirty.mean(), worse.mean(),
                                      worse.min()))
    )  # fmt: skip
