"""The Inception Score at its extremes, against a plain loop, and in sorted order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from ganray.errors import RefusedInput
from ganray.metrics.classes.inception_score import inception_score
from tests.reference import metrics as reference


def posteriors(seed: int, n: int, k: int, sharpness: float = 3.0) -> np.ndarray:
    return softmax(sharpness * np.random.default_rng(seed).normal(size=(n, k)), axis=1)


def test_sure_and_balanced_posteriors_score_the_number_of_classes():
    sure = np.eye(7)[np.arange(70) % 7]
    assert inception_score(sure, splits=1) == (pytest.approx(7.0), 0.0)


def test_equal_posteriors_score_one():
    assert inception_score(np.full((50, 8), 1 / 8)) == (pytest.approx(1.0), pytest.approx(0.0))
    assert inception_score(np.eye(8)[np.zeros(50, int)]) == (pytest.approx(1.0), 0.0)


def test_one_split_is_the_plain_loop():
    p = posteriors(1, 123, 9)
    assert inception_score(p, splits=1)[0] == pytest.approx(reference.inception_score(p))


def test_splits_are_the_published_ones_in_the_given_order():
    p = posteriors(2, 103, 5)
    scores = [reference.inception_score(p[i * 103 // 4 : (i + 1) * 103 // 4]) for i in range(4)]
    expected = pytest.approx((np.mean(scores), np.std(scores)))
    assert inception_score(p, splits=4, shuffled=False) == expected


@settings(max_examples=30)
@given(n=st.integers(10, 200), k=st.integers(1, 12), sharpness=st.floats(0, 50))
def test_it_lies_between_one_and_the_number_of_classes(n, k, sharpness):
    mean, deviation = inception_score(posteriors(n, n, k, sharpness))
    assert 1 - 1e-9 <= mean <= k + 1e-9
    assert deviation >= 0


@pytest.mark.parametrize("order", ["sorted by class", "classes in turn"])
def test_the_order_of_classes_does_not_matter(order):
    """Both orders would put one class alone into each of ten splits taken naively."""
    labels = np.arange(1000) % 10
    p = np.eye(10)[np.sort(labels) if order == "sorted by class" else labels]
    assert inception_score(p)[0] > 9
    if order == "sorted by class":
        assert inception_score(p, shuffled=False)[0] == pytest.approx(1.0)


def test_collapse_and_doubt_lower_it():
    p = np.eye(10)[np.arange(1000) % 10] * 0.91 + 0.009
    full = inception_score(p)[0]
    collapsed = inception_score(p[p.argmax(axis=1) < 3])[0]
    doubtful = inception_score(0.5 * p + 0.05)[0]
    assert collapsed < full / 2
    assert doubtful < full / 2


def test_float32_softmax_over_a_thousand_classes_is_accepted():
    p = posteriors(3, 40, 1000).astype(np.float32)
    assert inception_score(p)[0] == pytest.approx(inception_score(p.astype(float))[0])


@pytest.mark.parametrize(
    ("p", "splits", "said"),
    [
        (np.full((5, 2), 0.5), 10, r"splits \(=10\) must be from 1 to .* 5"),
        (np.full((5, 2), 0.5), 0, r"splits \(=0\)"),
        (np.array([[0.5, 0.5], [3.0, 1.0]]), 1, "row 1 sums to 4 .*not logits"),
        (np.array([[1.5, -0.5]]), 1, "minimum -0.5"),
        (np.array([[np.nan, 1.0]]), 1, "row 0 sums to nan"),
        (np.zeros((0, 3)), 1, r"empty \(shape \(0, 3\)\)"),
    ],
)
def test_refusals(p, splits, said):
    with pytest.raises(RefusedInput, match=said):
        inception_score(p, splits)
