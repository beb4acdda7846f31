"""What workers' idle time is put down to."""

from __future__ import annotations

import pytest

from tests.benchmarks.idle import Done, idle, table


def unit(worker: int, since: float, ended: float, **handed: float) -> Done:
    return Done("sample", since, ended, worker, handed)


def test_each_second_between_two_units_has_one_cause() -> None:
    first = unit(1, 10.0, 20.0, ready=8.0, free=8.5, given=9.0, before=8.0, begun=9.5)
    second = unit(1, 26.0, 30.0, ready=22.5, free=22.0, given=23.0, before=21.0, begun=25.0)
    found = idle([second, first], since=8.0, until=31.0)[1]
    assert found == {
        "loading": 0.5,
        "ending": 1.0,
        "telling": 1.0,
        "nothing ready": 0.5,
        "driver": 1.0,
        "asking": 2.5,
        "opening": 1.5,
        "nothing left": 1.0,
    }
    assert sum(found.values()) == 23.0 - 14.0


def test_what_was_given_ahead_waits_for_the_end_of_the_one_before_alone() -> None:
    first = unit(1, 10.0, 20.0, ready=8.0, free=8.0, given=8.0, before=8.0, begun=10.0)
    ahead = unit(1, 21.5, 30.0, ready=8.0, free=19.0, given=19.2, before=20.5, begun=21.0)
    found = idle([first, ahead], since=10.0, until=30.0)[1]
    assert {cause: took for cause, took in found.items() if took} == {
        "ending": 0.5,
        "asking": 0.5,
        "opening": 0.5,
    }


def test_shards_of_a_unit_follow_each_other_and_each_worker_has_a_column() -> None:
    of_unit = {"ready": 0.0, "free": 0.0, "given": 0.0, "before": 0.0, "begun": 0.0}
    shards = [unit(1, 0.0, 4.0, **of_unit), unit(1, 4.0, 8.0, **of_unit)]
    found = idle([*shards, unit(2, 6.0, 8.0)], since=0.0, until=8.0)
    assert sum(found[1].values()) == pytest.approx(0.0)
    assert found[2]["loading"] == 6.0
    lines = list(table(found, 8.0))
    assert lines[-1].split() == ["in", "all", "0.00", "6.00", "37.50%"]
