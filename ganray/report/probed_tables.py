"""What trained GANs were asked, as tables for programs: likelihoods and ways between vectors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from ganray.metrics.density.mixed import bits_per_dimension
from ganray.metrics.intervals import mean_interval
from ganray.report.reading.probed import Likely, Numbers, Walked, likely, sigmas, walked
from ganray.report.reading.results import Results

LIKELIHOODS = pa.schema(
    [
        ("side", pa.string()),
        ("sigma", pa.float64()),  # of the noise on pixels in [0, 1]
        ("estimate", pa.string()),  # annealed or parzen
        ("image", pa.int64()),  # null: the mean of all; else one test image, the same of all sides
        ("nats", pa.float64()),  # log p, bounded from below on average
        ("low", pa.float64()),  # of the mean: 95 % over images
        ("high", pa.float64()),
        ("bits", pa.float64()),  # for each number of an 8-bit image; fewer is better
        ("gap", pa.float64()),  # of annealed means: between the bounds, of simulated images, nats
    ]
)
INTERPOLATION = pa.schema(
    [
        ("gan", pa.string()),
        ("side", pa.string()),
        ("encoder", pa.string()),
        ("path", pa.string()),  # cross-fade and jumps are nulls of training images
        ("way", pa.int64()),
        ("detour", pa.float64()),  # null: the way's ends have equal features
        ("largest_share", pa.float64()),
    ]
)


def probed_tables(results: Results) -> dict[str, pa.Table]:
    """`likelihoods` and `interpolation`, where a plan asks for them."""
    kinds = {task.kind for task in results.plan.tasks}
    found = {}
    if "likelihood" in kinds:
        found["likelihoods"] = pa.Table.from_pylist(likelihood_rows(results), LIKELIHOODS)
    if "interpolation" in kinds:
        found["interpolation"] = pa.Table.from_pylist(interpolation_rows(results), INTERPOLATION)
    return found


def likelihood_rows(results: Results) -> list[dict[str, Any]]:
    """For each side, σ and estimate a row of the mean, and one of each test image."""
    dimensions = math.prod(results.plan.dataset["shape"])
    asked = [likely(results, side, sigma) for sigma in sigmas(results) for side in results.sides]
    return [row for one in asked if one is not None for row in _of_side(one, dimensions)]


def _of_side(one: Likely, dimensions: int) -> Iterator[dict[str, Any]]:
    gap = {"gap": float(one.gaps.mean())}
    yield from _of_estimate(one, "annealed", one.annealed, dimensions, gap)
    yield from _of_estimate(one, "parzen", one.windows, dimensions, {})


def _of_estimate(
    one: Likely, estimate: str, values: Numbers, dimensions: int, more: dict[str, float]
) -> Iterator[dict[str, Any]]:
    common = {"side": one.side, "sigma": one.sigma, "estimate": estimate}
    found = mean_interval(values.tolist())
    ends = {"low": found.low, "high": found.high}
    yield common | _in_both_units(found.mean, dimensions) | ends | more
    for image, value in enumerate(values.tolist()):
        yield common | {"image": image} | _in_both_units(value, dimensions)


def _in_both_units(nats: float, dimensions: int) -> dict[str, float]:
    return {"nats": nats, "bits": bits_per_dimension(nats, dimensions)}


def interpolation_rows(results: Results) -> list[dict[str, Any]]:
    """A row for each way of each GAN and path."""
    return [row for one in walked(results) for row in _ways(one)]


def _ways(one: Walked) -> Iterator[dict[str, Any]]:
    common = {"gan": one.called, "side": one.gan.side, "encoder": one.encoder}
    for place, path in enumerate(one.paths):
        for way, (detour, share) in enumerate(one.numbers[:, place].tolist()):
            yield common | {
                "path": path,
                "way": way,
                "detour": None if math.isnan(detour) else detour,
                "largest_share": None if math.isnan(share) else share,
            }
