"""A line through scores of draws, against exact fractions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput
from ganray.metrics.extrapolation import at_infinity, fewest, line, sizes_of
from tests.reference import extrapolation as reference


@settings(max_examples=60)
@given(count=st.integers(2, 40), more=st.integers(0, 10**5))
def test_sizes_are_evenly_spaced_different_and_end_with_all(count, more):
    n = fewest(count) + more
    found = sizes_of(n, count)
    assert found == reference.sizes(n, count)
    assert len(set(found)) == count
    assert (found[0], found[-1]) == (n // 10, n)
    assert found[0] >= 2


def test_sizes_are_the_published_ones_of_50_000():
    assert sizes_of(50_000) == np.linspace(5000, 50_000, 15).astype("int32").tolist()


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), count=st.integers(2, 30))
def test_the_line_is_that_of_exact_fractions(seed, count):
    numbers = sizes_of(1000, count)
    scores = np.random.default_rng(seed).normal(5, 1, count)
    found = line(1 / np.array(numbers, dtype=float), scores)
    expected = reference.line(numbers, scores.tolist())
    assert (found.intercept, found.slope) == pytest.approx(expected, rel=1e-9, abs=1e-11)
    assert found.at_all == scores[-1]


def test_a_score_that_is_a_line_in_one_over_n_is_read_at_infinity():
    found = at_infinity(lambda rows: 7.0 + 120.0 / len(rows), 900, 15, 0, "test")
    assert found.intercept == pytest.approx(7, rel=1e-12)
    assert found.slope == pytest.approx(120, rel=1e-12)
    assert found.details == {"slope": found.slope, "value at n": 7.0 + 120.0 / 900}


def draws(seed: int) -> list[np.ndarray]:
    drawn = []
    at_infinity(lambda rows: drawn.append(rows) or 0.0, 200, 15, seed, "test")
    return drawn


def test_draws_are_without_replacement_afresh_for_each_size_and_by_the_seed():
    drawn = draws(3)
    assert [len(rows) for rows in drawn] == sizes_of(200)
    for rows in drawn:
        assert (np.diff(rows) > 0).all()
    assert drawn[-1].tolist() == list(range(200))
    assert not set(drawn[0]) <= set(drawn[1])
    assert all((a == b).all() for a, b in zip(drawn, draws(3), strict=True))
    assert any((a != b).any() for a, b in zip(drawn, draws(4), strict=True))


def test_refusals():
    with pytest.raises(RefusedInput, match=r"sizes \(=1\) must be at least 2"):
        sizes_of(100, 1)
    with pytest.raises(RefusedInput, match=r"19 images are too few for sizes \(=15\); 20 are not"):
        sizes_of(19)
    with pytest.raises(RefusedInput, match=r"too few for sizes \(=100\); 110 are not"):
        sizes_of(100, 100)
