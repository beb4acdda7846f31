"""Clipped density and coverage, against exact fractions and the authors' code."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import RefusedInput
from ganray.metrics import ClippedCoverage, ClippedDensity, Density, Metric, pairs
from ganray.metrics.manifold.clipped_coverage import (
    calibrated,
    clipped_coverage,
    expected_coverage,
)
from ganray.metrics.manifold.clipped_density import clipped_density, clipped_radii
from tests.metrics.drawn import kinds, normal, whole
from tests.reference import manifold as reference


def measured(metric: Metric, real: np.ndarray, generated: np.ndarray) -> float:
    return metric(real, generated).value


@pytest.mark.parametrize(
    ("real", "generated"),
    [
        (normal(1, 30), normal(2, 25, scale=0.9)),
        (normal(1, 21), normal(2, 25, scale=1.2)),
        (whole(1, 24), whole(2, 28, most=4)),
    ],
    ids=["even", "odd", "whole numbers"],
)
def test_they_are_those_of_exact_fractions(real, generated):
    expected = reference.clipped_density(real, generated, 4)
    assert clipped_density(real, generated, 4) == pytest.approx(expected, rel=1e-14)
    expected = reference.clipped_coverage(real, generated, 4)
    assert clipped_coverage(real, generated, 4) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("shape", "scale", "density", "coverage"),
    [
        ((300, 200, 5), 1.2, 0.6098130841121496, 0.681592039800995),
        ((200, 350, 8), 1.0, 0.9320492241840554, 0.98005698005698),
        ((150, 150, 3), 0.7, 1.0, 0.9470198675496688),
    ],
)
def test_they_are_those_of_the_authors_code(shape, scale, density, coverage):
    """`ClippedDensityCoverage(real, K=5)` of nicolassalvy/ClippedDensityCoverage, on these sets."""
    rng = np.random.default_rng(0)
    for n, m, d, s in ((300, 200, 5, 1.2), (200, 350, 8, 1), (150, 150, 3, 0.7)):
        real, generated = rng.normal(size=(n, d)), s * rng.normal(size=(m, d))
        if (n, m, d) == shape:
            assert clipped_density(real, generated) == pytest.approx(density, rel=1e-13)
            assert clipped_coverage(real, generated) == pytest.approx(coverage, rel=1e-13)


@pytest.mark.parametrize(("n", "m", "k"), [(6, 9, 5), (40, 25, 5), (12, 30, 1), (9, 8, 8)])
def test_the_coverage_of_ideal_images_is_a_beta_binomial_mean(n, m, k):
    expected = [0.0] * k + [float(reference.expected_coverage(n, i, k)) for i in range(k, m + 1)]
    np.testing.assert_allclose(expected_coverage(n, m, k), expected, rtol=1e-12)


def test_it_is_finite_and_rises_for_many_images():
    found = expected_coverage(50_000, 50_000, 5)
    assert (np.diff(found[5:]) > 0).all()
    assert found[-1] < 1


def test_metrics_are_their_functions_with_their_settings():
    real, generated = normal(1, 60), normal(2, 50, scale=1.3)
    for k in (2, 5):
        assert measured(ClippedDensity(k=k), real, generated) == clipped_density(real, generated, k)
        found = measured(ClippedCoverage(k=k), real, generated)
        assert found == clipped_coverage(real, generated, k)
    details = ClippedDensity()(real, real).details
    assert details["not cut at 1"] > 1


@pytest.mark.parametrize("metric", [ClippedDensity(), ClippedCoverage()])
def test_they_are_linear_in_the_share_of_bad_images(metric):
    real, good, bad = kinds(1, 800), kinds(2, 800), 30 + kinds(3, 800)
    values = [
        measured(metric, real, np.concatenate([good[: 800 - spoilt], bad[:spoilt]]))
        for spoilt in (0, 200, 400, 600, 800)
    ]
    np.testing.assert_allclose(values, [1, 0.75, 0.5, 0.25, 0], atol=0.06)


def test_outliers_among_real_images_raise_density_and_not_its_clipped_form():
    """What clipping was made for: between the far ones lies noise."""
    far = np.random.default_rng(1).normal(size=(8, 12)).astype(np.float32)
    real = np.concatenate([kinds(1, 600), 12 * far])
    noise = 6 * normal(2, 300, d=12)
    assert measured(ClippedDensity(), real, noise) < 0.01
    assert measured(Density(), real, noise) > 0.1


def test_collapse_lowers_coverage_alone():
    real, collapsed = kinds(1, 600), kinds(3, 600, chosen=[4])
    assert measured(ClippedDensity(), real, collapsed) > 0.9
    assert measured(ClippedCoverage(), real, collapsed) < 0.15


def test_a_radius_that_is_kept_keeps_its_neighbour():
    """The square of the median radius' root may be one rounding less than it."""
    squared = np.random.default_rng(0).random(2001) + 1
    clipped = clipped_radii(squared)
    kept = squared <= np.median(squared)
    assert kept.sum() == 1001
    assert clipped[kept].tolist() == squared[kept].tolist()
    assert len(set(clipped[~kept])) == 1


def test_blocks_change_nothing(monkeypatch):
    real, generated = normal(1, 60), normal(2, 45)
    before = clipped_density(real, generated), clipped_coverage(real, generated)
    monkeypatch.setattr(pairs, "BLOCK", 8)
    assert (clipped_density(real, generated), clipped_coverage(real, generated)) == before


def test_equal_real_images_leave_them_defined():
    same = np.zeros((20, 3), np.float32)
    assert clipped_density(same, same) == 1.0
    assert clipped_density(same, same + 1) == 0.0
    assert clipped_coverage(same, same) == 0.0  # an open ball of radius 0 holds nothing


def test_refusals():
    assert (ClippedDensity().least, ClippedDensity().least_real) == (2, 6)
    assert (ClippedCoverage().least, ClippedCoverage().least_real) == (5, 6)
    with pytest.raises(RefusedInput, match=r"k \(=5\) must be from 1 to .*generated images, 4"):
        clipped_coverage(normal(1, 9), normal(2, 4))
    with pytest.raises(RefusedInput, match=r"k \(=5\) must be from 1 to .*, 5"):
        clipped_density(normal(1, 5), normal(2, 9))
    with pytest.raises(RefusedInput, match=r"k \(=5\) must be below the number of real images, 5"):
        calibrated(0.5, 5, 9, 5)
