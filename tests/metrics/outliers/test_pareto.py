"""The fit of a generalised Pareto distribution, by pairs and to distributions that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import genpareto

from ganray.metrics.outliers.pareto import generalised_pareto
from tests.reference import outliers as reference


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), n=st.integers(10, 80))
def test_it_is_a_loop_over_all_pairs(seed, n):
    excesses = np.random.default_rng(seed).exponential(2, n)
    expected = reference.generalised_pareto(excesses.tolist())
    assert generalised_pareto(excesses) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("shape", [-1.0, -0.4, 0.0, 0.25])
def test_it_finds_the_distribution_again(shape):
    """From quantiles at the middles of equal shares, which are the distribution but for its end."""
    n = 20_000
    excesses = genpareto.ppf((np.arange(n) + 0.5) / n, shape, scale=3.0)
    found = generalised_pareto(excesses)
    assert found.shape == pytest.approx(shape, abs=0.01)
    assert found.scale == pytest.approx(3, rel=0.01)


def test_units_scale_and_order_does_not_matter():
    excesses = np.random.default_rng(1).exponential(2, 50)
    found, other = generalised_pareto(excesses), generalised_pareto(10 * excesses[::-1])
    assert other == (pytest.approx(found.shape), pytest.approx(10 * found.scale))


def test_too_few_or_all_equal_have_no_fit():
    assert generalised_pareto(np.arange(9.0)) is None
    assert generalised_pareto(np.arange(10.0)) is not None
    assert generalised_pareto(np.full(20, 3.1)) is None
    assert generalised_pareto(np.zeros(20)) is None
