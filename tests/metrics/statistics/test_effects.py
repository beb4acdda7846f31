"""Hedges' g against its formula, without bias, and its interval by the noncentral law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.statistics.effects import hedges_g
from tests.reference import statistics as reference

VALUES = st.lists(st.integers(-80, 80).map(lambda i: i / 8), min_size=2, max_size=7)


@settings(max_examples=30)
@given(a=VALUES, b=VALUES)
def test_it_is_its_formula_and_turns_with_the_sides(a, b):
    if max(np.ptp(a), np.ptp(b)) == 0:
        return
    found, turned = hedges_g(a, b), hedges_g(b, a)
    assert found.g == pytest.approx(reference.hedges_g(a, b), rel=1e-9, abs=1e-12)
    assert (turned.g, turned.low, turned.high) == pytest.approx((-found.g, -found.high, -found.low))
    assert found.low < found.high


def test_the_interval_s_ends_are_laws_of_which_it_is_an_end():
    a, b = [3.0, 3.4, 2.9, 3.8], [2.0, 2.9, 2.2]
    found = hedges_g(a, b, 0.9)
    unit = (1 / 4 + 1 / 3) ** 0.5
    pooled = ((3 * reference.variance(a) + 2 * reference.variance(b)) / 5) ** 0.5
    t = (reference.mean(a) - reference.mean(b)) / pooled / unit
    assert reference.noncentral_t(t, 5, found.low / unit) == pytest.approx(0.95, abs=1e-8)
    assert reference.noncentral_t(t, 5, found.high / unit) == pytest.approx(0.05, abs=1e-8)


def test_it_has_no_bias_and_its_interval_holds_the_truth():
    """400 experiments of 4 against 5 replicates, effect 1.2, nominal 90 %; s.e. 1.5 %."""
    rng = np.random.default_rng(2)
    found = [
        hedges_g(rng.normal(1.2, 1, 4).tolist(), rng.normal(0, 1, 5).tolist(), 0.9)
        for _ in range(400)
    ]
    assert np.mean([one.g for one in found]) == pytest.approx(1.2, abs=0.15)
    assert np.mean([one.low <= 1.2 <= one.high for one in found]) == pytest.approx(0.9, abs=0.05)


def test_sides_that_hardly_vary_have_a_finite_effect():
    found = hedges_g([1.0, 1.0 + 1e-9], [2.0, 2.0])
    assert -1e10 < found.low < found.g < found.high < -1e8


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda: hedges_g([1.0], [1.0, 2.0]), RefusedInput, r"a \(=\[1.0\]\)"),
        (lambda: hedges_g([1.0, 2.0], [1.0, np.inf]), RefusedInput, r"b \(=\[1.0, inf\]\)"),
        (lambda: hedges_g([1.0, 2.0], [1.0, 2.0], 0.0), RefusedInput, r"confidence \(=0.0\)"),
        (lambda: hedges_g([1.0, 1.0], [2.0, 2.0]), UndefinedScore, "no replicate differs"),
    ],
)
def test_what_has_none(call, kind, said):
    with pytest.raises(kind, match=said):
        call()
