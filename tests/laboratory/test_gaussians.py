"""The game of two Gaussians: closed forms, published figures, and chunks that change nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.laboratory.gaussians import (
    advanced,
    best_intervals,
    gradients,
    path,
    play,
    separate,
    starts,
    unrolled_gradient,
    value,
)
from ganray.laboratory.spec import Dynamics, Starts
from tests.reference import gaussians as paper

FIG_2 = (-1.0, 2.5), (-1.0, 0.2, 1.0, 2.5), (-2.0, 2.0)
real = st.floats(-3, 3).map(lambda x: round(x, 2))


def arrays(means, ends, target):
    return np.array([means]), np.array([ends]), np.array(target)


@given(means=st.tuples(real, real), ends=st.tuples(real, real, real, real), mean=real)
def test_the_value_and_its_gradients(means, ends, mean):
    ends, target = sorted(ends), (-mean - 0.1, mean)
    m, e, t = arrays(means, ends, target)
    assert float(value(e, m, t)[0]) == pytest.approx(paper.value(ends, means, target), abs=1e-9)
    of_means, of_ends = gradients(m, e, t)
    for place in range(2):
        expected = paper.slope(lambda x: paper.value(ends, x, target), place, means)
        assert of_means[0, place] == pytest.approx(expected, abs=1e-6)
    for place in range(4):
        expected = paper.slope(lambda x: paper.value(x, means, target), place, ends)
        assert of_ends[0, place] == pytest.approx(expected, abs=1e-6)


@settings(max_examples=40)
@given(means=st.tuples(real, real), mean=st.floats(0.3, 2.5).map(lambda x: round(x, 2)))
def test_the_best_intervals_are_where_the_data_are_denser(means, mean):
    target = (-mean, mean)
    m, t = np.array([means]), np.array(target)
    ends = best_intervals(m, t)
    inner = sorted(float(x) for x in ends[0] if np.isfinite(x) and abs(x) < 8.9)
    known = paper.zeros(means, target)
    if len(known) == len(inner):  # a pair of zeros may lie within one cell of either grid
        np.testing.assert_allclose(inner, known, atol=1e-7)
    points = np.linspace(-8, 8, 999)
    gain = np.maximum([paper.advantage(x, means, target) for x in points], 0)
    assert float(value(ends, m, t)[0]) - 1 == pytest.approx(np.trapezoid(gain, points), abs=2e-3)


def test_means_far_from_the_data_have_their_best_intervals_too():
    means, target = (-10.0, -7.0), (-9.0, 9.0)
    m, t = np.array([means]), np.array(target)
    points = np.linspace(-20, 20, 4001)
    gain = np.maximum([paper.advantage(x, means, target) for x in points], 0)
    best = 1 + np.trapezoid(gain, points)
    assert float(value(best_intervals(m, t), m, t)[0]) == pytest.approx(best, abs=1e-4)


def test_figure_2_of_the_lecture():
    """Facts D: F's zeros, the total variation, and an interval that collapses on its way."""
    target = FIG_2[2]
    m, e, t = arrays(*FIG_2)
    best = best_intervals(m, t)
    np.testing.assert_allclose(best[0, 1:], [-1.498, 0.659, 2.239], atol=5e-4)
    assert best[0, 0] == -np.inf
    assert float(value(best, m, t)[0]) - 1 == pytest.approx(0.2396, abs=1e-4)
    fixed = Dynamics(target=target, rate=0.3, iterations=1000)
    _, passed = path(fixed, m, e, generator=False)
    np.testing.assert_allclose(passed[-1, 0], [-0.332, -0.332, 0.659, 2.239], atol=1e-3)
    np.testing.assert_allclose(passed[-1, 0, 2:], best[0, 2:], atol=1e-5)


@pytest.mark.parametrize("rule", ["simultaneous", "alternating"])
def test_trajectories_are_those_of_one_at_a_time(rule):
    dynamics = Dynamics(rule=rule, steps=1 if rule == "simultaneous" else 2, iterations=40)
    given = Starts(grid=3, draws=2)
    means, ends = starts(given, 4, 0, given.count)
    ended = play(dynamics, means, ends)
    for row in range(given.count):
        m, e = means[row].tolist(), ends[row].tolist()
        for _ in range(dynamics.iterations):
            if rule == "simultaneous":
                m, e = paper.simultaneous(m, e, dynamics.target, dynamics.rate)
            else:
                for _ in range(2):
                    e = paper.ascended(e, m, dynamics.target, dynamics.rate)
                pull = paper.descent(m, e)
                m = [one - dynamics.rate * g for one, g in zip(m, pull, strict=True)]
        np.testing.assert_allclose(ended.means[row], m, atol=1e-12)
        np.testing.assert_allclose(ended.ends[row], e, atol=1e-12)


def test_the_unrolled_gradient_is_that_of_the_value_after_the_steps():
    means, target = (-0.4, 0.7), (-0.5, 0.5)
    ends = (-1.8, -0.6, 0.3, 1.9)  # which do not cross on the way
    m, e, t = arrays(means, ends, target)
    found = unrolled_gradient(m, e, t, steps=7, rate=0.3)[0]
    for place in range(2):
        expected = paper.slope(
            lambda x: paper.unrolled_value(x, ends, target, 0.3, 7), place, means
        )
        assert found[place] == pytest.approx(expected, abs=1e-7)
    assert unrolled_gradient(m, e, t, 0, 0.3)[0].tolist() == gradients(m, e, t)[0][0].tolist()


@given(ends=st.lists(real, min_size=4, max_size=4))
def test_ends_are_set_apart_as_by_hand(ends):
    found = separate(np.array([ends]))[0]
    np.testing.assert_allclose(found, paper.ordered(ends))
    if sorted(ends) == ends:
        assert found.tolist() == ends


@pytest.mark.slow
def test_success_is_as_the_facts_say():
    """Optimal: all but the diagonal. First order: 5.6 to 7.2 % and 20 %, of other draws."""
    given = Starts(draws=8)
    begun = starts(given, 0, 0, given.count)
    equal = begun[0][:, 0] == begun[0][:, 1]
    best = play(Dynamics(rule="optimal", iterations=150), *begun).success
    assert best[~equal].all()
    assert not best[equal].any()
    rates = {}
    for rule in ("simultaneous", "alternating"):
        rates[rule] = play(Dynamics(rule=rule, iterations=3000), *begun).success.mean()
    assert 0.04 < rates["simultaneous"] < 0.085
    assert 0.16 < rates["alternating"] < 0.24


def test_a_trajectory_depends_on_its_number_alone():
    given = Starts(grid=4, draws=3)
    whole = starts(given, 1, 0, 48)
    for first, count in ((0, 5), (5, 43), (47, 1)):
        part = starts(given, 1, first, count)
        for mine, all_of_them in zip(part, whole, strict=True):
            np.testing.assert_array_equal(mine, all_of_them[first : first + count])
    dynamics = Dynamics(rule="unrolled", steps=3, iterations=30)
    ended = play(dynamics, *whole)
    alone = play(dynamics, whole[0][7:9], whole[1][7:9])
    np.testing.assert_array_equal(alone.means, ended.means[7:9])
    np.testing.assert_array_equal(alone.ends, ended.ends[7:9])


def test_means_that_are_right_stay():
    for rule in ("optimal", "simultaneous", "alternating", "unrolled"):
        dynamics = Dynamics(rule=rule, iterations=5)
        means = np.array([dynamics.target])
        moved, _ = advanced(dynamics, means, np.array([[0.0, 0.0, 0.0, 0.0]]))
        np.testing.assert_allclose(moved, means, atol=1e-9)
