"""What is done beside: in order, at most two held, the last always, and no failure lost."""

from __future__ import annotations

import threading

import pytest

from ganray.process.beside import Beside
from tests import HANG_SECONDS


class Gate:
    """A piece of work that is under way until it is let go."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self.go.wait(HANG_SECONDS)


def test_all_is_done_in_order_where_nothing_is_late():
    done: list[int] = []
    with Beside("test") as beside:
        for number in range(5):
            beside.give(lambda number=number: done.append(number))
            beside.finish()
    assert done == [0, 1, 2, 3, 4]


def test_of_those_that_wait_the_newest_is_done():
    done: list[int] = []
    with Beside("test") as beside:
        beside.give(gate := Gate())
        assert gate.begun.wait(HANG_SECONDS)
        for number in range(5):
            beside.give(lambda number=number: done.append(number))
        gate.go.set()
    assert done == [4]


def test_who_gives_does_not_wait_and_the_end_does():
    beside, ended = Beside("test"), threading.Event()
    beside.give(gate := Gate())
    waiting = threading.Thread(target=lambda: (beside.finish(), ended.set()))
    waiting.start()
    assert gate.begun.wait(HANG_SECONDS)
    assert not ended.is_set()
    gate.go.set()
    waiting.join(HANG_SECONDS)
    assert ended.is_set()


def fail() -> None:
    raise OSError("no space")


def asked(beside: Beside, how: str) -> None:
    """Until it is told."""
    while how in ("give", "check"):
        beside.give(fail) if how == "give" else beside.check()
    if how == "finish":
        beside.finish()
    with beside:
        if how == "failing end":
            raise ValueError("diverged")


@pytest.mark.parametrize("how", ["give", "check", "finish", "end", "failing end"])
def test_a_failure_is_told_once_to_whoever_asks_next(how):
    beside, done = Beside("test"), []
    beside.give(fail)
    with pytest.raises(OSError, match="no space") as raised:
        asked(beside, how)
    if how == "failing end":  # both are told
        assert isinstance(raised.value.__context__, ValueError)
    if how in ("check", "finish"):
        beside.check()
        beside.give(lambda: done.append(1))
        beside.finish()
        assert done == [1]


def test_what_waits_behind_a_failure_is_dropped():
    """It would be newer than what is missing before it."""
    done: list[int] = []
    gate = Gate()

    def late() -> None:
        gate()
        fail()

    beside = Beside("test")
    beside.give(late)
    assert gate.begun.wait(HANG_SECONDS)
    beside.give(lambda: done.append(1))
    gate.go.set()
    with pytest.raises(OSError, match="no space"):
        beside.finish()
    assert done == []


def test_an_interrupt_does_not_wait():
    beside, gate = Beside("test"), Gate()
    beside.give(gate)
    with pytest.raises(KeyboardInterrupt), beside:
        raise KeyboardInterrupt
    assert not gate.go.is_set()
    gate.go.set()


def test_its_thread_ends_with_it():
    with Beside("ganray-test-of-its-end") as beside:
        beside.give(lambda: None)
    for thread in threading.enumerate():
        if thread.name == "ganray-test-of-its-end":
            thread.join(HANG_SECONDS)
            assert not thread.is_alive()
