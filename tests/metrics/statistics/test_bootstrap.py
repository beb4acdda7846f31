"""Resampled intervals: their formulas, how often they hold the truth, and what duplicates do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics import FrechetDistance
from ganray.metrics.statistics.bootstrap import resampled_interval
from ganray.randomness import permutation, uniforms
from tests.metrics.copying.sets import draw, embedded

X = np.random.default_rng(0).gamma(2.0, size=40)


def mean_of(values: np.ndarray):
    return lambda rows: float(values[rows].mean())


def redrawn(values: np.ndarray, resamples: int, seed: int) -> list[float]:
    n = len(values)
    rows = [[int(u * n) for u in uniforms(seed, "bootstrap", i, 1, n)[0]] for i in range(resamples)]
    return [math.fsum(values[j] for j in one) / n for one in rows]


def test_percentile_basic_and_centred_are_quantiles_of_redrawn_values():
    drawn, value = redrawn(X, 50, seed=3), X.mean()
    low, high = np.quantile(drawn, [0.05, 0.95])
    found = {
        kind: resampled_interval(mean_of(X), 40, kind, 50, confidence=0.9, seed=3)
        for kind in ("percentile", "basic", "centred")
    }
    ends = {kind: (one.low, one.high) for kind, one in found.items()}
    assert ends["percentile"] == pytest.approx((low, high), rel=1e-12)
    assert ends["basic"] == pytest.approx((2 * value - high, 2 * value - low), rel=1e-12)
    shift = value - np.mean(drawn)
    assert ends["centred"] == pytest.approx((low + shift, high + shift), rel=1e-12)
    assert found["basic"].standard_error == pytest.approx(np.std(drawn, ddof=1), rel=1e-12)
    assert found["basic"].bias == pytest.approx(-shift, abs=1e-14)
    assert (found["basic"].n, found["basic"].size, found["basic"].resamples) == (40, 40, 50)


@pytest.mark.parametrize("size", [None, 10])
def test_a_subsample_s_deviations_are_scaled_to_whole_sets(size):
    m = size or 20
    parts = [sorted(permutation(1, "subsample", i, 40).tolist()[:m]) for i in range(60)]
    drawn = [math.fsum(X[j] for j in part) / m for part in parts]
    found = resampled_interval(mean_of(X), 40, resamples=60, seed=1, size=size)
    scale = math.sqrt(m / (40 - m))
    low, high = np.quantile(drawn, [0.025, 0.975]) - np.mean(drawn)
    expected = (X.mean() + scale * low, X.mean() + scale * high)
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-12)
    assert found.size == m


def test_bca_is_scipys_but_for_the_draws():
    """The same levels from the same redrawn values; SciPy draws its own, so only ends agree."""
    found = resampled_interval(mean_of(X), 40, "bca", 4000)
    theirs = stats.bootstrap(
        (X,), np.mean, n_resamples=4000, method="BCa", rng=np.random.default_rng(1)
    )
    width = found.high - found.low
    ends = theirs.confidence_interval
    assert abs(found.low - ends.low) < 0.06 * width
    assert abs(found.high - ends.high) < 0.06 * width
    plain = resampled_interval(mean_of(X), 40, "percentile", 4000)
    assert found.high > plain.high  # a skewed law's interval leans to its longer side


def test_a_subsample_s_standard_error_is_that_of_a_mean():
    found = resampled_interval(mean_of(X), 40, resamples=4000)
    assert found.standard_error == pytest.approx(X.std(ddof=1) / 40**0.5, rel=0.05)


def held(kind: str, draw, statistic, truth: float, n: int, rounds: int) -> float:
    """How often the interval holds the truth."""
    hits = 0
    for i in range(rounds):
        x = draw(n)
        found = resampled_interval(lambda rows, x=x: statistic(x[rows]), n, kind, 60, seed=i)
        hits += found.low <= truth <= found.high
    return hits / rounds


@pytest.mark.parametrize("kind", ["subsample", "centred", "basic", "percentile", "bca"])
def test_of_a_mean_every_kind_holds_the_truth(kind):
    """100 rounds of nominal 95 %; s.e. 2 %, and so few resamples cost another 2 %."""
    rng = np.random.default_rng(5)
    share = held(kind, lambda n: rng.normal(size=n), lambda x: float(x.mean()), 0.0, 40, 100)
    assert share > 0.84


def distance(x: np.ndarray) -> float:
    """Fréchet's, of the samples' Gaussian to the standard one: |μ|² + Σ (√λ − 1)²."""
    values = np.linalg.eigvalsh(np.cov(x.T))
    return float((x.mean(0) ** 2).sum() + ((np.sqrt(values.clip(0)) - 1) ** 2).sum())


def test_of_a_frechet_distance_only_subsamples_and_centred_ones_do():
    """40 rounds; redrawn sets hold duplicates, and so look further away than they are."""
    rng = np.random.default_rng(6)

    def sampled(n):
        return 1.1 * rng.normal(size=(n, 12))

    truth = float(np.mean([distance(sampled(80)) for _ in range(400)]))
    shares = {
        kind: held(kind, sampled, distance, truth, 80, 40)
        for kind in ("subsample", "centred", "percentile", "bca", "basic")
    }
    assert min(shares["subsample"], shares["centred"]) > 0.85
    assert max(shares["percentile"], shares["bca"], shares["basic"]) < 0.5


def test_it_warns_of_what_duplicates_do():
    x = np.random.default_rng(6).normal(size=(80, 12))
    for kind in ("percentile", "bca", "basic"):
        found = resampled_interval(lambda rows: distance(x[rows]), 80, kind, 50)
        assert found.bias > found.standard_error
        assert "above the value" in found.warning
        assert "use kind 'subsample'" in found.warning
    found = resampled_interval(lambda rows: distance(x[rows]), 80, "subsample", 50)
    assert found.warning is None
    assert resampled_interval(mean_of(X), 40, "percentile", 50).warning is None


def test_a_metric_of_the_list_is_a_statistic_of_its_rows():
    real, generated = embedded(draw(1, 60)), embedded(draw(2, 60))
    metric = FrechetDistance()
    found = resampled_interval(
        lambda rows: metric.compute(real, generated[rows]).value, generated.count, resamples=30
    )
    assert found.value == metric.compute(real, generated).value
    assert found.low < found.value < found.high
    assert found.bias > 0  # of half as many images


def test_it_is_its_seed_s():
    found = [resampled_interval(mean_of(X), 40, resamples=20, seed=seed) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("kind", ["subsample", "centred", "basic", "percentile", "bca"])
def test_a_constant_has_no_width(kind):
    found = resampled_interval(lambda rows: 3.0, 10, kind, 20)
    assert (found.low, found.high, found.standard_error, found.warning) == (3.0, 3.0, 0.0, None)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"n": 3}, r"n \(=3\)"),
        ({"resamples": 9}, r"resamples \(=9\)"),
        ({"confidence": 95.0}, r"confidence \(=95.0\)"),
        ({"size": 40}, r"size \(=40\) must be from 2 to n − 1, 39"),
        ({"size": 20, "kind": "bca"}, r"size \(=20\) is of kind 'subsample' alone: 'bca'"),
    ],
)
def test_refusals(settings, said):
    with pytest.raises(RefusedInput, match=said):
        resampled_interval(mean_of(X), **{"n": 40, **settings})


def test_a_statistic_without_a_number_is_undefined():
    with pytest.raises(UndefinedScore, match="the statistic is nan"):
        resampled_interval(lambda rows: math.nan, 10)
