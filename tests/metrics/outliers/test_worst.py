"""Distances from the nearest real image, and which are the largest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput
from ganray.metrics.outliers import worst as module
from ganray.metrics.outliers.worst import nearest_distances, share, worst
from tests.reference import outliers as reference


def normal(seed: int, n: int, d: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


def test_distances_are_a_loop_over_all_pairs():
    points, real = normal(1, 90, 6), normal(2, 70, 6)
    np.testing.assert_allclose(
        nearest_distances(points, real), reference.nearest_distances(points, real), rtol=1e-12
    )


def test_copies_are_at_no_distance_at_all():
    """Which products of lengths would not say of features far from the origin."""
    real = (normal(1, 50, 30) + 1000).astype(np.float32)
    assert nearest_distances(real[::-1].copy(), real).tolist() == [0.0] * 50


def test_blocks_do_not_matter(monkeypatch):
    points, real = normal(1, 200, 5), normal(2, 100, 5)
    whole = nearest_distances(points, real)
    monkeypatch.setattr(module, "_BLOCK", 7)
    assert nearest_distances(points, real).tolist() == whole.tolist()


@settings(max_examples=40)
@given(
    distances=st.lists(st.integers(0, 9), min_size=2, max_size=60),
    percent=st.floats(0.01, 50),
)
def test_the_worst_come_first_and_of_equals_the_first(distances, percent):
    found = worst(np.array(distances, dtype=float), percent)
    assert found.tolist() == reference.worst(distances, len(found))
    assert 1 <= len(found) < len(distances) or len(distances) == 2


@pytest.mark.parametrize(
    ("count", "percent", "expected"),
    [(1000, 1.0, 10), (1000, 0.7, 7), (1001, 1.0, 11), (50, 1.0, 1), (2, 50.0, 1)],
)
def test_a_share_is_rounded_up(count, percent, expected):
    assert share(count, percent) == expected


def test_refusals():
    for percent in (0.0, -1.0, 50.5, float("nan")):
        with pytest.raises(RefusedInput, match=r"percent \(=.*\) must be above 0 and at most 50"):
            worst(np.ones(5), percent)
    with pytest.raises(RefusedInput, match="distances has 1 entries"):
        worst(np.ones(1))
    with pytest.raises(RefusedInput, match="at least one row must be real"):
        nearest_distances(normal(1, 3, 2), normal(1, 0, 2))
    with pytest.raises(RefusedInput, match=r"\(3, 2\) and \(3, 4\)"):
        nearest_distances(normal(1, 3, 2), normal(1, 3, 4))
    with pytest.raises(RefusedInput, match="real: row 2 holds"):
        nearest_distances(normal(1, 3, 2), np.array([[0, 0], [1, 1], [0, np.inf]]))
    assert nearest_distances(normal(1, 0, 2), normal(1, 3, 2)).tolist() == []
