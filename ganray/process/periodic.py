"""What goes on beside the work, every few seconds, for as long as a context lasts."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def repeated(
    act: Callable[[], None],
    seconds: float,
    name: str,
    first: float | None = None,
    join: bool = True,
) -> Iterator[None]:
    """Call `act` in a daemon thread until the context ends; it must not raise.

    Args:
        seconds: between two calls.
        name: of the thread.
        first: seconds before the first call, if they are others.
        join: whether to wait at the end for a call that is under way; not for one that may hang.
    """
    ended = threading.Event()

    def run() -> None:
        wait = seconds if first is None else first
        while not ended.wait(wait):
            wait = seconds
            act()

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        if join:
            thread.join()
