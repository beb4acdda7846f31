"""Metrics whose products are done on another device, which here is the CPU by another name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from ganray.metrics import METRICS, pairs
from ganray.process.arithmetic import HERE, computing_on, place
from tests.metrics.drawn import kinds, whole
from tests.metrics.sets import embedded

THERE = "cpu:0"
CHOSEN = {"kid": {"subset_size": 50}, "tail_frechet": {"percent": 10}}
EXACT = {"precision", "recall", "density", "coverage", "improved_precision", "improved_recall",
         "clipped_density", "clipped_coverage", "nearest_training", "auth_pct", "copies_p_value",
         "worst_distance"}  # fmt: skip
"""Metrics that count: products tell what is near, differences decide."""


def images(seed: int, count: int = 120):
    features = kinds(seed, count)
    posteriors = softmax(features[:, :3].astype(np.float32), axis=1)
    return embedded(features, posteriors, np.arange(count) % 3)


@pytest.mark.parametrize("name", [METRICS.word(one) for one in METRICS if one.multiplies])
def test_a_metric_is_the_same_there(name, monkeypatch):
    monkeypatch.setattr(pairs, "BLOCK", 50)
    metric = METRICS.member(name)(**CHOSEN.get(name, {}))
    real, generated = replace(images(1), training=images(3, 90)), images(2)
    expected, asked = metric.compute(real, generated), []
    product = pairs.product

    def watched(points, others):
        asked.append(place())
        return product(points, others)

    monkeypatch.setattr(pairs, "product", watched)
    with computing_on(THERE):
        made = metric.compute(real, generated)  # of which it keeps what it knew here
    assert made.value == pytest.approx(expected.value, rel=1e-8)
    assert made.details == pytest.approx(expected.details, rel=1e-6)
    if name in EXACT:
        assert made == expected
    assert set(asked) <= {THERE}
    assert place() == HERE


def test_some_metrics_have_no_products_to_leave():
    assert {METRICS.word(one) for one in METRICS if one.multiplies} > EXACT
    assert not METRICS.member("inception_score").multiplies


def test_products_are_of_64_bits_and_come_back_as_they_were():
    x = whole(0, 5, most=256)
    with computing_on(THERE):
        assert pairs.product(x, x).dtype == np.float32
        assert pairs.product(x.astype(np.float64), x.astype(np.float64)).dtype == np.float64
        np.testing.assert_array_equal(pairs.product(x, x[::-1]), x @ x[::-1].T)
