"""Drivers of one run: one leads, others follow, and one takes over from the dead and the silent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ganray.errors import RefusedInput, Stopped, StoreError
from ganray.runs import lease
from ganray.runs.beat import Beat, newest_driver
from ganray.runs.lease import Lease, acquire, lead
from ganray.store import Store
from tests import HANG_SECONDS

RUN = "tiny-0123"
DRIVER = """
import sys, time
from ganray.runs.lease import acquire
from ganray.store import Store
with acquire(Store(sys.argv[1]), sys.argv[2], lambda: False, print) as held:
    print("leads", flush=True)
    while not held.superseded():
        time.sleep(0.05)
print("stepped back", flush=True)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "LEASE_BEAT_SECONDS", 0.1)


class Clock:
    """Time that goes on by sleeping alone: nothing depends on how fast a machine is."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def never() -> bool:
    return False


def leader(store: Store) -> subprocess.Popen[str]:
    """A driver in a process of its own, once it leads."""
    words = [sys.executable, "-c", DRIVER, store.url, RUN]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "leads\n"
    return process


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    answers: list[object] = []
    thread = threading.Thread(target=lambda: answers.append(work()))
    thread.start()
    return thread, answers


def newest(store: Store) -> Beat:
    found = newest_driver(store, RUN)
    assert found is not None
    return found


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HANG_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def test_the_first_leads_and_the_next_after_its_end_does_too(store: Store) -> None:
    assert newest_driver(store, RUN) is None
    for number in (1, 2):
        held = acquire(store, RUN, never, lambda _: pytest.fail("nobody leads"))
        assert isinstance(held, Lease)
        assert held.driver == number
        with held:
            held.end(code=0)
        assert newest(store).ended == {"code": 0}


def test_of_many_claims_one_wins(store: Store) -> None:
    claims = [in_thread(lambda: Lease.claim(store, RUN, after=0)) for _ in range(8)]
    for thread, _ in claims:
        thread.join()
    assert sum(answer is not None for _, answers in claims for answer in answers) == 1


def test_a_follower_hears_of_the_leader_and_of_its_end(store: Store) -> None:
    heard: list[Beat] = []
    told = {"done": 0}
    held = acquire(store, RUN, never, heard.append)
    assert isinstance(held, Lease)
    held.payload = lambda: dict(told)
    with held:
        thread, answers = in_thread(lambda: acquire(store, RUN, never, heard.append))
        while not heard:
            time.sleep(0.02)
        told["done"] = 7
        while heard[-1].payload != {"done": 7}:
            time.sleep(0.02)
        held.end(code=3, failed={"a": "b"})
    thread.join()
    (answer,) = answers
    assert isinstance(answer, Beat)
    assert answer.ended == {"code": 3, "failed": {"a": "b"}}
    assert len({beat.counter for beat in heard}) == len(heard)


@pytest.mark.parametrize(
    ("error", "code"), [(Stopped("enough"), 4), (StoreError("gone"), 1), (ValueError("x"), 1)]
)
def test_what_ends_a_driver_is_written_down(store: Store, error: Exception, code: int) -> None:
    held = acquire(store, RUN, never, print)
    assert isinstance(held, Lease)
    with pytest.raises(type(error)), held:
        raise error
    assert newest(store).ended == {"code": code, "error": str(error)}


def test_following_can_be_stopped(store: Store) -> None:
    held = acquire(store, RUN, never, print)
    assert isinstance(held, Lease)
    with held:
        assert acquire(store, RUN, lambda: True, lambda _: None) is None
        assert newest(store).driver == 1


@pytest.mark.chaos
def test_a_killed_driver_of_this_machine_is_succeeded_at_once(store: Store) -> None:
    """By the absence of its process; of another machine's only silence tells."""
    process = leader(store)
    process.kill()
    process.wait()
    held = acquire(store, RUN, never, lambda _: pytest.fail("it is dead"))
    assert isinstance(held, Lease)
    assert held.driver == 2


@pytest.mark.chaos
def test_a_sleeping_driver_is_succeeded_and_steps_back_when_it_wakes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "SILENT_SECONDS", 1.0)
    process = leader(store)
    assert process.stdout
    heard: list[Beat] = []
    os.kill(process.pid, signal.SIGSTOP)
    try:
        held = acquire(store, RUN, never, heard.append)
        assert isinstance(held, Lease)
        assert (held.driver, [beat.driver for beat in heard[:1]]) == (2, [1])
        with held:
            os.kill(process.pid, signal.SIGCONT)
            assert process.stdout.readline() == "stepped back\n"
            assert not held.superseded()
    finally:
        process.kill()
        process.wait()


def test_a_store_that_does_not_answer_says_nothing_of_the_leader(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leader is not succeeded because its follower lost the store, however long it is away."""
    assert Lease.claim(store, RUN, 0) is not None
    answers = iter([newest(store)])
    clock = Clock()

    def away(*_: object) -> Beat:
        if (beat := next(answers, None)) is None:
            raise StoreError("no answer")
        return beat

    monkeypatch.setattr(lease, "newest_driver", away)
    monkeypatch.setattr(lease, "time", clock)
    long = 10 * lease.SILENT_SECONDS
    heard: list[Beat] = []
    assert acquire(store, RUN, lambda: clock.monotonic() > long, heard.append) is None
    assert [beat.driver for beat in heard] == [1]
    assert newest(store).driver == 1
    monkeypatch.setattr(lease, "newest_driver", newest_driver)
    follower = acquire(store, RUN, never, heard.append)
    assert isinstance(follower, Lease)
    assert follower.driver == 2, "a leader that is silent while the store answers is succeeded"


def test_a_damaged_file_is_named(store: Store) -> None:
    store.put(f"runs/{RUN}/drivers/1.json", b"{")
    with pytest.raises(StoreError, match=r"drivers/1.json is damaged"):
        newest_driver(store, RUN)


def test_who_is_superseded_works_no_more_and_follows(store: Store) -> None:
    begun: list[int] = []

    def work(held: Lease) -> str | None:
        begun.append(held.driver)
        while not held.superseded():
            time.sleep(0.01)
        return None

    heard: list[Beat] = []
    thread, answers = in_thread(lambda: lead(store, RUN, never, heard.append, work))
    wait_until(lambda: bool(begun))
    other = Lease.claim(store, RUN, 1)
    assert other is not None
    with other:
        wait_until(lambda: bool(heard))
        other.end(code=2, error="no such file")
    thread.join()
    assert begun == [1]
    (beat,) = answers
    assert isinstance(beat, Beat)
    assert beat.driver == 2
    assert type(beat.error) is RefusedInput
    assert "which was followed, ended: no such file" in str(beat.error)


def test_a_leader_whose_work_is_done_gives_what_it_came_to(store: Store) -> None:
    assert lead(store, RUN, never, print, lambda held: held.driver) == 1


def test_a_payload_that_cannot_be_told_silences_nobody(store: Store) -> None:
    """The driver would be taken for dead, and would not see who took over from it."""
    held = acquire(store, RUN, never, print)
    assert isinstance(held, Lease)
    held.payload = lambda: {"rows": [1 / 0]}
    with held:
        counter = newest(store).counter
        wait_until(lambda: newest(store).counter > counter + 1)
        assert newest(store).payload == {}
        held.payload = lambda: {"of": object()}
        wait_until(lambda: newest(store).counter > counter + 3)
        assert Lease.claim(store, RUN, held.driver) is not None
        wait_until(held.superseded)


def test_no_secret_is_told_of_how_a_driver_ended(store: Store) -> None:
    held = acquire(store, RUN, never, print)
    assert isinstance(held, Lease)
    with pytest.raises(RuntimeError), held:
        raise RuntimeError("GET http://ann:pa55word@host/x?X-Amz-Signature=0123abcd")
    assert newest(store).ended["error"] == "GET http://host/x"
