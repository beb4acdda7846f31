"""The smoothness of paths that have one by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.errors import RefusedInput, UndefinedScore
from ganray.metrics.copying.smoothness import smoothness
from tests.metrics.copying.sets import draw
from tests.reference import copying as reference


def test_a_straight_even_path_is_as_long_as_it_is_far():
    path = np.linspace([0.0, 0.0], [3.0, 4.0], 11)
    found = smoothness(path)
    assert (found.length, found.distance) == pytest.approx((5, 5))
    assert found.detour == pytest.approx(1)
    assert found.largest_share == pytest.approx(0.1)


def test_a_half_circle_is_half_pi_times_as_long():
    turn = np.linspace(0, np.pi, 2001)
    found = smoothness(np.stack([np.cos(turn), np.sin(turn)], axis=1))
    assert found.detour == pytest.approx(math.pi / 2, rel=1e-6)


def test_a_jump_is_all_of_the_path():
    path = np.repeat(draw(1, 2), 6, axis=0)
    found = smoothness(path)
    assert (found.detour, found.largest_share) == (1.0, 1.0)


@settings(max_examples=20)
@given(n=st.integers(3, 20), d=st.integers(1, 6))
def test_it_is_the_loop_within_its_bounds(n, d):
    path = draw(n, n, d)
    found = smoothness(path)
    steps = [reference.distance(*path[i : i + 2]) for i in range(n - 1)]
    assert found.length == pytest.approx(math.fsum(steps), rel=1e-12)
    assert found.detour == pytest.approx(
        math.fsum(steps) / reference.distance(path[0], path[-1]), rel=1e-12
    )
    assert found.largest_share == pytest.approx(max(steps) / math.fsum(steps), rel=1e-12)
    assert found.detour >= 1 - 1e-12
    assert 1 / (n - 1) - 1e-12 <= found.largest_share <= 1


def test_noise_on_a_path_makes_it_longer():
    path = np.linspace(np.zeros(6), np.ones(6), 30)
    rough = [path + s * draw(1, 30) for s in (0.0, 0.01, 0.1)]
    detours = [smoothness(one).detour for one in rough]
    assert detours[0] < detours[1] < detours[2]


def test_what_is_no_path():
    with pytest.raises(RefusedInput, match="path has 2 images"):
        smoothness(draw(1, 2))
    with pytest.raises(UndefinedScore, match="both ends of the path have equal features"):
        smoothness(draw(1, 4)[[0, 1, 2, 0]])
