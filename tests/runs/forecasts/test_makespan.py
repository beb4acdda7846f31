"""Schedules worked out by hand, and paces of kinds that were and were not seen."""

from __future__ import annotations

import pytest

from ganray.runs.forecasts.makespan import Pace, Piece, Seen, makespan


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


def test_the_pace_of_a_kind_is_so_much_for_a_task_and_so_much_for_an_operation():
    pace = Pace([Seen("train", 1e9, 10.0), Seen("train", 3e9, 22.0), Seen("data", 0.0, 1.0)])
    assert pace.overhead == 1.0  # as data, which have no operations, took no more
    assert pace.expected("train", 2e9) == pytest.approx(1.0 + 2 * 7.5)
    assert pace.expected("data", 0.0) == pytest.approx(1.0)


def test_what_still_runs_tells_of_operations_alone():
    pace = Pace([Seen("train", 1e9, 10.0, whole=False)])
    assert pace.expected("train", 1e9) == pytest.approx(pace.overhead + 10.0)
    assert pace.knows("train")
    assert not pace.knows("card")


def test_a_kind_that_was_not_seen_goes_by_the_others():
    pace = Pace([Seen("train", 5e10, 10.0), Seen("data", 0.0, 1.0)])
    assert pace.expected("search", 1e10) == pytest.approx(1.0 + 9.0 / 5)
    assert pace.expected("card", 0.0) == pytest.approx(1.0)


@pytest.mark.parametrize(("speed", "seconds"), [(1e7, 100.0), (1e12, 5.0)])
def test_neither_tiny_networks_nor_gpus_mislead(speed, seconds):
    """No core is as slow as overheads make a tiny GAN, nor as fast as a GPU."""
    pace = Pace([Seen("train", speed, 1.0, whole=False)])
    started = pace.overhead
    assert pace.expected("search", 1e11) == pytest.approx(started + seconds)
    assert pace.expected("measure", 1e11) == pytest.approx(started + max(5.0, seconds / 10))
    assert pace.expected("embed", 1e11) <= started + 10.0


def test_large_networks_go_by_each_other_where_one_was_seen():
    seen = [Seen("train", 1e9, 1.0, whole=False), Seen("embed", 3e10, 2.0, whole=False)]
    pace = Pace(seen)
    assert pace.expected("measure", 3e11) == pytest.approx(pace.overhead + 20.0)
    assert pace.expected("search", 3e9) == pytest.approx(pace.overhead + 3.0)
    crowded = Pace([*seen, Seen("encoder", 3e10, 28.0, whole=False)])
    assert crowded.expected("measure", 3e11) == pytest.approx(crowded.overhead + 150.0)


def test_a_speed_that_was_timed_before_tells_as_long_as_nothing_was_seen():
    pace = Pace([], speed=2e9)
    assert pace.expected("train", 2e9) == pytest.approx(pace.overhead + 1.0)
    assert pace.expected("card", 0.0) == pace.overhead
    seen = Pace([Seen("train", 1e9, 10.0, whole=False)], speed=2e9)
    assert seen.expected("search", 1e9) == pytest.approx(seen.overhead + 1.0)  # 1e9 is the least


def test_nothing_seen_tells_nothing():
    pace = Pace([])
    assert pace.expected("train", 1e9) is None
    assert pace.expected("card", 0.0) is None
    assert Pace([Seen("data", 0.0, 2.0)]).expected("train", 1e9) is None
