"""What workers stream is heard, each word once and in order, and so is how they end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any, no_type_check

import pytest
from ray.exceptions import ActorDiedError

from ganray.distributed.scheduler import ear as module
from ganray.distributed.scheduler.ear import Ear, Heard
from ganray.distributed.scheduler.pool import Pool, Slot
from tests import HANG_SECONDS
from tests.distributed.scheduler.test_launching import SMALL, unit

pytestmark = pytest.mark.ray

LARGE = 2_000_000
"""Bytes of a word that goes by Ray's store of objects."""


@pytest.fixture(scope="module")
def speak(ray_session) -> Any:
    """Makes an actor that says what it is told."""

    @ray_session.remote(max_restarts=0, max_concurrency=2, num_cpus=0.1)
    @no_type_check
    class Speaker:
        def place(self):
            return os.getpid()

        def say(self, words, error=None):
            yield from (word for word in words)  # Ray sends to it, which a list does not hear
            if error is not None:
                raise error

        def say_and_wait(self, words):
            yield from (word for word in words)  # Ray sends to it, which a list does not hear
            time.sleep(HANG_SECONDS)

    return Speaker.remote


@pytest.fixture(scope="module")
def speaker(speak, ray_session) -> Iterator[Any]:
    """One that all tests share."""
    made = speak()
    yield made
    ray_session.kill(made)


def at_work(actor: Any, method: str, *told: Any) -> Slot:
    """A worker that says something."""
    slot = Slot(SMALL, actor, None, "", units=[unit("sample")])
    slot.answer = getattr(actor, method).options(num_returns="streaming").remote(*told)
    return slot


def heard(ear: Ear, *slots: Slot) -> Iterator[tuple[Slot, Any]]:
    """All that they say until each has ended, by what or with what."""
    left, deadline = list(slots), time.monotonic() + HANG_SECONDS
    for slot in left:
        ear.listen(slot)
    while left:
        assert time.monotonic() < deadline
        for one in ear.wait(1.0, 0.0):
            assert one.counts
            slot, one_said = one.slot, said(one)
            yield slot, one_said
            if isinstance(one_said, Exception):
                left.remove(slot)
            else:
                ear.listen(slot)


def said(one: Heard) -> Any:
    try:
        return one.get()
    except Exception as error:
        return error


def test_each_is_heard_in_order_to_the_end(speaker):
    slots = [at_work(speaker, "say", range(start, start + 40)) for start in (0, 100)]
    words = list(heard(Ear(), *slots))
    for slot, start in zip(slots, (0, 100), strict=True):
        *own, end = [word for whose, word in words if whose is slot]
        assert own == list(range(start, start + 40))
        assert isinstance(end, StopIteration)


def test_what_was_said_before_anybody_listened_is_heard(speaker, ray_session):
    slot = at_work(speaker, "say", [1, 2])
    ray_session.get(speaker.place.remote())
    assert [word for _, word in heard(Ear(), slot)][:2] == [1, 2]


def test_a_large_word_is_heard_as_a_small_one(speaker):
    words = [bytes(LARGE), b"small", bytes(LARGE)]
    assert [word for _, word in heard(Ear(), at_work(speaker, "say", words))][:3] == words


def test_what_a_worker_raises_is_its_end(speaker):
    one, other, end = [
        word for _, word in heard(Ear(), at_work(speaker, "say", [1, 2], KeyError("model")))
    ]
    assert (one, other) == (1, 2)
    assert isinstance(end, KeyError)
    (end,) = [word for _, word in heard(Ear(), at_work(speaker, "say", [], KeyError("at once")))]
    assert isinstance(end, KeyError)


def test_whoever_dies_is_heard_to_the_last_word(speak):
    """What it had sent counts, and its end is known at once; so is that of one that never began."""
    ear, actor = Ear(), speak()
    slot = Slot(SMALL, actor, actor.place.remote(), "")
    ear.listen(slot)
    (one,) = ear.wait(HANG_SECONDS, 0.0)
    process, words = one.get(), [1, bytes(LARGE), 3]
    found = []
    for _, word in heard(ear, at_work(actor, "say_and_wait", words)):
        found.append(word)
        if word == 3:
            os.kill(process, signal.SIGKILL)
    assert found[:3] == words
    assert isinstance(found[3], ActorDiedError)
    assert len(found) == 4
    slot.answer = actor.place.remote()
    ear.listen(slot)
    (one,) = ear.wait(HANG_SECONDS, 0.0)
    assert isinstance(said(one), ActorDiedError)


def test_when_all_are_dismissed_nothing_of_ray_is_held(speak, monkeypatch):
    """Neither of one that works nor of one that may never have begun: Ray may end beside what the
    process goes on with, which must not let go of anything then."""
    monkeypatch.setattr(module, "CLOSE_SECONDS", HANG_SECONDS)
    ear, actor = Ear(), speak()
    coming = Slot(SMALL, actor, actor.place.remote(), "")
    pool = Pool([coming, at_work(speak(), "say_and_wait", [])])
    slots = list(pool.slots)
    for slot in slots:
        ear.listen(slot)
    pool.close()
    ear.close()
    assert [(slot.actor, slot.answer, slot.listened) for slot in slots] == [(None,) * 3] * 2
    assert ear._awaited == 0
    assert ear._heard.empty()


def test_a_word_of_what_a_worker_did_before_does_not_count(speaker):
    slot, ear = at_work(speaker, "say", [1]), Ear()
    ear.listen(slot)
    (one,) = ear.wait(HANG_SECONDS, 0.0)
    slot.answer = slot.listened = None  # as it is dismissed
    assert not one.counts
