"""How long a request may take, by an injected clock."""

from __future__ import annotations

import asyncio

import pytest

from ganray.store.remote.deadline import RequestProgress, Upload, in_time


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_moves_nothing_is_over_by_its_deadline(clock: Clock) -> None:
    progress = RequestProgress(15.0, clock)
    clock.now = 14.0
    assert progress.left == 1.0
    clock.now = 15.5
    assert progress.left < 0


def test_a_trickle_is_no_progress(clock: Clock) -> None:
    progress = RequestProgress(15.0, clock)
    for second in range(1, 17):
        clock.now = float(second)
        progress.moved(1)
    assert progress.left < 0


def test_much_that_moves_may_take_long_but_not_stand_still(clock: Clock) -> None:
    progress = RequestProgress(15.0, clock)
    for second in range(1, 601):
        clock.now = float(second)
        progress.moved(10**6)
        assert progress.left > 0
    assert progress.still == 0
    clock.now += 16.0
    assert progress.left < 0


def test_pieces_that_are_taken_of_an_upload_are_progress(clock: Clock) -> None:
    progress = RequestProgress(15.0, clock)
    upload = Upload(bytes(100), progress)
    clock.now = 10.0
    assert len(upload.read(60)) == 60
    assert progress.still == 0
    clock.now = 12.0
    assert len(upload.read()) == 40
    clock.now = 14.0
    assert upload.read() == b""
    assert progress.still == 2.0


def test_work_that_is_late_is_cancelled_and_its_end_in_time_is_handed_on(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganray.store.remote.deadline._TICK_SECONDS", 0.01)
    cancelled = []

    async def hang() -> None:
        clock.now = 99.0  # not by the real clock: work that is late before it begins never begins
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(True)

    async def answer() -> int:
        return 7

    async def refuse() -> int:
        raise KeyError("refused")

    with pytest.raises(OSError, match="late"):
        asyncio.run(in_time(hang(), RequestProgress(15.0, clock), lambda: OSError("late")))
    assert cancelled
    assert asyncio.run(in_time(answer(), RequestProgress(9.0), lambda: OSError("late"))) == 7
    with pytest.raises(KeyError, match="refused"):
        asyncio.run(in_time(refuse(), RequestProgress(9.0), lambda: OSError("late")))
