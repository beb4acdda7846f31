"""The Gaussian kernel's distance against loops over all pairs."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.errors import RefusedInput
from ganray.metrics import Cmmd, pairs
from ganray.metrics.kernel.cmmd import cmmd
from ganray.metrics.kernel.sums import gaussian
from tests.metrics.drawn import kinds, normal
from tests.reference import kernel as reference


def test_it_is_a_thousand_times_the_biased_mean_of_all_pairs():
    for n, m, bandwidth in ((20, 20, 10.0), (25, 18, 1.5)):
        real, generated = normal(1, n), normal(2, m, scale=1.2)
        expected = reference.mmd(reference.gaussian(bandwidth), real, generated, biased=True)
        assert cmmd(real, generated, bandwidth) == pytest.approx(1000 * expected, rel=1e-10)


def test_two_points_have_a_closed_form():
    """k(x, x) = 1: 1,000 · 2 (1 − exp(−|x − y|² / 200))."""
    x, y = np.array([[3.0, 4.0]]), np.array([[0.0, 0.0]])
    assert cmmd(x, y) == pytest.approx(2000 * (1 - np.exp(-25 / 200)), rel=1e-12)


def test_it_is_nothing_between_a_set_and_itself():
    real = kinds(1, 60)
    assert cmmd(real, real) < 1e-9
    assert cmmd(real, real[::-1]) < 1e-9


def test_details_tell_the_unbiased_distance_and_whether_the_bandwidth_fits():
    real, generated = normal(1, 25), normal(2, 20)
    value = Cmmd(bandwidth=2.0)(real, generated)
    kernel = reference.gaussian(2.0)
    assert value.value == cmmd(real, generated, 2.0)
    expected = 1000 * reference.mmd(kernel, real, generated, biased=False)
    assert value.details["unbiased"] == pytest.approx(expected, rel=1e-9)
    table = reference.matrix(kernel, real, real)
    expected = (table.sum() - 25) / (25 * 24)
    assert value.details["mean kernel of real images"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("bandwidth", [1e-3, 1e3])
def test_a_bandwidth_that_does_not_fit_is_told_by_the_mean_kernel(bandwidth):
    value = Cmmd(bandwidth=bandwidth)(normal(1, 30), normal(2, 30))
    assert round(value.details["mean kernel of real images"], 3) in (0.0, 1.0)
    assert np.isfinite(value.value)


def test_collapse_noise_and_a_dropped_kind_raise_it():
    real = kinds(1, 400)
    floor = cmmd(real, kinds(2, 400), 5.0)
    assert cmmd(real, kinds(3, 400, chosen=range(7)), 5.0) > 5 * floor
    assert cmmd(real, kinds(3, 400, chosen=[4]), 5.0) > 50 * floor
    noisy = [cmmd(real, kinds(2, 400, spread=spread), 5.0) for spread in (0.2, 1, 2, 4)]
    assert noisy == sorted(noisy)


def test_a_kernel_is_never_above_one():
    """Of equal rows products may round to a distance below 0."""
    x = 1e4 + normal(1, 200, d=50).astype(np.float64)
    table = gaussian(1e-3)(x, x)
    assert table.max() <= 1
    assert (table >= 0).all()


def test_blocks_change_rounding_alone(monkeypatch):
    real, generated = normal(1, 70), normal(2, 60)
    before = cmmd(real, generated)
    monkeypatch.setattr(pairs, "BLOCK", 16)
    assert cmmd(real, generated) == pytest.approx(before, rel=1e-9)


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, np.nan, np.inf])
def test_refusals(bandwidth):
    with pytest.raises(RefusedInput, match=r"bandwidth \(=.*\) must be above 0 and finite"):
        cmmd(normal(1, 5), normal(2, 5), bandwidth)
