"""Which places do not answer or take no writes, since when and why: known to a whole process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

_STALE_SECONDS = 30.0  # nothing has been asked for so long: nothing is known any more
# Another process that has not repeated it for so long has ended, or goes on.
_RENEWED_SECONDS = 15.0


@dataclass(frozen=True)
class Outage:
    """A place that is away, as one process sees it; it can be sent to others.

    Args:
        place: the folder, or s3://bucket.
        cause: in a few words, those of the server where it says any.
        takes_no_writes: whether it is a store that takes no writes, which one that does not answer
            at all takes none of either; else it is not read from.
        seconds: since it last answered.
        left: seconds for which it is still waited; None: nothing waits for it.
    """

    place: str
    cause: str
    takes_no_writes: bool
    seconds: float
    left: float | None = None


@dataclass
class _Trouble:
    """What fails at one place, reading or writing."""

    since: float
    last: float
    cause: str
    takes_no_writes: bool
    waits: dict[int, tuple[float, float]] = field(default_factory=dict)  # call → (begun, until)


class Outages:
    """What the calls of a process have met with; for several threads.

    Reads that are answered say nothing of writes: a full server reads well.

    Args:
        clock: seconds, from any origin.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._troubles: dict[tuple[str, bool], _Trouble] = {}
        self._answered: set[str] = set()
        self._heard: dict[str, tuple[float, Outage]] = {}

    def failed(
        self,
        place: str,
        writes: bool,
        cause: str,
        *,
        begun: float,
        call: int = 0,
        until: float | None = None,
        takes_no_writes: bool = True,
    ) -> None:
        """A call that began at `begun` has had no answer, or none that helps.

        Args:
            writes: whether it was to write.
            call: its number, by which it is known until it is answered or given up.
            until: when it will be given up; None: it has been.
            takes_no_writes: see `Outage`.
        """
        with self._lock:
            now = self._clock()
            fresh = _Trouble(begun, now, cause, takes_no_writes)
            trouble = self._troubles.get((place, writes), fresh)
            if not trouble.waits and now - trouble.last > _STALE_SECONDS:
                trouble = fresh
            trouble.last, trouble.cause = now, cause
            trouble.takes_no_writes = takes_no_writes
            if until is None:
                trouble.waits.pop(call, None)
            else:
                trouble.waits[call] = begun, until
            self._troubles[place, writes] = trouble

    def answered(self, place: str, writes: bool, call: int = 0) -> None:
        """A call has been answered: what else still waits there has waited since it began."""
        with self._lock:
            self._answered.add(place)
            for kind in {writes, False}:  # who takes writes can be read from
                trouble = self._troubles.get((place, kind))
                if trouble is None:
                    continue
                trouble.waits.pop(call, None)
                if not trouble.waits:
                    del self._troubles[place, kind]
                else:
                    trouble.since = min(begun for begun, _ in trouble.waits.values())

    def has_answered(self, place: str) -> bool:
        """Whether it ever has."""
        with self._lock:
            return place in self._answered

    def forget(self, place: str, writes: bool, call: int) -> None:
        """A call does not wait any more, and nothing is known of an answer."""
        with self._lock:
            trouble = self._troubles.get((place, writes))
            if trouble is not None:
                trouble.waits.pop(call, None)

    def start_anew(self) -> None:
        """Whoever tells of outages from now on tells of what is waited for, or fails again."""
        with self._lock:
            waited = {key: trouble for key, trouble in self._troubles.items() if trouble.waits}
            self._troubles = waited
            self._heard.clear()

    def hear(self, who: str, outage: Outage | None) -> None:
        """What another process says of its calls; to be repeated every few seconds."""
        with self._lock:
            self._heard.pop(who, None)
            if outage is not None:
                self._heard[who] = self._clock(), outage

    def current(self) -> Outage | None:
        """The longest outage there is now, of this process before those of others.

        It is waited for as long as anybody waits for it.
        """
        with self._lock:
            own, others = self._own(), self._others()
        outage = self._longest(own) or self._longest(others)
        if outage is None:
            return None
        alike = (one.left for one in (*own, *others) if one.place == outage.place)
        return replace(outage, left=max((left for left in alike if left is not None), default=None))

    def own(self) -> Outage | None:
        """The longest that this process has met with itself."""
        with self._lock:
            return self._longest(self._own())

    def _longest(self, outages: list[Outage]) -> Outage | None:
        ranked = sorted(outages, key=lambda one: (one.takes_no_writes, one.seconds))
        return ranked[-1] if ranked else None

    def _own(self) -> list[Outage]:
        now, found = self._clock(), []
        for (place, _), trouble in self._troubles.items():
            if not trouble.waits and now - trouble.last > _STALE_SECONDS:
                continue
            left = max((until - now for _, until in trouble.waits.values()), default=None)
            found.append(
                Outage(
                    place,
                    trouble.cause,
                    trouble.takes_no_writes,
                    now - trouble.since,
                    None if left is None else max(0.0, left),
                )
            )
        return found

    def _others(self) -> list[Outage]:
        now, found = self._clock(), []
        for at, outage in self._heard.values():
            passed = now - at
            if passed <= _RENEWED_SECONDS:
                left = None if outage.left is None else max(0.0, outage.left - passed)
                found.append(replace(outage, seconds=outage.seconds + passed, left=left))
        return found


OUTAGES = Outages()
"""Those of this process, and what it has heard of others."""
