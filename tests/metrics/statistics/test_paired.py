"""Paired comparisons against SciPy's, and what pairing is worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ganray.errors import RefusedInput
from ganray.metrics.intervals import welch
from ganray.metrics.statistics.paired import paired

PAIRS = st.lists(
    st.tuples(*[st.integers(-400, 400).map(lambda i: i / 8)] * 2), min_size=2, max_size=8
)


@settings(max_examples=40)
@given(pairs=PAIRS, confidence=st.sampled_from([0.5, 0.9, 0.95]))
def test_it_is_scipys(pairs, confidence):
    a, b = (list(side) for side in zip(*pairs, strict=True))
    found = paired(a, b, confidence)
    assert found.difference == pytest.approx(np.mean(a) - np.mean(b), abs=1e-12)
    if np.ptp(np.subtract(a, b)) == 0:
        assert found.low == pytest.approx(found.high)
        return
    low, high = stats.ttest_rel(a, b).confidence_interval(confidence)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9, abs=1e-9)
    verdict = "lower" if high < 0 else "higher" if low > 0 else "inconclusive"
    assert found.verdict == verdict


def test_what_pairs_share_cancels():
    rng = np.random.default_rng(1)
    shared = rng.normal(size=6)
    a, b = shared + 0.2 + 0.05 * rng.normal(size=6), shared + 0.05 * rng.normal(size=6)
    assert paired(a.tolist(), b.tolist()).verdict == "higher"
    assert welch(a.tolist(), b.tolist()).verdict == "inconclusive"


def test_intervals_hold_the_truth_as_often_as_they_say():
    """1,000 experiments of 5 pairs, nominal 90 %; s.e. 1 %."""
    rng = np.random.default_rng(8)
    held = 0
    for _ in range(1000):
        shared = 3 * rng.normal(size=5)
        a, b = (shared + rng.normal(mean, 1, 5) for mean in (1.0, 0.0))
        found = paired(a.tolist(), b.tolist(), 0.9)
        held += found.low <= 1 <= found.high
    assert 0.87 < held / 1000 < 0.93


def test_equal_pairs_are_no_difference_and_one_pair_has_no_interval():
    assert paired([0.3, 0.1 + 0.2], [0.1 + 0.2, 0.3]).verdict == "inconclusive"
    assert paired([1.1, 2.1], [0.1, 1.1]).verdict == "higher"
    one = paired([2.0], [1.0])
    assert (one.difference, one.low, one.high, one.verdict) == (1.0, None, None, "no interval")


def test_refusals():
    with pytest.raises(RefusedInput, match=r"a \(=\[1.0\]\) and b \(=\[1.0, 2.0\]\)"):
        paired([1.0], [1.0, 2.0])
    with pytest.raises(RefusedInput, match="must hold finite numbers"):
        paired([1.0, np.nan], [1.0, 2.0])
