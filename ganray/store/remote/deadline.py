"""A request's deadline: it may take long only while bytes move, and fast enough."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

DEADLINE_SECONDS = 15.0
"""How long a request may take that moves little, and one that moves much may stand still."""
QUIET_SECONDS = 5.0
"""When nothing has moved for so long, whoever is interested is told."""
_PACE = 32 * 2**10  # bytes that buy a second more: a trickle is no progress
_TICK_SECONDS = 1.0
_Answer = TypeVar("_Answer")


class RequestProgress:
    """What a request has moved so far, and what time it has left.

    Args:
        seconds: see `DEADLINE_SECONDS`.
        clock: seconds, from any origin.
    """

    def __init__(
        self, seconds: float = DEADLINE_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds, self._clock = seconds, clock
        self._begun = self._moved = clock()
        self._bytes = 0

    def moved(self, count: int) -> None:
        """So many bytes have gone or come."""
        if count:
            self._bytes += count
            self._moved = self._clock()

    @property
    def still(self) -> float:
        """Seconds since anything moved."""
        return self._clock() - self._moved

    @property
    def left(self) -> float:
        """Seconds until it is over if nothing more moves; less than zero: it is over."""
        paced = self._begun + self._seconds + self._bytes / _PACE
        return min(paced, self._moved + self._seconds) - self._clock()


class Upload(io.BytesIO):
    """Bytes to send, piece by piece, each of which is progress when it is taken."""

    def __init__(self, data: bytes, progress: RequestProgress) -> None:
        super().__init__(data)
        self._progress = progress

    def read(self, size: int | None = -1, /) -> bytes:
        """The next piece."""
        piece = super().read(size)
        self._progress.moved(len(piece))
        return piece


async def in_time(
    work: Awaitable[_Answer],
    progress: RequestProgress,
    late: Callable[[], BaseException],
    heard: Callable[[float], None] = lambda _: None,
) -> _Answer:
    """What `work` comes to, if it does so in time; else it is cancelled.

    Args:
        late: makes what is raised then.
        heard: told every second for how many nothing has moved.
    """
    task = asyncio.ensure_future(work)
    try:
        while (left := progress.left) > 0:
            done, _ = await asyncio.wait({task}, timeout=min(left, _TICK_SECONDS))
            if done:
                return task.result()
            heard(progress.still)
        raise late()
    finally:
        task.add_done_callback(_nobody_asks)
        task.cancel()


def _nobody_asks(task: asyncio.Task[Any]) -> None:
    """What a cancelled request came to all the same; unasked for, asyncio would print it."""
    if not task.cancelled():
        task.exception()
