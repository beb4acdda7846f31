"""Who leads a run, as whoever listens to its store hears; and when nothing more is to come."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ganray.runs.beat import Beat, newest_driver
from ganray.runs.lease import SILENT_SECONDS
from ganray.store import Store

_POLL_SECONDS = 0.5
_LISTENED_SECONDS = 6.0  # three beats of a driver


@dataclass(frozen=True)
class Heard:
    """What is known of the driver that leads, or last led, a run.

    `alive` means that it was heard while this process listened: no clocks are compared.
    """

    beat: Beat
    alive: bool
    listened: float

    @property
    def said(self) -> str:
        """For people."""
        if self.beat.ended:
            code = self.beat.ended.get("code")
            why = self.beat.ended.get("error")
            return f"{self.beat.name} ended with exit code {code}" + (f": {why}" if why else "")
        if self.alive:
            return f"{self.beat.name} leads it, last heard just now"
        if self.beat.dead:
            return f"{self.beat.name} led it and has died; the same command takes it up again"
        return (
            f"{self.beat.name} led it and said nothing in the {self.listened:.0f} s that were "
            "listened: it died, or cannot write to the store; the same command takes it up again"
        )


class Listener:
    """Tells those who follow a run when nothing more is to come from it.

    Silence is counted by this process's own clock; no clocks are compared.
    """

    def __init__(self, store: Store, run: str) -> None:
        self._store, self._run = store, run
        self._last: tuple[int, int, str] | None = None
        self._since = time.monotonic()

    def why_over(self) -> str | None:
        """That its driver has ended, died or long been silent; None while it may go on."""
        beat = newest_driver(self._store, self._run)
        if beat is None:
            return "no driver has worked on it yet"
        sign = (beat.driver, beat.counter, beat.token)
        if sign != self._last:
            self._last, self._since = sign, time.monotonic()
        silent = time.monotonic() - self._since
        if beat.ended or beat.dead or silent > SILENT_SECONDS:
            return Heard(beat, False, silent).said
        return None


def heard(store: Store, run: str) -> Heard | None:
    """Listen until the driver speaks, has ended or died, or is silent for three of its beats."""
    first, begun = newest_driver(store, run), time.monotonic()
    if first is None:
        return None
    while True:
        beat = newest_driver(store, run) or first
        alive = (beat.driver, beat.counter) != (first.driver, first.counter)
        listened = time.monotonic() - begun
        if alive or beat.ended or beat.dead or listened > _LISTENED_SECONDS:
            return Heard(beat, alive and not beat.ended, listened)
        time.sleep(_POLL_SECONDS)
