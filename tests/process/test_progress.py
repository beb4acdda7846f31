"""Fractions of loops and of shares in each other; and that nothing is told where nobody listens."""

from __future__ import annotations

import pytest

from ganray.process.progress import heard, shares, steps


def walked(sizes):
    assert list(steps(iter(range(len(sizes))), sizes)) == list(range(len(sizes)))


def test_a_loop_tells_of_each_step_by_its_size():
    told: list[float] = []
    with heard(told.append):
        walked([1, 2, 1])
    assert told == [0.25, 0.75, 1.0]


def test_shares_hold_what_is_told_within_them_also_in_each_other():
    told: list[float] = []
    with heard(told.append):
        first, second, third = shares(1, 2, 1)
        with first:
            walked([1, 1])
        with second:
            for share in shares(1, 1):
                with share:
                    walked([1])
        with third:
            pass
    assert told == [0.125, 0.25, 0.5, 0.75, 1.0]


def test_what_is_told_never_falls_and_ends_at_one():
    told: list[float] = []
    with heard(told.append):
        walked([1, 1])
        walked([1, 1, 1, 1])
        nothing, everything = shares(0, 0)
        with nothing, everything:
            walked([1])
    assert told == [0.5, 1.0]


def test_a_loop_that_ends_early_and_one_that_fails_leave_no_listener_behind():
    told: list[float] = []

    def failing() -> None:
        with heard(told.append):
            for _ in steps(range(4), [1] * 4):
                break
            with shares(1, 1)[0]:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    walked([1, 1])
    assert told == []


def test_without_a_listener_a_loop_is_as_it_was():
    walked([1, 2, 3])
    for share in shares(1, 2):
        with share:
            walked([1])
