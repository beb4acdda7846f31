"""Randomness by index: any row without those before it, and the right distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ganray.randomness import (
    derive_seed,
    normals,
    permutation,
    truncated_normals,
    uniforms,
)

SEEDS = st.integers(0, 2**63 - 1)
STREAM = "test"
GOLDEN_UNIFORMS = [
    [0.7881739171531225, 0.8462531047164582, 0.859043968855577],
    [0.9900761351829713, 0.17073077903309442, 0.9033328264552872],
]
GOLDEN_NORMALS = [[0.8001012004768947, 1.0204949342034364, 1.0760339743430807]]
GOLDEN_SEED = 670290973574777574
GOLDEN_PERMUTATION = [4, 6, 0, 7, 3, 1, 5, 2]


@given(SEEDS, st.integers(0, 10**9), st.integers(1, 9), st.integers(1, 9), st.integers(0, 8))
def test_a_row_depends_on_its_index_alone(seed, start, count, width, row):
    """Whatever the range it was asked for in."""
    row %= count
    together = normals(seed, STREAM, start, count, width)
    alone = normals(seed, STREAM, start + row, 1, width)
    assert together.shape == (count, width)
    np.testing.assert_array_equal(together[row], alone[0])


def test_numbers_are_those_of_the_first_release():
    """Golden values: every key of every store rests on them."""
    np.testing.assert_array_equal(uniforms(7, "golden", 3, 2, 3), GOLDEN_UNIFORMS)
    np.testing.assert_allclose(normals(7, "golden", 3, 1, 3), GOLDEN_NORMALS, rtol=1e-14)
    assert derive_seed(1, "train", [0, 2], 0) == GOLDEN_SEED
    assert permutation(7, "golden", 1, 8).tolist() == GOLDEN_PERMUTATION


def test_uniforms_fill_the_open_interval_evenly():
    values = uniforms(1, STREAM, 0, 20_000, 3).ravel()
    assert values.min() > 0
    assert values.max() < 1
    assert stats.kstest(values, "uniform").pvalue > 1e-3


def test_normals_are_standard_and_independent():
    values = normals(2, STREAM, 0, 20_000, 4)
    assert stats.kstest(values.ravel(), "norm").pvalue > 1e-3
    assert abs(values.mean()) < 4 / values.size**0.5
    covariance = np.cov(values, rowvar=False)
    np.testing.assert_allclose(covariance, np.eye(4), atol=5 / len(values) ** 0.5)
    neighbours = np.corrcoef(values[:-1, 0], values[1:, 0])[0, 1]
    assert abs(neighbours) < 4 / len(values) ** 0.5


@pytest.mark.parametrize("other", [(2, "test"), (1, "test/2"), (1, "tes")])
def test_other_seeds_and_streams_have_nothing_in_common(other):
    mine, theirs = uniforms(1, "test", 0, 50, 4), uniforms(*other, 0, 50, 4)
    assert not np.isin(mine, theirs).any()


@given(SEEDS, st.integers(0, 5), st.integers(0, 60))
def test_a_permutation_holds_every_item_once(seed, epoch, length):
    order = permutation(seed, STREAM, epoch, length)
    assert sorted(order.tolist()) == list(range(length))


def test_every_epoch_is_shuffled_anew_and_evenly():
    orders = np.stack([permutation(3, STREAM, epoch, 6) for epoch in range(3000)])
    counts = np.stack([np.bincount(column, minlength=6) for column in orders.T])
    assert stats.chisquare(counts, axis=None).pvalue > 1e-3


@given(SEEDS, st.lists(st.integers(0, 9), max_size=4))
def test_seeds_are_63_bits_and_tell_their_parts_apart(seed, classes):
    derived = derive_seed(seed, "train", classes, 0)
    assert 0 <= derived < 2**63
    assert derived != derive_seed(seed, "train", classes, 1)
    assert derived != derive_seed(seed, "train", [*classes, 0], 0)
    assert derived != derive_seed(seed, "sample", classes, 0)


@pytest.mark.parametrize("bound", [0.01, 0.5, 1.0, 2.0, 6.0])
def test_truncated_normals_have_their_law(bound):
    drawn = truncated_normals(1, STREAM, 0, 2000, 2, bound)
    assert np.abs(drawn).max() <= bound
    assert stats.kstest(drawn.ravel(), stats.truncnorm(-bound, bound).cdf).pvalue > 1e-3
    np.testing.assert_array_equal(truncated_normals(1, STREAM, 70, 5, 2, bound), drawn[70:75])


def test_truncated_normals_near_0_as_the_bound_falls_and_are_plain_ones_without():
    plain = normals(1, STREAM, 0, 500, 3)
    np.testing.assert_allclose(truncated_normals(1, STREAM, 0, 500, 3, np.inf), plain, rtol=1e-9)
    sizes = [np.abs(truncated_normals(1, STREAM, 0, 500, 3, bound)) for bound in (0.3, 1.0, 3.0)]
    assert (sizes[0] < sizes[1]).all()
    assert (sizes[1] < sizes[2]).all()
    assert (sizes[2] < np.abs(plain)).all()
