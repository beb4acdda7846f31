"""Class histograms with their intervals, and mode counts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import chdtri

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.classes.class_histogram import (
    ClassHistogram,
    class_counts,
    goodman_intervals,
    histogram_divergence,
)
from ganray.metrics.classes.mode_count import ModeCount, sure_counts
from ganray.metrics.features import Embedding
from tests.metrics.classes.sets import labelled
from tests.reference import classes as reference


def of_posteriors(p: np.ndarray) -> Embedding:
    return Embedding(np.zeros((len(p), 1), np.float32), p.astype(np.float32))


def test_the_histogram_is_the_loops():
    real, generated = labelled(1, 300), labelled(2, 200, shares=(4, 3, 2, 1))
    found = ClassHistogram().compute(real, generated)
    p, q = (reference.shares(one.probabilities) for one in (real, generated))
    assert found.value == pytest.approx(reference.divergence(p, q), rel=1e-12)
    quantile = chdtri(1, 0.05 / 4)
    for k, share in enumerate(q):
        low, high = reference.interval_of_share(round(200 * share), 200, quantile)
        assert found.details[f"class {k}"] == pytest.approx(share, rel=1e-12)
        assert found.details[f"class {k} low"] == pytest.approx(low, rel=1e-9)
        assert found.details[f"class {k} high"] == pytest.approx(high, rel=1e-9)
    assert found.details["classes outside"] >= 2


def test_goodmans_intervals_hold_all_at_once_as_often_as_they_say():
    """Of 400 draws of ten classes at 95 %, at least 92 % (three standard errors below)."""
    rng = np.random.default_rng(0)
    shares = np.arange(1, 11) / 55
    held = 0
    for counts in rng.multinomial(500, shares, size=400):
        low, high = goodman_intervals(counts)
        held += bool(((low <= shares) & (shares <= high)).all())
    assert held >= 0.92 * 400


def test_empty_and_full_classes_have_intervals_within_0_and_1():
    low, high = goodman_intervals(np.array([0, 50, 0]))
    assert low[0] == low[2] == 0
    assert high[1] == 1
    assert 0 < high[0] < 0.2 < 0.8 < low[1] < 1


def test_an_empty_class_is_undefined_and_says_which():
    real = of_posteriors(np.eye(3)[[0, 1, 2]])
    with pytest.raises(UndefinedScore, match=r"infinite: no generated image is of class 1, 2 \("):
        ClassHistogram().compute(real, of_posteriors(np.eye(3)[[0, 0]]))
    # A class that no real image is of costs nothing of itself.
    found = ClassHistogram().compute(of_posteriors(np.eye(3)[[0, 1]]), real)
    assert found.value == pytest.approx(np.log(1.5))


def test_it_counts_hard_and_grows_with_imbalance():
    """Certainty has no part in it, as it has in the divergence of mean posteriors."""
    unsure = np.array([[0.6, 0.4], [0.4, 0.6]])
    assert class_counts(unsure).tolist() == [1, 1]
    assert class_counts(np.full((3, 2), 0.5)).tolist() == [3, 0]
    real = labelled(1, 2000)
    values = [ClassHistogram().compute(real, labelled(2, 2000, shares=s)).value
              for s in ((1, 1, 1, 1), (2, 1, 1, 1), (5, 1, 1, 1), (50, 1, 1, 1))]  # fmt: skip
    assert values == sorted(values)
    assert values[0] < 0.01 < values[1]
    assert ClassHistogram().compute(real, real).value == 0


def test_modes_are_counted_by_the_rule():
    p = np.array([[0.95, 0.05, 0], [0.91, 0.09, 0], [0.1, 0.9, 0], [0.2, 0.7, 0.1], [0, 0.2, 0.8]])
    rules = ((1, 0.9, 2), (2, 0.9, 1), (1, 0.0, 3), (2, 0.5, 2), (3, 0, 0))
    for at_least, confidence, modes in rules:
        metric = ModeCount(at_least=at_least, confidence=confidence)
        found = metric.compute(of_posteriors(np.eye(3)), of_posteriors(p))
        assert found.value == modes
        assert found.details["real images"] == (3 if at_least == 1 else 0)
    assert sure_counts(p, 0.9).tolist() == [2, 1, 0]
    assert ModeCount().compute(of_posteriors(p), of_posteriors(p)).details["share assigned"] == 0.6


def test_dropped_modes_lower_the_count():
    real = labelled(1, 200)
    values = [ModeCount().compute(real, labelled(2, 200, shares=s)).value
              for s in ((1, 1, 1, 1), (1, 1, 1, 0), (1, 0, 0, 0))]  # fmt: skip
    assert values == [4, 3, 1]


def test_refusals():
    p = np.eye(3)
    with pytest.raises(RefusedInput, match="wanted has 2 classes, counts has 3"):
        histogram_divergence(np.array([0.5, 0.5]), np.array([1, 1, 1]))
    with pytest.raises(RefusedInput, match="row 0 sums to 2"):
        class_counts(2 * p)
    with pytest.raises(RefusedInput, match=r"confidence \(=1.0\)"):
        goodman_intervals(np.array([1, 2]), 1.0)
    with pytest.raises(RefusedInput, match="at least 1 image"):
        goodman_intervals(np.array([0, 0]))
    with pytest.raises(RefusedInput, match=r"confidence \(=1.5\)"):
        sure_counts(p, 1.5)
    for wrong in ({"at_least": 0}, {"confidence": 2}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            ModeCount(**wrong)
