"""What is waited for, since when, and when it is told."""

from __future__ import annotations

import pytest

from ganray.process.waits import OWN, Wait, Waits
from ganray.runs.progress import waiting
from ganray.runs.progress.waiting import WaitNews, long_waits, worded


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def waits(clock: Clock) -> Waits:
    return Waits(clock)


def test_a_context_is_waited_for_as_long_as_it_lasts(waits, clock):
    with waits.of("3 nodes to answer"):
        clock.now += 5
        assert waits.current() == (Wait(OWN, "3 nodes to answer", 5.0),)
    assert waits.current() == ()


def test_a_wait_began_when_the_first_began_to_wait_for_it(waits, clock):
    waits.put("units", {"1 CPU": "class 3 r0 waits"})
    clock.now += 7
    waits.put("units", {"1 CPU": "class 3 r0 and 1 other wait", "1 GPU": "joint r0 waits"})
    clock.now += 1
    assert [(wait.who, wait.seconds) for wait in waits.current()] == [
        ("class 3 r0 and 1 other wait", 8.0),
        ("joint r0 waits", 1.0),
    ]
    waits.put("units", {"1 GPU": "joint r0 waits"})
    waits.put("units", {"1 GPU": "joint r0 waits", "1 CPU": "class 4 r0 waits"})
    assert [wait.seconds for wait in waits.current()] == [1.0, 0.0]


def test_what_another_process_waits_for_is_told_of_its_task(waits, clock):
    other = Waits(clock)
    with other.of("another process's copy of the data"):
        clock.now += 12
        waits.hear("a worker", "class 3 r0", other.current())
    clock.now += 3
    (heard,) = waits.current()
    assert (heard.who, heard.seconds) == ("class 3 r0 waits", 15.0)
    assert heard.what == "another process's copy of the data"
    waits.hear("a worker", "class 3 r0", other.current())
    assert waits.current() == ()


def test_one_line_says_who_what_and_since_when(monkeypatch):
    monkeypatch.setattr(waiting.time, "time", lambda: 10_000_000.0)
    began = waiting.time.strftime("%H:%M", waiting.time.localtime(10_000_000.0 - 125))
    line = worded(Wait("class 3 r0 waits", "1 GPU", 125.0))
    assert line == f"class 3 r0 waits for 1 GPU since {began} (2 min 05 s)"


def test_short_ones_are_not_told(waits, clock, monkeypatch):
    monkeypatch.setattr(waiting, "WAITS", waits)
    with waits.of("Ray to start here"):
        assert long_waits() == []
        clock.now += 10
        (line,) = long_waits()
        assert line.startswith("the run waits for Ray to start here since ")


def test_each_is_told_once_and_again_after_minutes(waits, clock):
    news = WaitNews(waits.current)
    waits.put("units", {"1 CPU": "class 3 r0 waits"})
    told = []
    for _ in range(700):
        clock.now += 1
        if clock.now == 150:  # another joins it
            waits.put("units", {"1 CPU": "class 3 r0 and 1 other wait"})
        told += [(clock.now, line) for line in news.lines()]
    assert [at for at, _ in told] == [110.0, 410.0, 710.0]
    assert told[1][1].startswith("class 3 r0 and 1 other wait for 1 CPU since ")
    waits.put("units", {})
    assert news.lines() == []
    waits.put("units", {"1 CPU": "joint r0 waits"})
    clock.now += 10
    assert len(news.lines()) == 1
