"""A local Ray that starts while its driver still prepares, and ends while it concludes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import ray


class Begun:
    """A Ray that a thread starts at once, and ends when it is left.

    Args:
        start: starts it, within a stack of what it needs for as long as it is there.

    Attributes:
        free: whether nobody has taken it yet.
    """

    def __init__(self, start: Callable[[contextlib.ExitStack], None]) -> None:
        self.free = True
        self._kept = contextlib.ExitStack()
        self._thread = ThreadPoolExecutor(1, "ganray-ray")
        self._started = self._thread.submit(start, self._kept)
        self._ended: Future[None] | None = None

    def take(self) -> None:
        """Wait until it is there.

        Raises:
            GanrayError: it could not be started.
        """
        self.free = False
        self._started.result()

    @property
    def left(self) -> bool:
        """Whether it ends, or has ended."""
        return self._ended is not None

    def leave(self, end: Callable[[], None] | None = None) -> None:
        """Let the thread end it, by `end` or as Ray ends."""
        if self._ended is None:
            self._ended = self._thread.submit(self._end, end or ray.shutdown)

    def end(self) -> None:
        """Leave it, if nobody has, and wait for its end."""
        self.leave()
        assert self._ended is not None
        wait([self._ended])
        self._thread.shutdown()

    def _end(self, end: Callable[[], None]) -> None:
        with self._kept:
            end()


_begun: Begun | None = None


def begun() -> Begun | None:
    """The one of this process, if it is within `beginning`."""
    return _begun


@contextlib.contextmanager
def beginning(start: Callable[[contextlib.ExitStack], None]) -> Iterator[None]:
    """Begin one, for whoever takes it; at the context's end it has ended, whatever became of it.

    Within another one, or where there is a Ray already, nothing is begun.
    """
    global _begun
    if _begun is not None or ray.is_initialized():
        yield
        return
    _begun = one = Begun(start)
    try:
        yield
    finally:
        one.end()
        _begun = None
