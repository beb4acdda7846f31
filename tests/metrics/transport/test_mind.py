"""MIND against explicit sorting and closed forms, and the direction in which it moves."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput
from ganray.metrics import FrechetDistance, Mind
from ganray.metrics.transport import mind as module
from ganray.metrics.transport.mind import mind, unit_vectors
from tests.metrics.sets import embedded
from tests.reference import transport as reference


def normal(seed: int, n: int, d: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


def test_it_is_explicit_sorting():
    x, y = normal(1, 40, 5), normal(2, 40, 5) * 1.5 + 0.3
    expected = reference.mind(x, y, unit_vectors(7, 0, 60, 5).tolist())
    assert mind(x, y, directions=60, seed=7) == pytest.approx(expected, rel=1e-12)


def test_a_shift_and_a_scale_have_closed_forms():
    x, shift = normal(1, 300, 6), np.arange(6.0)
    directions = unit_vectors(0, 0, 1000, 6)
    moved = 18 * np.square(directions @ shift).mean()
    assert mind(x, x + shift) == pytest.approx(moved, rel=1e-12)
    assert moved == pytest.approx(3 * shift @ shift, rel=0.1)
    grown = 18 * np.square(x @ directions.T).mean()
    assert mind(x, 2 * x) == pytest.approx(grown, rel=1e-12)


def test_on_a_line_it_is_three_times_the_wasserstein_distance_squared():
    x, y = normal(1, 80, 1), normal(2, 80, 1) - 1
    expected = reference.wasserstein_on_a_line(x[:, 0], y[:, 0], 2) ** 2
    assert mind(x, y, directions=3) == pytest.approx(3 * expected, rel=1e-12)


def test_directions_are_uniform_on_the_sphere_and_numbered():
    drawn = unit_vectors(1, 0, 4000, 3)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.03)
    np.testing.assert_allclose(drawn.T @ drawn / 4000, np.eye(3) / 3, atol=0.02)
    # Of a sphere in three dimensions each coordinate is uniform (Archimedes).
    np.testing.assert_allclose(np.quantile(drawn[:, 0], [0.25, 0.75]), [-0.5, 0.5], atol=0.05)
    assert (unit_vectors(1, 70, 5, 3) == drawn[70:75]).all()
    assert (unit_vectors(2, 0, 5, 3) != drawn[:5]).all()


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 40), d=st.integers(1, 8))
def test_it_is_symmetric_and_zero_for_the_same_set_in_any_order(seed, n, d):
    x, y = normal(seed, n, d), normal(seed + 1, n, d)
    assert mind(x, y, 20) == mind(y, x, 20) >= 0
    assert mind(x, x, 20) == 0
    assert mind(x, x[::-1].copy(), 20) < 1e-25


@pytest.mark.parametrize(("block", "rows"), [(1, 7), (3, 1000), (64, 3)])
def test_blocks_do_not_matter(monkeypatch, block, rows):
    x, y = normal(1, 100, 9), normal(2, 130, 9)
    whole = mind(x, y, 64)
    monkeypatch.setattr(module, "_BLOCK", block)
    monkeypatch.setattr(module, "_ROWS", rows)
    assert mind(x, y, 64) == pytest.approx(whole, rel=1e-13)


def test_more_directions_take_no_more_memory():
    x, y = normal(1, 3000, 4), normal(2, 3000, 4)

    def peak(directions: int) -> int:
        tracemalloc.start()
        mind(x, y, directions)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(1)  # imports
    assert peak(500) < 1.2 * peak(50)


def test_collapse_a_missing_mode_and_noise_raise_it():
    modes = np.array([[4.0, 0, 0], [0, 4, 0], [0, 0, 4]])
    real, same = (modes[np.arange(900) % 3] + 0.3 * normal(seed, 900, 3) for seed in (1, 2))
    floor = mind(real, same)
    assert mind(real, same[np.arange(900) % 3]) > 5 * floor
    assert mind(real, same[np.arange(900) % 3 != 2]) > 50 * floor
    noisy = [mind(real, same + s * normal(5, 900, 3)) for s in (0.2, 0.4, 0.8)]
    assert floor < noisy[0] < noisy[1] < noisy[2]


def test_it_sees_what_mean_and_covariance_do_not():
    """Points at ±1 in each coordinate have the moments of a standard normal distribution."""
    real, same = embedded(normal(1, 4000, 2)), embedded(normal(2, 4000, 2))
    corners = embedded(np.sign(normal(3, 4000, 2)))
    plain = [FrechetDistance().compute(real, x).value for x in (same, corners)]
    sliced = [Mind().compute(real, x).value for x in (same, corners)]
    assert plain[1] < 5 * plain[0]
    assert sliced[1] > 30 * sliced[0]


def test_it_is_told_its_settings_and_cuts_the_larger_set():
    real, generated = embedded(normal(1, 90, 4)), embedded(normal(2, 60, 4))
    found = Mind(directions=30, seed=5).compute(real, generated).value
    assert found == mind(real.features, generated.features, 30, 5)
    assert found != mind(real.features, generated.features, 30, 6)
    assert Mind(directions=30, seed=5).compute(generated, real).value == found
    assert Mind().flops(1000, 64, 10) == 4 * 1000 * 64 * 1000


def test_refusals():
    with pytest.raises(RefusedInput, match=r"directions \(=0\) must be at least 1"):
        mind(normal(1, 3, 2), normal(2, 3, 2), 0)
    with pytest.raises(RefusedInput, match="2 and of 3 dimensions"):
        mind(normal(1, 3, 2), normal(2, 3, 3))
    with pytest.raises(RefusedInput, match="x: row 0 holds"):
        mind(np.full((3, 2), np.inf), normal(2, 3, 2))
