"""Intervals against SciPy's own tests, their coverage, and the honest answers at their limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ganray.errors import RefusedInput
from ganray.metrics.intervals import mean_interval, share_interval, welch

VALUES = st.lists(st.integers(-1000, 1000).map(lambda i: i / 8), min_size=2, max_size=8)


@pytest.mark.filterwarnings("ignore:Precision loss")  # SciPy's own, on equal values
@settings(max_examples=60)
@given(a=VALUES, b=VALUES, confidence=st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_welch_is_scipys(a, b, confidence):
    ours = welch(a, b, confidence)
    if np.ptp(a) == np.ptp(b) == 0:
        assert ours.low == pytest.approx(ours.high)
        return
    low, high = stats.ttest_ind(a, b, equal_var=False).confidence_interval(confidence)
    assert (ours.low, ours.high) == pytest.approx((low, high), rel=1e-9, abs=1e-9)
    assert (ours.n_a, ours.n_b, ours.confidence) == (len(a), len(b), confidence)


@pytest.mark.filterwarnings("ignore:Precision loss")
@settings(max_examples=40)
@given(values=VALUES, confidence=st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_mean_interval_is_scipys(values, confidence):
    ours = mean_interval(values, confidence)
    if np.ptp(values) == 0:
        assert ours.low == ours.high == ours.mean
        return
    low, high = stats.ttest_1samp(values, 0).confidence_interval(confidence)
    assert (ours.low, ours.high) == pytest.approx((low, high), rel=1e-9, abs=1e-9)
    assert ours.standard_deviation == pytest.approx(np.std(values, ddof=1))


def test_intervals_hold_the_truth_as_often_as_they_say():
    """4,000 experiments of 3 against 4 replicates with unequal variances; s.e. 0.35 %."""
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(4000):
        answer = welch(rng.normal(1, 1, 3).tolist(), rng.normal(0, 3, 4).tolist())
        held += answer.low <= 1 <= answer.high
    assert 0.93 < held / 4000 < 0.98


def test_the_verdict_is_that_of_the_interval():
    assert welch([1.0, 1.1, 0.9], [5.0, 5.1, 4.9]).verdict == "lower"
    assert welch([5.0, 5.1, 4.9], [1.0, 1.1, 0.9]).verdict == "higher"
    assert welch([1.0, 9.0, 2.0], [1.5, 8.0, 3.0]).verdict == "inconclusive"


@pytest.mark.parametrize(("a", "b"), [([1.0], [2.0, 3.0]), ([2.0, 3.0], [1.0]), ([1.0], [2.0])])
def test_a_single_replicate_has_no_interval(a, b):
    answer = welch(a, b)
    assert (answer.low, answer.high, answer.verdict) == (None, None, "no interval")
    assert answer.difference == pytest.approx(np.mean(a) - np.mean(b))


def test_one_value_has_a_mean_but_no_interval():
    answer = mean_interval([3.0])
    assert (answer.mean, answer.low, answer.high, answer.standard_deviation) == (
        3,
        None,
        None,
        None,
    )


def test_sides_without_variance():
    # The mean of seven times 0.1 is not that of two: a last bit is no difference.
    assert np.mean([0.1] * 7) != np.mean([0.1] * 2)
    assert welch([0.1] * 7, [0.1] * 2).verdict == "inconclusive"
    assert welch([0.1] * 3, [0.2] * 2).verdict == "lower"
    one_sided = welch([1.0, 1.0], [1.0, 3.0])
    assert one_sided.verdict == "inconclusive"
    assert one_sided.low < -1 < one_sided.high


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: welch([], [1.0]), r"a \(=\[\]\) must be a list of at least one"),
        (lambda: welch([1.0], [float("nan")]), r"b \(=\[nan\]\) must hold finite"),
        (lambda: mean_interval([1.0, float("inf")]), "values .* must hold finite"),
        (lambda: mean_interval([1.0, 2.0], 95.0), r"confidence \(=95.0\) must lie between 0 and 1"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(RefusedInput, match=said):
        call()


@pytest.mark.parametrize(("count", "n"), [(0, 10), (3, 10), (10, 10), (497, 500)])
def test_an_interval_of_a_share_is_wilsons(count, n):
    z, share = stats.norm.ppf(0.975), count / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    margin = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = share_interval(count, n)
    assert (low, high) == pytest.approx((centre - margin, centre + margin), abs=1e-12)
    assert 0 <= low <= share <= high <= 1


@pytest.mark.parametrize(("count", "n"), [(-1, 10), (11, 10), (0, 0)])
def test_a_share_of_nothing_or_of_more_than_all_is_refused(count, n):
    with pytest.raises(RefusedInput, match="count"):
        share_interval(count, n)
