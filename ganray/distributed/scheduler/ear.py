"""Hears what workers say as it comes: Ray calls for each, and nobody has to ask all of them."""

from __future__ import annotations

import queue
import time
from concurrent.futures import Future
from typing import Any, NamedTuple

import ray

from ganray.distributed.ray_internals import next_of, pass_over
from ganray.distributed.scheduler.slot import Slot

CLOSE_SECONDS = 2.0
"""For so long the end of those is waited for who were dismissed: it takes a tenth."""


class Heard(NamedTuple):
    """What a worker has said: what it streams next, or its promised answer.

    It holds no stream: the last who lets go of one may be Ray's own thread, which would wait for
    itself.

    Attributes:
        listened: what the worker's was when it was listened to.
    """

    slot: Slot
    listened: object
    said: Future[Any]

    @property
    def counts(self) -> bool:
        """Whether it is of what the worker does now: it may have been dismissed meanwhile."""
        return self.slot.listened is self.listened

    def get(self) -> Any:
        """The value.

        Raises:
            RayError, StopIteration: there is none: the worker is lost, or its stream has ended.
        """
        if self.slot.unit is None:
            return self.said.result()
        if self.said.exception() is not None:
            return ray.get(next(self.slot.answer))  # which knows what it has ended of
        pass_over(self.slot.answer)
        return self.said.result()


class Ear:
    """Listens to workers; for one thread."""

    def __init__(self) -> None:
        self._heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._awaited = 0

    def listen(self, slot: Slot) -> None:
        """Hear what that worker says next, which is heard once."""
        listened = slot.listened = object()
        promise = slot.answer if slot.unit is None else next_of(slot.answer)
        said: Future[Any] = promise.future()
        self._awaited += 1
        said.add_done_callback(lambda said: self._heard.put(Heard(slot, listened, said)))

    def wait(self, seconds: float, more: float) -> list[Heard]:
        """Wait until somebody says something, then so long for others; what was said, in order."""
        found: list[Heard] = []
        try:
            found.append(self._heard.get(timeout=seconds))
            time.sleep(more)
            while True:
                found.append(self._heard.get_nowait())
        except queue.Empty:
            pass
        self._awaited -= len(found)
        return found

    def close(self) -> None:
        """Hear out the dismissed, and hold nothing of Ray any more.

        What is let go of while Ray ends beside this thread ends the process, without a word that
        Python hears of.
        """
        until = time.monotonic() + CLOSE_SECONDS
        while self._awaited and time.monotonic() < until:
            self.wait(until - time.monotonic(), 0.0)
