"""One driver leads a run; others of the same run follow it, and take over when it has died.

A driver claims `runs/<run>/drivers/<n>.json`, n one above the highest, create-only, and rewrites
that file every few seconds with a counter that rises. The highest n leads. Whoever finds a leader
watches its counter: machines' clocks are never compared, only this machine's own clock between two
readings of one file. A leader that has fallen silent is succeeded by n + 1; if it was only asleep
it sees the new file when it wakes, and steps back. For a moment both may then work, which costs
time and nothing else: every commit is create-only.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from ganray.errors import GanrayError, StoreError
from ganray.process.periodic import repeated
from ganray.process.scope import Scope
from ganray.runs.beat import Beat, newest_driver, path_of, place_here
from ganray.store import Store
from ganray.store.files import Files
from ganray.text.redaction import redacted

LEASE_BEAT_SECONDS = 2.0
"""How often a driver rewrites its file."""
SILENT_SECONDS = 12.0
"""A driver whose file has not changed for so long, while it was being read, is taken for dead."""
Ended = TypeVar("Ended")


@dataclass
class Lease(Scope):
    """The claim of this driver; a context in whose thread it beats.

    Args:
        payload: what to tell with each beat, plain JSON values; called from the lease's thread.
    """

    store: Store
    run: str
    driver: int
    payload: Callable[[], dict[str, Any]] = dict
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    _superseded: bool = False
    _ended: dict[str, Any] = field(default_factory=dict)
    _counter: int = 0

    @classmethod
    def claim(cls, store: Store, run: str, after: int) -> Lease | None:
        """The lease number `after` + 1, or None if another driver has it; may raise StoreError."""
        lease = cls(store, run, after + 1)
        return lease if store.create(path_of(run, lease.driver), lease._encoded()) else None

    def superseded(self) -> bool:
        """Whether another driver has taken over, so that this one must step back."""
        return self._superseded

    def end(self, **how: Any) -> None:
        """What to tell the followers when the context ends: plain JSON values."""
        self._ended = how

    def _scope(self) -> Iterator[None]:
        try:
            with repeated(self._look_and_beat, LEASE_BEAT_SECONDS, "ganray-lease"):
                yield
        except BaseException as error:
            code = error.exit_code if isinstance(error, GanrayError) else 1
            code = 4 if isinstance(error, KeyboardInterrupt) else code
            self._ended = {"code": code, "error": redacted(str(error)) or type(error).__name__}
            raise
        finally:
            with contextlib.suppress(StoreError):  # then it is found silent
                self._beat()

    def _look_and_beat(self) -> None:
        with contextlib.suppress(StoreError):  # a store that fails now may answer the next time
            successor = path_of(self.run, self.driver + 1)
            self._superseded = self._superseded or self._files.size(successor) is not None
            if not self._superseded:
                self._beat()

    def _beat(self) -> None:
        self._counter += 1
        self._files.put(path_of(self.run, self.driver), self._encoded())

    @cached_property
    def _files(self) -> Files:
        """With little patience: a beat that fails is followed by a newer one."""
        return self.store.files.for_probing()

    def _encoded(self) -> bytes:
        """The beat; with an empty payload where that cannot be told, since silence means death."""
        with contextlib.suppress(Exception):
            return self._with(self.payload())
        return self._with({})

    def _with(self, payload: dict[str, Any]) -> bytes:
        beat = Beat(
            driver=self.driver,
            counter=self._counter,
            token=self.token,
            host=platform.node(),
            process=os.getpid(),
            place=place_here(),
            payload=payload,
            ended=self._ended,
        )
        return json.dumps(vars(beat)).encode()


def lead(
    store: Store,
    run: str,
    should_stop: Callable[[], bool],
    tell: Callable[[Beat], None],
    work: Callable[[Lease], Ended | None],
) -> Ended | Beat | None:
    """Do `work` while leading the run; step back for a driver that takes over, and follow it.

    Args:
        should_stop, tell: as of `acquire`.
        work: given the lease; None says that it ended since the lease was superseded.

    Returns:
        What the work came to; else as `acquire`, which says what is raised, too.
    """
    while True:
        held = acquire(store, run, should_stop, tell)
        if not isinstance(held, Lease):
            return held
        with held:
            ended = work(held)
        if ended is not None:
            return ended


def acquire(
    store: Store,
    run: str,
    should_stop: Callable[[], bool],
    tell: Callable[[Beat], None],
) -> Lease | Beat | None:
    """Lead the run, or follow whoever leads until it ends.

    Args:
        should_stop: asked twice a second while following.
        tell: hears of every beat of the leader.

    Returns:
        This driver's lease, when nobody leads or the leader has fallen silent; the leader's last
        beat, when it ended while being followed; None, when following was stopped.

    Raises:
        StoreError: the store fails.
    """
    followed: Beat | None = None
    while True:
        newest = newest_driver(store, run)
        if newest is not None and newest.leads:
            followed = newest
            if not _until_silent(store, run, newest, should_stop, tell):
                return None
            newest = newest_driver(store, run)
            if newest is not None and newest.driver != followed.driver:
                continue
        if newest is not None and newest.ended and followed is not None:
            return newest
        lease = Lease.claim(store, run, newest.driver if newest else 0)
        if lease is not None:
            return lease


def _until_silent(
    store: Store,
    run: str,
    last: Beat,
    should_stop: Callable[[], bool],
    tell: Callable[[Beat], None],
) -> bool:
    """Follow a driver until it ends, dies or falls silent; False if following was stopped."""
    tell(last)
    heard = time.monotonic()
    while time.monotonic() - heard < SILENT_SECONDS:
        for _ in range(2):
            if should_stop():
                return False
            time.sleep(0.5)
        try:
            newest = newest_driver(store, run)
        except StoreError:  # nothing can be said of a leader while the store does not answer
            heard = time.monotonic()
            continue
        if newest is None or newest.driver != last.driver or newest.ended or newest.dead:
            return True
        if (newest.counter, newest.token) != (last.counter, last.token):
            heard, last = time.monotonic(), newest
            tell(newest)
    return True
