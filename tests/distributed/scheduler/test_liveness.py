"""Silent, stuck and slow workers told apart, on a clock that the tests set."""

from __future__ import annotations

import statistics
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganray.distributed.liveness import Liveness
from ganray.distributed.scheduler import liveness
from ganray.distributed.scheduler.liveness import Paces, hear
from ganray.distributed.scheduler.pool import Slot
from ganray.distributed.scheduler.units import Bundle, Unit
from ganray.distributed.worker.assignment import Assignment
from ganray.plan import Task
from ganray.runs.progress.events import Event
from ganray.store.outage import Outage


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    made = SimpleNamespace(now=1000.0, monotonic=lambda: made.now)
    monkeypatch.setattr(liveness, "time", made)
    return made


def slot(name: str = "a", width: int = 2) -> Slot:
    task = Task(kind="train", title=name, key=name, parameters={"model": {"w": width}}, inputs={})
    made = Slot(Bundle(1.0, 0.0), None, None, "n", life=Liveness(1000.0, 1000.0))
    made.units = [Unit(Assignment("/x", task, None, None, "cpu", 60.0, False), Bundle(1.0, 0.0))]
    return made


def beat(processor: float, memory: int = 0) -> Event:
    return Event("a", "train", details={"beat": processor, "peak_memory": memory})


def test_nothing_heard_is_silence(clock) -> None:
    one = slot()
    clock.now += 299
    assert one.life.wrong(clock.now, 300.0) == ""
    clock.now += 2
    assert one.life.wrong(clock.now, 300.0) == "has been silent for 301 s (stopped, or cut off)"


def test_beats_of_a_process_that_does_nothing_do_not_count_for_long(clock) -> None:
    """Its threads that beat take a hundredth of a processor."""
    one = slot()
    for second in range(0, 302, 3):
        clock.now = 1000.0 + second
        hear(one, beat(50.0 + 0.012 * second))
    assert "has done nothing for" in one.life.wrong(clock.now, 290.0)
    assert one.memory == 0


def test_who_waits_for_the_store_is_not_stuck(clock) -> None:
    one, away = slot(), Outage("s3://b", "InternalError", True, 20.0)
    for second in range(0, 400, 3):
        clock.now = 1000.0 + second
        hear(one, Event("a", "train", details={"beat": 50.0, "peak_memory": 0, "away": away}))
        assert one.life.wrong(clock.now, 120.0) == ""


def test_a_slow_stage_that_reports_nothing_is_left_alone(clock) -> None:
    """A tenth of a processor, on a machine that many share, for an hour."""
    one = slot()
    for second in range(0, 3600, 3):
        clock.now = 1000.0 + second
        hear(one, beat(50.0 + 0.1 * second, memory=second))
        assert one.life.wrong(clock.now, 300.0) == ""
    assert one.memory == 3597


def test_the_work_of_a_process_that_took_the_dead_ones_place_counts(clock) -> None:
    """It has used less of a processor than the dead one had, and says nothing else for long."""
    one = slot()
    hear(one, beat(5000.0))
    for second in range(0, 900, 3):
        clock.now = 1000.0 + second
        hear(one, beat(float(second)))
        assert one.life.wrong(clock.now, 300.0) == ""


def test_news_is_progress(clock) -> None:
    one = slot()
    for second in range(0, 900, 100):
        clock.now = 1000.0 + second
        hear(one, Event("a", "train", second, 900))
        assert one.life.wrong(clock.now, 300.0) == ""


def run(paces: Paces, clock, speeds: dict[Slot, float], seconds: int) -> list[tuple[Slot, str]]:
    """Trainers that report each second."""
    found, began = [], clock.now
    for second in range(seconds):
        clock.now = began + second
        for one, speed in speeds.items():
            done = int(speed * (clock.now - 1000.0)) + 1
            paces.hear(one, Event(one.unit.task.address, "train", done, 10**6))
        found += paces.slow(speeds)
    return found


def test_one_that_is_much_slower_than_its_equals_is_named_once(clock) -> None:
    slots = [slot(name) for name in "abcd"]
    speeds = dict.fromkeys(slots, 40.0) | {slots[3]: 12.0}
    found = run(Paces(), clock, speeds, 200)
    assert [one for one, _ in found] == [slots[3]]
    assert found[0][1] == "12 iterations/s where others do 40"


def test_another_model_and_too_few_equals_are_no_measure(clock) -> None:
    alike = [slot("a"), slot("b")]
    other = slot("c", width=64)
    assert run(Paces(), clock, {alike[0]: 40.0, alike[1]: 5.0, other: 1.0}, 200) == []


def test_a_short_pause_is_not_slowness(clock) -> None:
    slots = [slot(name) for name in "abc"]
    assert run(Paces(), clock, dict.fromkeys(slots, 40.0), 25) == []
    assert run(Paces(), clock, {slots[0]: 15.0, slots[1]: 40.0, slots[2]: 40.0}, 20) == []


def test_of_those_that_are_trained_together_the_first_tells_the_pace(clock) -> None:
    """A cohort is held against others of its size; its members may be at different iterations."""
    cohorts, paces, found = [slot(name) for name in "abcd"], Paces(), []
    for one in cohorts[:3]:
        one.units += slot(f"{one.unit.task.title}2").units
    for second in range(200):
        clock.now = 1000.0 + second
        for one in cohorts:
            speed = 40.0 if len(one.units) == 1 else 10.0
            for at, member in enumerate(one.units):
                done = int(speed * second) + 1 + 500 * at
                paces.hear(one, Event(member.task.address, "train", done, 10**6))
        found += paces.slow(cohorts)
    assert found == []


@given(st.lists(st.sampled_from([1.0, 2.0, 3.5, 4.0]) | st.floats(0, 9), max_size=9))
def test_the_median_of_the_others_is_that_of_a_list_without_one(paces: list[float]) -> None:
    paces.sort()
    for index, own in enumerate(paces):
        others = [*paces[:index], *paces[index + 1 :]]
        wanted = statistics.median(others) if len(others) > 1 else None
        assert liveness._median_beside(paces, own) == wanted
