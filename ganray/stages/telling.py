"""What a metric's numerical code tells of itself, passed on as its task's progress."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager

from ganray.process.progress import heard
from ganray.stages.workspace import Workspace

WHOLE = 100
"""A task without chunks that trains nothing counts per cent."""
_SECONDS = 1.0  # between two reports, and before the first: what is quick tells nothing
_AT_ONCE = 0.1  # seconds; what is done by then was computed before, and says nothing of the pace
_PACE_SECONDS = 30.0  # over which the pace is taken


def telling(
    work: Workspace, clock: Callable[[], float] = time.monotonic
) -> AbstractContextManager[None]:
    """While this lasts, what `ganray.process.progress` hears is told as the task's progress."""
    return heard(_Reporter(work, clock).hear)


class _Reporter:
    """Reports per cents, once a second, with the seconds that are left at the present pace."""

    def __init__(self, work: Workspace, clock: Callable[[], float]) -> None:
        self._work, self._clock = work, clock
        self._begun = self._told = clock()
        self._marks = deque([(self._begun, 0.0)])

    def hear(self, fraction: float) -> None:
        now = self._clock()
        if now - self._begun < _AT_ONCE:
            self._marks = deque([(now, fraction)])
        elif now - self._told >= _SECONDS:
            self._told = now
            self._work.report(
                int(WHOLE * fraction), WHOLE, seconds_left=round(self._left(now, fraction), 1)
            )

    def _left(self, now: float, fraction: float) -> float:
        self._marks.append((now, fraction))
        while len(self._marks) > 2 and now - self._marks[0][0] > _PACE_SECONDS:
            self._marks.popleft()
        since, before = self._marks[0]
        return (1.0 - fraction) * (now - since) / (fraction - before)
