"""Reach rates against subsets counted one by one, pass@k, SciPy's Wilson and simulation."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from scipy import stats

from ganray.errors import RefusedInput
from ganray.metrics.range_space.reach import (
    best,
    calibrated,
    fewest,
    rate,
    reach,
    reach_curve,
)
from tests.reference import range_space as reference


@pytest.fixture(scope="module")
def residuals():
    random = np.random.default_rng(0)
    values = random.random((12, 7)).astype(np.float32)
    values[0], values[1] = 0.9, 0.1
    values[2, :3] = [np.nan, np.inf, -np.inf]
    return values


def test_it_is_the_mean_over_all_subsets(residuals):
    finite = np.where(np.isfinite(residuals), residuals, np.inf)
    for threshold in (0.05, 0.3, 0.8):
        expected = reference.reach(finite, threshold)
        np.testing.assert_allclose(reach(residuals, threshold), expected, atol=1e-12)


def test_it_is_pass_at_k():
    row = np.ones((1, 200))
    row[0, :7] = 0
    found = reach(row, 0.5)[0]
    for size in (1, 10, 100, 193, 194, 200):
        expected = 1 - comb(193, size) / comb(200, size)
        assert found[size - 1] == pytest.approx(expected, abs=1e-12)


def test_more_restarts_reach_more_and_all_of_them_what_their_best_does(residuals):
    found = reach(residuals, 0.3)
    assert (np.diff(found, axis=1) >= -1e-12).all()
    np.testing.assert_array_equal(found[:, -1], best(residuals) <= 0.3)
    assert (reach(residuals, 0.5) >= found).all()


def test_it_has_no_bias_for_fewer_restarts():
    """Of 8 restarts that each reach with probability 0.2, three are expected to by 1 − 0.8³."""
    random = np.random.default_rng(1)
    found = reach((random.random((20_000, 8)) > 0.2).astype(float), 0.5)[:, 2]
    assert found.mean() == pytest.approx(1 - 0.8**3, abs=0.01)


def test_a_further_sample_is_reached_with_the_threshold_s_level():
    random = np.random.default_rng(2)
    for n, level in ((19, 0.95), (40, 0.95), (40, 0.8), (5, 0.95)):
        null, further = random.exponential(size=(4000, n)), random.exponential(size=4000)
        found = [calibrated(row, level) for row in null]
        expected = found[0].level
        assert expected >= level or n < fewest(level)
        shares = np.mean([new <= one.value for new, one in zip(further, found, strict=True)])
        assert shares == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("n", "level", "rank", "reaches"),
    [(19, 0.95, 19, 0.95), (20, 0.95, 20, 20 / 21), (39, 0.95, 38, 0.95), (8, 0.95, 8, 8 / 9),
     (9, 0.5, 5, 0.5)],
)  # fmt: skip
def test_the_threshold_is_an_order_statistic(n, level, rank, reaches):
    found = calibrated(np.arange(n, 0.0, -1), level)
    assert (found.value, found.level, found.n) == (rank, pytest.approx(reaches), n)


def test_an_own_sample_that_came_nowhere_is_the_worst():
    assert calibrated([0.1, np.nan, 0.3], 0.5).value == 0.3
    assert calibrated([0.1, np.nan], 0.9).value == np.inf


@pytest.mark.parametrize(("level", "n"), [(0.95, 19), (0.9, 9), (0.5, 1), (0.99, 99)])
def test_so_many_it_takes(level, n):
    assert fewest(level) == n
    assert calibrated(np.arange(float(n)), level).level >= level - 1e-12


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (1, 10), (7, 20), (36, 36), (1, 1)])
def test_the_interval_is_wilson_s(hits, n):
    found = rate((np.arange(n) < hits).astype(float))
    theirs = stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert found.value == hits / n
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_of_fractions_it_holds_the_mean_at_least_as_often_as_it_says():
    random = np.random.default_rng(3)
    drawn = random.beta(0.4, 1.2, size=(2000, 12))
    held = [one.low <= 0.25 <= one.high for one in map(rate, drawn)]
    assert np.mean(held) >= 0.95


def test_replicates_are_averaged_target_by_target(residuals):
    one, two = residuals, residuals[::-1]
    found = reach_curve([one, two], [0.3, 0.5])
    expected = (reach(one, 0.3) + reach(two, 0.5)).mean(axis=0) / 2
    np.testing.assert_allclose([at.value for at in found], expected)
    assert {at.n for at in found} == {12}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: calibrated([]), r"null \(of shape \(0,\)\)"),
        (lambda: calibrated([1.0], 1.0), r"level \(=1.0\) must lie between 0 and 1"),
        (lambda: rate(np.array([])), "reached must be one number or more"),
        (lambda: rate(np.array([1.2])), "each between 0 and 1"),
        (lambda: rate(np.array([1.0]), 0.0), r"confidence \(=0.0\)"),
    ],
)
def test_what_makes_no_sense_is_refused(call, said):
    with pytest.raises(RefusedInput, match=said):
        call()
