"""The exact Wasserstein distance against every pairing, and on a line in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from ganray.errors import RefusedInput
from ganray.metrics import METRICS, Wasserstein
from ganray.metrics.transport.equal import equally_many
from ganray.metrics.transport.wasserstein import wasserstein
from tests.metrics.sets import embedded
from tests.reference import transport as reference


def normal(seed: int, n: int, d: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_no_pairing_costs_less(order, seed):
    x, y = normal(seed, 6, 3), normal(seed + 50, 6, 3) + 0.5
    assert wasserstein(x, y, order) == pytest.approx(reference.wasserstein(x, y, order), rel=1e-12)


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), order=st.sampled_from([1, 2]))
def test_on_a_line_it_pairs_in_sorted_order(seed, n, order):
    x, y = normal(seed, n, 1), 2 * normal(seed + 1, n, 1) + 1
    found = wasserstein(x, y, order)
    expected = reference.wasserstein_on_a_line(x[:, 0], y[:, 0], order)
    assert found == pytest.approx(expected, rel=1e-10)
    if order == 1:
        assert found == pytest.approx(wasserstein_distance(x[:, 0], y[:, 0]), rel=1e-10)


@pytest.mark.parametrize("order", [1, 2])
def test_a_shift_costs_its_length_and_equal_sets_nothing(order):
    x, shift = normal(1, 80, 5), np.array([3.0, 0, -4, 0, 0])
    assert wasserstein(x, x + shift, order) == pytest.approx(5, rel=1e-12)
    assert wasserstein(x, np.random.default_rng(0).permutation(x), order) == 0.0


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 20), order=st.sampled_from([1, 2]))
def test_it_is_a_distance(seed, n, order):
    x, y, z = (normal(seed + s, n, 3) for s in range(3))
    forth, back = wasserstein(x, y, order), wasserstein(y, x, order)
    assert forth == pytest.approx(back, rel=1e-12)
    assert forth <= (wasserstein(x, z, order) + wasserstein(z, y, order)) * (1 + 1e-12)
    assert wasserstein(x, y, 1) <= wasserstein(x, y, 2) * (1 + 1e-12)


@pytest.mark.parametrize("order", [1, 2])
def test_collapse_a_missing_mode_and_noise_raise_it(order):
    modes = np.array([[4.0, 0, 0], [0, 4, 0], [0, 0, 4]])
    real, same = (modes[np.arange(300) % 3] + 0.3 * normal(seed, 300, 3) for seed in (1, 2))
    floor = wasserstein(real, same, order)
    assert wasserstein(real, same[np.arange(300) % 3], order) > 1.5 * floor
    two = equally_many(real, same[np.arange(300) % 3 != 2])
    assert wasserstein(*two, order) > 5 * floor
    noisy = [wasserstein(real, same + s * normal(5, 300, 3), order) for s in (0.2, 0.4, 0.8)]
    assert floor < noisy[0] < noisy[1] < noisy[2]


def test_fewer_points_look_worse():
    """Which is why it stands beside its floor."""
    real, generated = embedded(normal(1, 400, 8)), embedded(normal(2, 400, 8))
    few, many = (Wasserstein(points=p).compute(real, generated).value for p in (40, 400))
    assert few > 1.2 * many


def test_it_is_told_its_settings():
    real, generated = embedded(normal(1, 90, 4)), embedded(normal(2, 60, 4) + 1)
    metric = METRICS.parse({"name": "wasserstein", "order": 1, "points": 50}, "metrics")
    cut = equally_many(real.features, generated.features, 50)
    assert metric.compute(real, generated).value == wasserstein(*cut, 1)
    assert Wasserstein().compute(real, generated).value == wasserstein(
        *equally_many(real.features, generated.features)
    )
    assert Wasserstein().flops(10_000, 2, 0) == 2000**2 * 6 + 2000**3


def test_refusals():
    for order in (3, True, 1.5):
        with pytest.raises(RefusedInput, match="order"):
            METRICS.parse({"name": "wasserstein", "order": order}, "metrics")
    with pytest.raises(RefusedInput, match="points"):
        METRICS.parse({"name": "wasserstein", "points": 1}, "metrics")
    for x, y in ((normal(1, 3, 2), normal(1, 4, 2)), (normal(1, 0, 2), normal(1, 0, 2))):
        with pytest.raises(RefusedInput, match="must be equally many points"):
            wasserstein(x, y)
    with pytest.raises(RefusedInput, match=r"order \(=3\) must be 1 or 2"):
        wasserstein(normal(1, 3, 2), normal(1, 3, 2), 3)
    with pytest.raises(RefusedInput, match="y: row 1 holds"):
        wasserstein(normal(1, 2, 2), np.array([[0, 1], [np.nan, 1]]))
