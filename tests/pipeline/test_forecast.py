"""Schedules worked out by hand, and paces of kinds that were and were not seen."""

from __future__ import annotations

import pytest

from ganray.pipeline.forecast import Pace, Piece, makespan


def alone(*seconds: float) -> list[Piece]:
    return [Piece((), float(each)) for each in seconds]


@pytest.mark.parametrize(
    ("pieces", "workers", "expected"),
    [
        ([], 4, 0.0),
        (alone(3, 2), 1, 5.0),
        (alone(*[10.0] * 11), 2, 60.0),  # the eleventh alone
        (alone(5, 4, 3, 3), 2, 8.0),  # 5 + 3 beside 4 + 3
        (alone(1, 2), 8, 2.0),
        ([Piece((), 8.0, width=4)], 2, 4.0),
        ([Piece((), 8.0, width=4)], 16, 2.0),
        ([Piece((), 1.0), Piece((0,), 2.0), Piece((0,), 3.0), Piece((1, 2), 4.0)], 2, 8.0),
        ([Piece((1,), 1.0), Piece((), 2.0)], 1, 3.0),  # out of order
    ],
)
def test_the_schedule_is_that_of_greedy_workers(pieces, workers, expected):
    assert makespan(pieces, workers) == pytest.approx(expected)


def test_the_pace_of_a_kind_is_its_seconds_for_each_operation():
    pace = Pace.of([("train", 1e9, 10.0), ("train", 3e9, 20.0), ("data", 0.0, 2.0)])
    assert pace.expected("train", 2e9) == pytest.approx(15.0)
    assert pace.expected("data", 0.0) == pytest.approx(2.0)


def test_a_kind_that_was_not_seen_goes_by_the_others():
    pace = Pace.of([("train", 5e10, 10.0), ("data", 0.0, 2.0)])
    assert pace.expected("search", 1e10) == pytest.approx(2.0)
    assert pace.expected("card", 0.0) == pytest.approx(2.0)


@pytest.mark.parametrize(("speed", "seconds"), [(1e7, 100.0), (1e12, 5.0)])
def test_neither_tiny_networks_nor_gpus_mislead(speed, seconds):
    """No core is as slow as overheads make a tiny GAN, nor as fast as a GPU."""
    pace = Pace.of([("train", speed, 1.0)])
    assert pace.expected("search", 1e11) == pytest.approx(seconds)
    assert pace.expected("measure", 1e11) == pytest.approx(max(2.5, seconds / 10))


def test_nothing_seen_tells_nothing():
    pace = Pace.of([])
    assert pace.expected("train", 1e9) is None
    assert pace.expected("card", 0.0) is None
    assert Pace.of([("train", 1e9, 10.0)]).expected("card", 0.0) == 0.0
    assert Pace.of([("data", 0.0, 2.0)]).expected("train", 1e9) is None
