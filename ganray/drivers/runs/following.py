"""A run that another driver leads: what is shown of it, and how it ended."""

from __future__ import annotations

import time

from rich.console import Console

from ganray.drivers.runs.ending import Outcome
from ganray.drivers.showing.display import summary
from ganray.errors import Stopped
from ganray.plan import Plan
from ganray.runs.beat import Beat

_LINE_SECONDS = 5.0  # at most one line about the driver that is followed in this time


class Follower:
    """Shows what the driver that leads tells: a line at most every five seconds."""

    def __init__(self, plan: Plan, console: Console) -> None:
        self._plan, self._console = plan, console
        self._last = float("-inf")

    def tell(self, beat: Beat) -> None:
        """Show one beat of the leader."""
        if beat.counter and time.monotonic() - self._last < _LINE_SECONDS:
            return
        self._last = time.monotonic()
        news = f": {summary(beat.payload)}" if beat.payload else ""
        text = f"{self._plan.run} is led by {beat.name}, which is followed{news}"
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def outcome_of(beat: Beat | None) -> Outcome:
    """What the driver that was followed came to.

    Raises:
        GanrayError: what ended it; `Stopped` if it was stopped, or following it was.
    """
    if beat is None:
        raise Stopped("stopped following; the run goes on under the driver that leads it")
    if beat.error is not None:
        raise beat.error
    return Outcome(**beat.ended)
