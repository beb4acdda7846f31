"""Variance components against sums by hand, and how often their intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ganray.errors import RefusedInput
from ganray.metrics.intervals import mean_interval
from ganray.metrics.statistics.components import variance_components
from tests.reference import statistics as reference


def panel(seed: int, n: int, k: int, training: float, sampling: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 5 + training * rng.normal(size=(n, 1)) + sampling * rng.normal(size=(n, k))


@settings(max_examples=25)
@given(n=st.integers(2, 8), k=st.integers(2, 6), training=st.sampled_from([0.0, 0.5, 3.0]))
def test_estimates_and_intervals_are_those_of_the_analysis_of_variance(n, k, training):
    scores = panel(n * k, n, k, training, 1.0)
    between, within = reference.mean_squares(scores.tolist())
    found = variance_components(scores, 0.9)
    assert found.sampling.value == pytest.approx(within, rel=1e-12)
    assert found.training.value == pytest.approx(max(0, (between - within) / k), abs=1e-12)
    freedom, ratio = (n - 1, n * (k - 1)), between / within
    assert found.p_value == pytest.approx(stats.f_oneway(*scores).pvalue, rel=1e-9)
    ends = stats.f.ppf([0.95, 0.05], *freedom)
    squares = stats.chi2.ppf([0.95, 0.05], freedom[0])
    assert (found.ratio.low, found.ratio.high) == pytest.approx(
        [max(0, (ratio / end - 1) / k) for end in ends], rel=1e-9, abs=1e-12
    )
    assert (found.training.low, found.training.high) == pytest.approx(
        [
            max(0, freedom[0] * between * (1 - end / ratio) / (k * square))
            for end, square in zip(ends, squares, strict=True)
        ],
        rel=1e-9,
        abs=1e-12,
    )
    assert (found.sampling.low, found.sampling.high) == pytest.approx(
        freedom[1] * within / stats.chi2.ppf([0.95, 0.05], freedom[1]), rel=1e-9
    )
    means = mean_interval(scores.mean(axis=1).tolist(), 0.9)
    assert (found.mean, found.low, found.high) == pytest.approx((means.mean, means.low, means.high))


def test_intervals_hold_the_truth_as_often_as_they_say():
    """500 panels of 5 × 3 with σ²_a = 4 and σ²_e = 1, nominal 90 %; s.e. 1.3 %."""
    held = np.zeros(4)
    for seed in range(500):
        found = variance_components(panel(seed, 5, 3, 2.0, 1.0), 0.9)
        for i, (one, truth) in enumerate(
            [(found, 5), (found.training, 4), (found.sampling, 1), (found.ratio, 4)]
        ):
            held[i] += one.low <= truth <= one.high
    assert (abs(held / 500 - 0.9) < 0.045).all(), held / 500


def test_no_difference_between_training_seeds_is_seldom_found():
    found = [variance_components(panel(seed, 5, 3, 0.0, 1.0)) for seed in range(400)]
    assert np.mean([one.p_value < 0.05 for one in found]) == pytest.approx(0.05, abs=0.035)
    assert np.mean([one.training.low > 0 for one in found]) < 0.06


def test_the_deviation_of_a_mean_over_sampling_seeds():
    found = variance_components(panel(1, 200, 4, 2.0, 3.0))
    for k in (1, 4, 100):
        assert found.deviation(k) == pytest.approx((4 + 9 / k) ** 0.5, rel=0.15)
    with pytest.raises(RefusedInput, match=r"k \(=0\)"):
        found.deviation(0)


def test_sampling_seeds_that_make_no_difference_leave_no_ratio():
    found = variance_components(np.repeat([[0.1], [0.3], [0.7]], 7, axis=1))
    assert found.sampling.value == found.sampling.low == found.sampling.high == 0.0
    assert (found.ratio, found.p_value) == (None, None)
    assert found.training.value == pytest.approx(reference.variance([0.1, 0.3, 0.7]))
    assert found.training.low > 0


@pytest.mark.parametrize(
    ("scores", "confidence", "said"),
    [
        (np.ones((1, 3)), 0.95, "1 training seeds × 3 sampling seeds"),
        (np.ones((3, 1)), 0.95, "3 training seeds × 1 sampling seeds"),
        (np.array([[1.0, np.nan], [1.0, 2.0]]), 0.95, "must hold finite numbers only"),
        (np.ones((2, 2)), 1.0, r"confidence \(=1.0\)"),
    ],
)
def test_refusals(scores, confidence, said):
    with pytest.raises(RefusedInput, match=said):
        variance_components(scores, confidence)
