"""Power by an integral and by experiment, and what it takes to reach one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ganray.errors import RefusedInput
from ganray.metrics.statistics.noncentral import noncentral_t
from ganray.metrics.statistics.power import (
    power,
    replicates_needed,
    smallest_detectable_difference,
)
from tests.reference import statistics as reference


@pytest.mark.parametrize("freedom", [2, 5, 40])
@pytest.mark.parametrize("t", [-4.3, 0.0, 0.7, 4.3, 30.0])
@pytest.mark.parametrize("parameter", [-12.0, -1.0, 0.0, 3.0, 20.0])
def test_the_noncentral_law_is_its_integral(t, freedom, parameter):
    expected = reference.noncentral_t(t, freedom, parameter)
    assert noncentral_t(t, freedom, parameter) == pytest.approx(expected, abs=1e-9)


def test_the_noncentral_law_far_out_is_that_of_the_spread_alone():
    """Two rules meet at 10,000, within the square of one over it."""
    for parameter in (5e3, 2e4):
        near, far = (noncentral_t(t, 8, parameter) for t in (9999.9, 10000.1))
        assert near == pytest.approx(far, abs=1e-4)
    assert noncentral_t(1e12, 2, 1e12) == pytest.approx(stats.chi2.sf(2, 2))


@pytest.mark.parametrize("n", [2, 3, 10, 60])
@pytest.mark.parametrize("difference", [0.0, 0.7, 3.0])
def test_power_is_the_integral(n, difference):
    expected = reference.power(difference, 1.5, n, 0.9)
    assert power(difference, 1.5, n, 0.9) == pytest.approx(expected, abs=1e-9)
    assert power(-difference, 1.5, n, 0.9) == power(difference, 1.5, n, 0.9)


def test_power_without_a_difference_is_the_level():
    assert power(0.0, 1.0, 4, 0.95) == pytest.approx(0.05)


def test_power_is_how_often_a_t_test_finds_it():
    """4,000 experiments; s.e. 0.8 %."""
    rng = np.random.default_rng(3)
    found = stats.ttest_ind(rng.normal(2, 1, (5, 4000)), rng.normal(0, 1, (5, 4000))).pvalue < 0.05
    assert power(2.0, 1.0, 5) == pytest.approx(found.mean(), abs=0.025)


@pytest.mark.parametrize("n", [2, 3, 8, 100])
@pytest.mark.parametrize("wanted", [0.5, 0.8, 0.99])
def test_the_smallest_detectable_difference_has_the_power(n, wanted):
    difference = smallest_detectable_difference(2.5, n, wanted)
    assert power(difference, 2.5, n) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("difference", [0.05, 0.5, 1.0, 4.0, 50.0])
def test_replicates_needed_are_the_fewest(difference):
    n = replicates_needed(difference, 1.0)
    assert power(difference, 1.0, n) >= 0.8
    assert n == 2 or power(difference, 1.0, n - 1) < 0.8
    assert replicates_needed(-difference, 1.0) == n


def test_a_known_table():
    """Cohen's (1988) for the two-sided 5 % level and power .80: d = .2, .5 and .8."""
    assert [replicates_needed(d, 1.0) for d in (0.2, 0.5, 0.8)] == [394, 64, 26]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: power(1.0, 0.0, 3), r"deviation \(=0.0\)"),
        (lambda: power(1.0, 1.0, 1), r"n \(=1\) must be at least 2"),
        (lambda: smallest_detectable_difference(1.0, 1), r"n \(=1\)"),
        (lambda: smallest_detectable_difference(1.0, 3, 0.01), r"power \(=0.01\) .* 0.05, and 1"),
        (lambda: smallest_detectable_difference(1.0, 3, 0.8, 1.5), r"confidence \(=1.5\)"),
        (lambda: replicates_needed(0.0, 1.0), r"difference \(=0.0\) must be a number other than 0"),
        (lambda: replicates_needed(1e-9, 1.0), "needs over 1,000,000 replicates"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(RefusedInput, match=said):
        call()
