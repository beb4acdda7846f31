"""What a process waits for, and since when: known to all of it, and told to whoever looks at a run.

A store that is away is more than a wait and has its own account (`store/outage.py`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

OWN = "the run waits"


@dataclass(frozen=True)
class Wait:
    """One wait: `who` ("class 3 r0 waits") for `what` ("1 GPU"), for so many seconds by now."""

    who: str
    what: str
    seconds: float


class Waits:
    """The waits of a process, and those that it has heard of; for several threads.

    Args:
        clock: seconds, from any origin.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._known: dict[str, dict[str, tuple[str, float]]] = {}  # source → what → (who, since)

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """This process, or what it works on, waits for it as long as the context lasts."""
        source = f"{threading.get_ident()} {what}"
        self.put(source, {what: OWN})
        try:
            yield
        finally:
            self.put(source, {})

    def put(self, source: str, waits: Mapping[str, str]) -> None:
        """All waits of a source, who by what; what was waited for before goes on."""
        with self._lock:
            before, now = self._known.pop(source, {}), self._clock()
            if waits:
                self._known[source] = {
                    what: (who, before[what][1] if what in before else now)
                    for what, who in waits.items()
                }

    def hear(self, source: str, who: str, waits: Iterable[Wait] = ()) -> None:
        """What another process waits for, which works for `who`; in place of what was heard."""
        with self._lock:
            self._known.pop(source, None)
            now = self._clock()
            heard = {wait.what: (f"{who} waits", now - wait.seconds) for wait in waits}
            if heard:
                self._known[source] = heard

    def current(self) -> tuple[Wait, ...]:
        """All of them, the longest first."""
        with self._lock:
            now = self._clock()
            found = [
                Wait(who, what, now - since)
                for waits in self._known.values()
                for what, (who, since) in waits.items()
            ]
        return tuple(sorted(found, key=lambda wait: -wait.seconds))


WAITS = Waits()
"""Those of this process, and what it has heard of others'."""
