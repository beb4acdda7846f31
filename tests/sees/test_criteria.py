"""Criteria of sanity checks on curves that can be judged by eye."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sees.criteria import (
    Curve,
    at,
    bell,
    either,
    falling,
    falling_by,
    flat,
    flat_from,
    growing,
    growing_from,
    least,
    low_or_high,
    rising,
    steady,
    steady_from,
    together,
)


def curve(*y: float) -> Curve:
    """At −1, −½, 0, ½, 1."""
    return Curve(np.linspace(-1, 1, 5), np.array(y))


@pytest.mark.parametrize(
    ("criterion", "passes", "fails"),
    [
        (bell(0), curve(0, 0.5, 1, 0.5, 0.3), curve(0, 0.5, 0.8, 1, 0)),
        (bell(0), curve(0.75, 0.8, 1, 0.8, 0.75), curve(0.85, 1, 1, 1, 0)),
        (rising, curve(0, 0.9, 0.5, 1, 0.95), curve(0, 0.5, 1, 0.5, 0.5)),
        (falling, curve(1, 0.5, 0.4, 0.2, 0), curve(1, 0.9, 0.9, 0.9, 0.9)),
        (falling_by(0), curve(1, 0.9, 0.85, 0.5, 0), curve(1, 1, 0.95, 0.5, 0)),
        (flat, curve(1, 0.96, 0.97, 0.99, 1), curve(1, 1, 1, 1, 0.9)),
        (flat_from(0), curve(0, 0.5, 1, 1, 1), curve(1, 1, 1, 1, 0.9)),
        (at("first", 0), curve(0.05, 1, 1, 1, 1), curve(0.06, 0, 0, 0, 0)),
        (at(0.5, 0.2), curve(0, 0, 0, 0.24, 0), curve(0, 0, 0, 0.26, 0)),
        (least(0), curve(9, 5, 4, 6, 8), curve(9, 5, 5, 6, 8)),
        (growing, curve(1, 0, 0, 0, 2), curve(1, 9, 9, 9, 1.9)),
        (growing_from(0.5), curve(1, 1, 1, 2, 2), curve(1, 1, 2, 1, 2)),
        (steady, curve(10, 10, 9.6, 10, 10), curve(10, 10, 9.4, 10, 10)),
        (steady_from(0), curve(1, 2, 9.6, 10, 10), curve(10, 10, 9.4, 10, 10)),
    ],
)
def test_a_shape_is_told_from_another(criterion, passes, fails):
    assert criterion(passes) is True
    assert criterion(fails) is False


def test_too_wide_a_set_may_be_called_of_low_or_of_high_diversity():
    shape = low_or_high(bell(0), rising)
    assert shape(curve(0, 0.5, 1, 0.5, 0)) == "low"
    assert shape(curve(0, 0.5, 1, 1, 1)) == "high"
    assert shape(curve(1, 1, 1, 1, 1)) is False
    assert [either("last")(curve(0, 0, 0, 0, end)) for end in (1, 0, 0.5)] == ["high", "low", False]


def test_all_must_pass_and_a_reading_be_kept():
    assert together([True, True, None]) is True
    assert together([True, "low", "low"]) == "low"
    assert together(["low", "high"]) is False
    assert together([False, "low"]) is False
    assert together([None]) is None
