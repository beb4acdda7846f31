"""Moments against NumPy and plain loops, and their independence of sharding to the last bit."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput
from ganray.metrics.moments import Moments, chunk_moments, merge, merge_tree, moments
from tests.reference import metrics as reference

RNG = np.random.default_rng(1)


def bits(m: Moments) -> tuple:
    return (m.weight, m.mean.tobytes(), m.scatter.tobytes())


def test_unit_weights_give_numpys_mean_and_covariance():
    x = RNG.normal(3.0, 2.0, size=(1203, 6)).astype(np.float32)
    m = moments(x, chunk=100)
    assert m.weight == 1203
    np.testing.assert_allclose(m.mean, x.mean(axis=0, dtype=np.float64), rtol=1e-13)
    expected = np.cov(x.astype(np.float64), rowvar=False)
    np.testing.assert_allclose(m.covariance(ddof=1), expected, rtol=1e-11, atol=1e-13)


def test_weights_give_the_weighted_loop():
    x, w = RNG.normal(size=(257, 5)), RNG.random(257)
    m = moments(x, w, chunk=50)
    mean, covariance = reference.weighted_mean_and_covariance(x, w)
    np.testing.assert_allclose(m.mean, mean, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(m.covariance(), covariance, rtol=1e-11, atol=1e-14)


def test_a_large_common_offset_loses_no_digits():
    """The textbook E[xx] − E[x]E[x] would lose all of them here."""
    x = RNG.normal(size=(900, 3))
    shifted = moments(x + 1e8, chunk=100).covariance()
    np.testing.assert_allclose(shifted, moments(x, chunk=100).covariance(), atol=1e-6)


def test_the_scatter_is_exactly_symmetric():
    scatter = moments(RNG.normal(size=(999, 17)), RNG.random(999), chunk=64).scatter
    assert np.array_equal(scatter, scatter.T)


@settings(max_examples=40)
@given(
    n=st.integers(1, 400),
    chunk=st.integers(1, 60),
    shards=st.integers(1, 7),
    weighted=st.booleans(),
)
def test_shards_of_whole_chunks_change_no_bit(n, chunk, shards, weighted):
    rng = np.random.default_rng(n)
    x = rng.normal(size=(n, 4)).astype(np.float32)
    w = rng.random(n).astype(np.float32) if weighted else None
    rows = chunk * -(-n // (chunk * shards))
    parts = [
        chunk_moments(x[i : i + rows], None if w is None else w[i : i + rows], chunk)
        for i in range(0, n, rows)
    ]
    assert bits(merge_tree(chain(*parts))) == bits(moments(x, w, chunk))


@settings(max_examples=60)
@given(count=st.integers(1, 40))
def test_the_tree_is_that_of_merging_neighbours_level_by_level(count):
    parts = [moments(np.random.default_rng(i).normal(size=(3, 2))) for i in range(count)]
    level = parts
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [merge(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    assert bits(merge_tree(iter(parts))) == bits(level[0])


@settings(max_examples=60)
@given(sizes=st.tuples(*[st.integers(1, 30)] * 3), scale=st.sampled_from([1e-3, 1.0, 1e3]))
def test_merging_is_associative_and_commutative_up_to_rounding(sizes, scale):
    rng = np.random.default_rng(sum(sizes))
    a, b, c = (moments(scale * rng.normal(size=(n, 3)), rng.random(n)) for n in sizes)
    left, right, turned = merge(merge(a, b), c), merge(a, merge(b, c)), merge(c, merge(b, a))
    for other in (right, turned):
        assert other.weight == pytest.approx(left.weight, rel=1e-12)
        np.testing.assert_allclose(other.mean, left.mean, atol=1e-12 * scale)
        np.testing.assert_allclose(other.scatter, left.scatter, atol=1e-11 * scale**2)


def test_a_set_without_weight_changes_nothing():
    empty = moments(RNG.normal(size=(4, 3)), np.zeros(4))
    some = moments(RNG.normal(size=(4, 3)))
    assert empty.weight == 0.0
    assert bits(merge(empty, some)) == bits(merge(some, empty)) == bits(some)


@pytest.mark.parametrize(
    ("features", "weights", "chunk", "said"),
    [
        (np.zeros((0, 3)), None, 5, r"no rows .*\(0, 3\)"),
        (np.array([[0.0], [np.nan]]), None, 5, "row 1 .*not finite"),
        (np.zeros((2, 3)), np.ones(3), 5, "weights has 3 rows where features has 2"),
        (np.zeros((2, 3)), np.array([1.0, -0.5]), 5, r"row 1 \(=.*-0.5"),
        (np.zeros((2, 3)), np.array([np.inf, 0.5]), 5, "weights: row 0"),
        (np.zeros((2, 3)), None, 0, r"chunk \(=0\)"),
    ],
)
def test_refusals_name_the_argument_before_anything_is_summed(features, weights, chunk, said):
    with pytest.raises(RefusedInput, match=said):
        chunk_moments(features, weights, chunk)


def test_refusals_of_merging_and_of_too_little_weight():
    with pytest.raises(RefusedInput, match="2 and of 3 dimensions"):
        merge(moments(np.zeros((1, 2))), moments(np.zeros((1, 3))))
    with pytest.raises(RefusedInput, match="parts is empty"):
        merge_tree([])
    with pytest.raises(RefusedInput, match=r"ddof=1 .* above 1, .* weigh 1"):
        moments(np.zeros((1, 2))).covariance(ddof=1)


def test_rows_without_weight_are_left_out():
    """So that a class of few images has a root of few rows, among however many others."""
    x, w = RNG.normal(size=(300, 40)), np.zeros(300)
    members = RNG.permutation(300)[:9]
    w[members] = RNG.random(9) + 0.1
    found, alone = moments(x, w, chunk=50), moments(x[members], w[members])
    assert found.root is not None
    assert len(found.root) < 9 + 300 / 50
    assert found.weight == pytest.approx(alone.weight, rel=1e-14)
    np.testing.assert_allclose(found.mean, alone.mean, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found.covariance(), alone.covariance(), rtol=1e-11, atol=1e-13)
