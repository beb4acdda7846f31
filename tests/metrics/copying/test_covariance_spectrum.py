"""Spectra against loops and closed forms, whatever the rank, and what they do not see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics import CovarianceSpectrum
from ganray.metrics.copying.covariance_spectrum import effective_rank, spectrum, spectrum_distance
from tests.metrics.copying.sets import draw, embedded
from tests.reference import copying as reference


@settings(max_examples=20)
@given(n=st.integers(2, 40), d=st.integers(1, 25))
def test_it_is_the_covariance_s_spectrum_at_any_rank(n, d):
    x = draw(n, n, d).astype(np.float64)
    expected = np.array(reference.spectrum(x))
    np.testing.assert_allclose(spectrum(x), expected, atol=1e-10 * max(1.0, expected[0]))
    assert spectrum(x).min() >= 0


def test_the_distance_is_the_loop_and_has_closed_forms():
    a, b = spectrum(draw(1, 60)), spectrum(draw(2, 60))
    assert spectrum_distance(a, b) == pytest.approx(reference.spectrum_distance(a, b), rel=1e-12)
    flat, point = np.full(5, 3.0), np.array([2.0, 0, 0, 0, 0])
    assert spectrum_distance(flat, 7 * flat) == pytest.approx(0, abs=1e-15)
    assert spectrum_distance(flat, point) == pytest.approx(1.6)  # 2 (d − 1) / d


def test_the_effective_rank_counts_equal_directions():
    assert effective_rank(np.array([2.0, 2.0, 2.0, 0.0])) == pytest.approx(3)
    assert effective_rank(np.array([5.0, 0.0])) == pytest.approx(1)
    shares = np.array([0.5, 0.25, 0.25])
    assert effective_rank(4 * shares) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))


def test_lost_directions_raise_it_and_noise_does():
    real, same = embedded(draw(1, 800)), draw(2, 800)
    floor = CovarianceSpectrum().compute(real, embedded(same))
    rows = np.linalg.svd(same - same.mean(0), full_matrices=False)[2]
    flat = embedded((same @ rows[:2].T @ rows[:2]).astype(np.float32))
    noisy = embedded(same + 3 * np.random.default_rng(0).normal(size=same.shape).astype("f4"))
    lost, noise = (CovarianceSpectrum().compute(real, one) for one in (flat, noisy))
    assert min(lost.value, noise.value) > 3 * floor.value
    ranks = [one.details["effective rank"] for one in (lost, floor, noise)]
    assert ranks == sorted(ranks)
    assert floor.details["effective rank of real images"] == pytest.approx(ranks[1], rel=0.1)


def test_place_turn_and_size_are_not_seen():
    real, x = embedded(draw(1, 300)), draw(2, 300)
    turned = 2 * (x @ ortho_group.rvs(6, random_state=0)).astype(np.float32) + 5
    before, after = (CovarianceSpectrum().compute(real, embedded(one)) for one in (x, turned))
    assert after.value == pytest.approx(before.value, abs=1e-5)
    ratios = [one.details["variance ratio"] for one in (before, after)]
    assert ratios[1] == pytest.approx(4 * ratios[0], rel=1e-5)


def test_equal_images_have_no_spectrum():
    with pytest.raises(UndefinedScore, match="all images of a set have equal features"):
        CovarianceSpectrum().compute(embedded(draw(1, 9)), embedded(np.ones((9, 6), np.float32)))
    with pytest.raises(RefusedInput, match="2 and of 3 dimensions"):
        spectrum_distance(np.ones(2), np.ones(3))
    with pytest.raises(RefusedInput, match="weight above 1"):
        spectrum(draw(1, 1))
