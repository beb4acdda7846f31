"""Precision, recall, density, coverage and their first published forms, against exact fractions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput
from ganray.metrics import (
    Coverage,
    Density,
    ImprovedPrecision,
    ImprovedRecall,
    Metric,
    Precision,
    Recall,
)
from ganray.metrics.manifold.coverage import coverage
from ganray.metrics.manifold.density import density
from ganray.metrics.manifold.precision import precision
from ganray.metrics.manifold.recall import recall
from tests.metrics.drawn import kinds, normal, whole
from tests.reference import manifold as reference

OF_PRDC = {"precision": 0.497, "recall": 0.9816666666666667, "density": 0.2962,
           "coverage": 0.6441666666666667}  # fmt: skip
"""prdc 0.2 on the sets below: `prdc.compute_prdc(real, generated, nearest_k=5)`."""
OF_PRDC_WHOLE = {"precision": 0.131, "recall": 0.9175, "density": 0.0554, "coverage": 0.2025}
"""The same of whole numbers, where distances are often equal."""


def measured(metric: Metric, real: np.ndarray, generated: np.ndarray) -> float:
    return metric(real, generated).value


@pytest.mark.parametrize(
    ("real", "generated"),
    [
        (normal(1, 30), normal(2, 24, scale=1.1)),
        (whole(1, 24), whole(2, 30, most=4)),
    ],
    ids=["normal", "whole numbers"],
)
def test_they_are_those_of_exact_fractions(real, generated):
    for function in (precision, recall, density, coverage):
        expected = getattr(reference, function.__name__)(real, generated, 4)
        assert function(real, generated, 4) == pytest.approx(expected, rel=1e-14)
    for function in (precision, recall):
        expected = getattr(reference, function.__name__)(real, generated, 3, closed=True)
        assert function(real, generated, 3, closed=True) == pytest.approx(expected, rel=1e-14)


def test_they_are_those_of_the_published_package():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(1200, 20)).astype(np.float32)
    generated = (1.2 * rng.normal(size=(1000, 20))).astype(np.float32)
    of_whole = (
        rng.integers(0, 3, size=(1200, 6)).astype(np.float32),
        rng.integers(0, 4, size=(1000, 6)).astype(np.float32),
    )
    for metric in (Precision(), Recall(), Density(), Coverage()):
        value = measured(metric, real, generated)
        assert value == pytest.approx(OF_PRDC[metric.name], rel=1e-12)
        value = measured(metric, *of_whole)
        assert value == pytest.approx(OF_PRDC_WHOLE[metric.name], rel=1e-12)


def test_metrics_are_their_functions_with_their_settings():
    real, generated = normal(1, 60), normal(2, 50, scale=1.3)
    for metric, expected in (
        (Precision(k=2), precision(real, generated, 2)),
        (Recall(k=2), recall(real, generated, 2)),
        (Density(k=2), density(real, generated, 2)),
        (Coverage(k=2), coverage(real, generated, 2)),
        (ImprovedPrecision(), precision(real, generated, 3, closed=True)),
        (ImprovedRecall(), recall(real, generated, 3, closed=True)),
    ):
        assert measured(metric, real, generated) == expected


REAL = kinds(1, 600)


@pytest.mark.parametrize("names", [(Precision, Recall), (ImprovedPrecision, ImprovedRecall)])
def test_a_collapsed_generator_has_high_precision_and_low_recall(names):
    fidelity, diversity = (name() for name in names)
    same, collapsed = kinds(2, 600), kinds(3, 600, chosen=[4], spread=0.1)
    assert measured(fidelity, REAL, same) > 0.75
    assert measured(diversity, REAL, same) > 0.75
    assert measured(fidelity, REAL, collapsed) > 0.99
    assert measured(diversity, REAL, collapsed) < 0.1


@pytest.mark.parametrize("names", [(Precision, Recall), (ImprovedPrecision, ImprovedRecall)])
def test_a_noisy_generator_has_low_precision_and_high_recall(names):
    fidelity, diversity = (name() for name in names)
    noisy = kinds(3, 600, spread=0.8)
    assert measured(fidelity, REAL, noisy) < 0.05
    assert measured(diversity, REAL, noisy) > 0.95


def test_coverage_falls_with_each_kind_that_is_dropped_and_density_does_not():
    generated = [kinds(2, 600, chosen=range(count)) for count in (10, 7, 4, 1)]
    covered = [measured(Coverage(), REAL, one) for one in generated]
    dense = [measured(Density(), REAL, one) for one in generated]
    np.testing.assert_allclose(covered, [0.97, 0.7, 0.4, 0.1], atol=0.06)
    assert min(dense) > 0.8


def test_an_outlier_among_generated_images_raises_recall_and_not_coverage():
    """What coverage was made for."""
    collapsed = kinds(3, 594, chosen=[4], spread=0.1)
    far = np.concatenate([collapsed, 40 * normal(5, 6, d=12)])
    assert measured(Recall(), REAL, far[:594]) < 0.1
    assert measured(Recall(), REAL, far) > 0.7
    assert measured(Coverage(), REAL, far) == measured(Coverage(), REAL, far[:594]) < 0.15


def test_density_is_not_bounded_by_one():
    real = normal(1, 300, d=8)
    best = real[[np.square(real).sum(axis=1).argmin()]]
    assert measured(Density(), real, np.repeat(best, 50, axis=0)) > 2


def test_copies_of_all_real_images_have_density_one():
    """An open ball holds its own centre and the k − 1 neighbours within its border."""
    real = normal(1, 200)
    assert density(real, real, 5) == pytest.approx(1.0)


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 4), n=st.integers(5, 30))
def test_shares_are_shares_and_grow_with_k_and_with_the_border(seed, k, n):
    real, generated = whole(seed, n), whole(seed + 1, n)
    for function in (precision, recall):
        low, high = function(real, generated, k), function(real, generated, k, closed=True)
        assert 0 <= low <= high <= 1
        if k + 1 < n:
            assert low <= function(real, generated, k + 1)
    assert precision(real, generated, k) == recall(generated, real, k)
    assert 0 <= coverage(real, generated, k) <= 1


def test_how_few_images_they_need():
    for metric in (Precision(), Density(), Coverage(), ImprovedPrecision(k=5)):
        assert (metric.least, metric.least_real) == (2, 6)
        assert np.isfinite(measured(metric, normal(1, 6), normal(2, 2)))
        with pytest.raises(RefusedInput, match=r"k \(=5\) must be from 1 to .*, 5"):
            measured(metric, normal(1, 5), normal(2, 2))
    for metric in (Recall(), ImprovedRecall(k=5)):
        assert (metric.least, metric.least_real) == (6, 2)
        assert np.isfinite(measured(metric, normal(1, 2), normal(2, 6)))
        with pytest.raises(RefusedInput, match=r"k \(=5\) must be from 1 to .*, 5"):
            measured(metric, normal(1, 2), normal(2, 5))
