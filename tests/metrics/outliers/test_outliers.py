"""The worst images' distances against loops; and that 1 % of planted outliers stand out in them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from ganray.errors import RefusedInput
from ganray.metrics import METRICS, FrechetDistance, TailFrechet, WorstDistance
from ganray.metrics.gaussian.frechet_distance import fitted
from ganray.metrics.outliers.tail_frechet import tail_frechet
from ganray.metrics.outliers.worst_distance import worst_distance
from tests.data.published import read_all
from tests.metrics.sets import embedded
from tests.reference import metrics
from tests.reference import outliers as reference


def normal(seed: int, n: int, d: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def test_the_mean_and_the_fit_are_loops():
    real, generated = normal(1, 80, 4), 1.3 * normal(2, 300, 4)
    found = WorstDistance(percent=5).compute(embedded(real), embedded(generated))
    distances = reference.nearest_distances(generated, real)
    rows = reference.worst(distances, 15)
    worst = [distances[i] for i in rows]
    threshold = sorted(distances)[-16]
    shape, scale = reference.generalised_pareto([one - threshold for one in worst])
    assert found.value == pytest.approx(sum(worst) / 15, rel=1e-12)
    assert found.details == pytest.approx(
        {"threshold": threshold, "shape": shape, "scale": scale}, rel=1e-9
    )


def test_few_images_have_no_fit():
    assert worst_distance(np.arange(100.0)) == (99.0, {"threshold": 98.0})
    assert worst_distance(np.ones(2000)) == (1.0, {"threshold": 1.0})


def test_the_tail_s_fréchet_distance_is_scipys_of_the_worst():
    real, generated = normal(1, 200, 3), 1.5 * normal(2, 400, 3)
    found = TailFrechet(percent=10).compute(embedded(real), embedded(generated)).value
    rows = reference.worst(reference.nearest_distances(generated, real), 40)
    expected = metrics.frechet_of_samples(real.astype(float), generated[rows].astype(float))
    assert found == pytest.approx(expected, rel=1e-9)


def test_copies_have_no_worst_distance_and_what_is_missing_is_not_seen():
    real = normal(1, 300, 4)
    copies = WorstDistance().compute(embedded(real), embedded(np.repeat(real[:3], 100, axis=0)))
    assert copies.value == 0.0
    assert copies.details["threshold"] == 0.0


def test_noise_raises_both():
    real, same, noise = normal(1, 1000, 5), normal(2, 1000, 5), normal(3, 1000, 5)
    for metric in (WorstDistance(), TailFrechet()):
        values = [
            metric.compute(embedded(real), embedded(same + s * noise)).value for s in (0, 1, 3)
        ]
        assert values == sorted(values)
        assert values[2] > 2 * values[0]


SETS, IMAGES = 6, 500


@cache
def planted() -> dict[str, np.ndarray]:
    """Metrics of clean sets of real digits and of the same ones with 1 % of uniform noise.

    Raw pixels; against 750 test digits. Arrays `[sets, (clean, planted)]`.
    """
    rows = read_all()

    def pixels(split: str) -> np.ndarray:
        images = [np.frombuffer(row[2], np.uint8) for row in rows[split]]
        return np.stack(images).astype(np.float32) / 255

    rng = np.random.default_rng(0)
    real, pool = embedded(pixels("test")[::2]), rng.permutation(pixels("train"))
    known = {"plain": FrechetDistance(), "tail": TailFrechet(), "worst": WorstDistance()}
    found = {name: np.empty((SETS, 2)) for name in known}
    for i, clean in enumerate(np.split(pool[: SETS * IMAGES], SETS)):
        noisy = clean.copy()
        noisy[: IMAGES // 100] = rng.random((IMAGES // 100, clean.shape[1]))
        for name, metric in known.items():
            found[name][i] = [metric.compute(real, embedded(x)).value for x in (clean, noisy)]
    return found


def deviations(name: str) -> np.ndarray:
    """By how many standard deviations of clean sets each set moves as its outliers are planted."""
    clean, noisy = planted()[name].T
    return (noisy - clean) / clean.std(ddof=1)


def test_one_percent_of_noise_among_real_digits_stands_out_in_the_tail():
    """Paired. The plain Fréchet distance moves by a quarter, three of its standard deviations."""
    assert deviations("worst").min() > 20
    assert deviations("tail").min() > 10
    assert deviations("plain").max() < 5
    assert deviations("worst").mean() > 6 * deviations("plain").mean()
    assert deviations("tail").mean() > 4 * deviations("plain").mean()
    clean, noisy = planted()["plain"].T.mean(axis=1)
    assert 1.1 < noisy / clean < 1.4


def test_unpaired_the_tail_alone_tells_every_planted_set_from_every_clean_one():
    apart = {}
    for name, values in planted().items():
        clean, noisy = values.T
        apart[name] = (noisy.min() - clean.max()) / clean.std(ddof=1)
    assert apart["worst"] > 15
    assert apart["tail"] > 8
    assert apart["plain"] < 2


def test_they_say_how_few_images_they_take():
    assert (WorstDistance().least, TailFrechet().least) == (2, 101)
    for percent in (0.7, 1.0, 12.5, 33.3, 50.0):
        metric = TailFrechet(percent=percent)
        real = embedded(normal(1, 20, 2))
        assert metric.compute(real, embedded(normal(2, metric.least, 2))).value > 0
        with pytest.raises(RefusedInput, match="is one image, and a covariance needs two"):
            metric.compute(real, embedded(normal(2, metric.least - 1, 2)))
    for percent in (0, 51):
        with pytest.raises(RefusedInput, match="percent"):
            METRICS.parse({"name": "worst_distance", "percent": percent}, "metrics")
    with pytest.raises(RefusedInput, match="points has 3, others has 2"):
        tail_frechet(fitted(real), real.features, normal(1, 200, 3))
