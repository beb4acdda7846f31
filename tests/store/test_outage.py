"""What a process knows of places that are away, by an injected clock."""

from __future__ import annotations

import pytest

from ganray.store.outage import Outage, Outages
from tests.store.remote.test_deadline import Clock

PLACE = "s3://bucket"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outages(clock: Clock) -> Outages:
    return Outages(clock)


def test_without_failures_nothing_is_away(outages: Outages) -> None:
    outages.answered(PLACE, True)
    assert outages.current() is None


def test_a_full_store_is_away_although_it_can_be_read(outages: Outages, clock: Clock) -> None:
    outages.failed(PLACE, True, "InternalError", begun=0.0, call=1, until=120.0)
    for second in range(1, 46):
        clock.now = float(second)
        outages.answered(PLACE, writes=False)
    (outage,) = [outages.current()]
    assert outage is not None
    assert (outage.seconds, outage.left, outage.cause) == (45.0, 75.0, "InternalError")
    assert outage.takes_no_writes
    outages.answered(PLACE, True, 1)
    assert outages.current() is None


def test_since_is_the_first_call_that_failed_also_when_others_follow(
    outages: Outages, clock: Clock
) -> None:
    for call in range(1, 6):
        outages.failed(PLACE, True, "InternalError", begun=clock.now, call=call)
        clock.now += 10.0
    outage = outages.current()
    assert outage is not None
    assert (outage.seconds, outage.left) == (50.0, None)


def test_who_still_waits_has_waited_since_it_began(outages: Outages, clock: Clock) -> None:
    outages.failed(PLACE, True, "SlowDown", begun=0.0, call=1, until=120.0)
    clock.now = 20.0
    outages.failed(PLACE, True, "SlowDown", begun=20.0, call=2, until=140.0)
    outages.answered(PLACE, True, 1)
    outage = outages.current()
    assert outage is not None
    assert outage.seconds == 0.0
    outages.answered(PLACE, True, 2)
    assert outages.current() is None


def test_who_takes_writes_is_not_away(outages: Outages) -> None:
    outages.failed(PLACE, False, "it does not answer", begun=0.0, call=1)
    outages.answered(PLACE, True, 2)
    assert outages.current() is None


def test_what_nobody_asks_for_any_more_is_not_known(outages: Outages, clock: Clock) -> None:
    outages.failed(PLACE, True, "InternalError", begun=0.0, call=1)
    clock.now = 100.0
    assert outages.current() is None
    outages.failed(PLACE, True, "InternalError", begun=99.0, call=2)
    outage = outages.current()
    assert outage is not None
    assert outage.seconds == 1.0


def test_another_process_is_believed_as_long_as_it_repeats_it(
    outages: Outages, clock: Clock
) -> None:
    theirs = Outages(clock)
    theirs.failed(PLACE, True, "InternalError", begun=-30.0, call=1, until=90.0)
    outages.hear("worker", theirs.own())
    clock.now = 5.0
    outage = outages.current()
    assert outage is not None
    assert (outage.seconds, outage.left) == (35.0, 85.0)
    assert outages.own() is None
    clock.now = 30.0
    assert outages.current() is None
    outages.hear("worker", theirs.own())
    outages.hear("worker", None)
    assert outages.current() is None


def test_it_is_waited_for_as_long_as_anybody_waits(outages: Outages, clock: Clock) -> None:
    outages.failed(PLACE, True, "InternalError", begun=0.0)
    outages.hear("worker", Outage(PLACE, "InternalError", True, 5.0, 60.0))
    clock.now = 10.0
    outage = outages.current()
    assert outage is not None
    assert (outage.seconds, outage.left) == (10.0, 50.0)
