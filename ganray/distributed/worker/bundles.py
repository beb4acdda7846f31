"""News of a worker in bundles: each message is some thousandth of a second of its driver's."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator, Sequence

from ganray.runs.progress.events import ENDING, Event

_STEPS = ("chunk", "checkpoint")  # of which each counts
_SOON_SECONDS = 0.005  # what ends sooner needs no next work ahead, and is one message
_MOST = 500  # in a bundle: who tells without a pause is heard all the same


def bundled(
    news: queue.SimpleQueue[Event | None],
    pause: float,
    beat: Callable[[], Event],
    every: float,
    ended: Callable[[], None],
    outcomes: int = 1,
) -> Iterator[list[Event]]:
    """The news until None, each of which has waited for more for `pause` seconds at most: but for
    the last outcome, which waits for the end.

    Args:
        beat: told once in `every` seconds, or with what is told next.
        ended: called when the last bundle is handed over, which holds what came since the last.
        outcomes: after so many the end is waited for, as whoever hears the last may give more work.
    """
    due, bundle = time.monotonic() + every, list[Event]()
    until = due
    while True:
        try:
            event = news.get(timeout=max(0.0, (until if outcomes else due) - time.monotonic()))
        except queue.Empty:
            if not outcomes:
                due = time.monotonic() + every
                yield [beat()]
                continue
        else:
            if event is None:
                break
            soon = _SOON_SECONDS if ENDING in event.details else pause
            until = min(until if bundle else due, time.monotonic() + soon)
            bundle.append(event)
            outcomes -= "outcome" in event.details
            if not outcomes or len(bundle) < _MOST:
                continue
        if time.monotonic() >= due:
            due = time.monotonic() + every
            bundle.insert(0, beat())  # of work that its end may follow
        if bundle:
            yield latest(bundle)
        bundle, until = [], due
    if bundle:
        yield latest(bundle)
    ended()


def latest(bundle: Sequence[Event]) -> list[Event]:
    """Without mere progress of which the same bundle has later."""
    found: list[Event] = []
    further: set[str] = set()
    for event in reversed(bundle):
        mere = _is_mere_progress(event)
        if not mere or event.address not in further:
            found.append(event)
        if mere:
            further.add(event.address)
    return found[::-1]


def _is_mere_progress(event: Event) -> bool:
    numbers = all(isinstance(value, int | float) for value in event.details.values())
    flags = any(isinstance(value, bool) for value in event.details.values())
    steps = any(name in event.details for name in _STEPS)
    return bool(event.total) and numbers and not flags and not steps
