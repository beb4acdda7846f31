"""What a worker tells goes in bundles, and nothing of it is lost or late."""

from __future__ import annotations

import queue
import threading

from ganray.distributed.scheduler.units import pause_of
from ganray.distributed.worker.bundles import bundled, latest
from ganray.runs.progress.events import ENDING, Event
from tests import HANG_SECONDS

BEAT = Event("a", "train", details={"beat": 1.0})


def progress(done: int, address: str = "a", **more: object) -> Event:
    return Event(address, "train", done, 100, {"critic_loss": 1.0} | more)


def news(*events: Event, ends: bool = True) -> queue.SimpleQueue[Event | None]:
    found: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
    for event in (*events, *([None] if ends else [])):
        found.put(event)
    return found


def test_what_ends_at_once_is_one_message() -> None:
    ended: list[str] = []
    told = [Event("a", "card", details={"host": "h"}), Event("a", "card", 1, 1, {"finished": True})]
    bundles = bundled(
        news(*told), HANG_SECONDS, lambda: BEAT, HANG_SECONDS, lambda: ended.append("")
    )
    assert next(bundles) == told
    assert not ended  # nothing holds it up
    assert list(bundles) == []
    assert ended


def test_that_it_ends_is_told_soon_and_if_it_takes_long_by_itself() -> None:
    ending = Event("a", "train", details={ENDING: True})
    bundles = bundled(news(progress(1), ending, ends=False), *(HANG_SECONDS, lambda: BEAT) * 2)
    assert next(bundles) == [progress(1), ending]


def test_what_waits_is_sent_after_its_pause_and_a_beat_when_it_is_due() -> None:
    bundles = bundled(news(ends=False), HANG_SECONDS, lambda: BEAT, 0.0, lambda: None)
    assert next(bundles) == [BEAT]
    some = bundled(news(progress(2), ends=False), 0.01, lambda: BEAT, HANG_SECONDS, lambda: None)
    assert next(some) == [progress(2)]


def test_whoever_streams_is_heard_while_the_work_goes_on() -> None:
    told, go_on = news(progress(1), ends=False), threading.Event()

    def work() -> None:
        go_on.wait(HANG_SECONDS)
        told.put(progress(2))
        told.put(None)

    threading.Thread(target=work).start()
    bundles = bundled(told, 0.01, lambda: BEAT, HANG_SECONDS, lambda: None)
    assert next(bundles) == [progress(1)]
    go_on.set()
    assert list(bundles) == [[progress(2)]]


def test_the_last_outcome_waits_for_the_end_of_the_work() -> None:
    """Whoever hears of it gives the worker its next unit."""
    told = news(Event("a", "train", details={"outcome": "done"}), ends=False)
    beaten = threading.Event()

    def work() -> None:
        beaten.wait(HANG_SECONDS)
        told.put(None)

    def beat() -> Event:
        beaten.set()
        return BEAT

    threading.Thread(target=work).start()
    *beats, last = bundled(told, 0.0, beat, 0.0, lambda: None)
    assert beats[0] == beats[-1] == [BEAT]  # meanwhile it is heard of
    assert [event.details for event in last] == [{"outcome": "done"}]


def test_whoever_tells_without_a_pause_is_heard_meanwhile() -> None:
    class Endless(queue.SimpleQueue[Event | None]):
        told = 0

        def get(self, block: bool = True, timeout: float | None = None) -> Event:
            self.told += 1
            assert self.told < 10_000, "nobody has heard a word"
            return Event("a", "sample", 1, 9, {"chunk": self.told})

    bundles = bundled(Endless(), 0.0, lambda: BEAT, 0.0, lambda: None)
    for begin in (1, 500):
        beat, *chunks = next(bundles)
        assert beat == BEAT
        assert chunks[0].details["chunk"] >= begin


def test_of_mere_progress_the_latest_is_enough() -> None:
    chunks = [Event("a", "sample", 1, 9, {"chunk": k}) for k in range(2)]
    kept = progress(3, checkpoint=3)
    warning = Event("a", "train", details={"warning": "slow"})
    told = [progress(1), warning, progress(1, "b"), progress(2), kept, *chunks, progress(5)]
    assert latest(told) == [warning, progress(1, "b"), kept, *chunks, progress(5)]


def test_the_more_workers_the_longer_each_waits() -> None:
    assert pause_of(2) == 0.1
    assert 100 < 100 / pause_of(100) < 200
    assert pause_of(10_000) == 3.0
