"""Ctrl-C and SIGTERM: as an event that work looks at, and never lost in a finaliser."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

_LATER_SECONDS = 0.05


@contextlib.contextmanager
def interruptible() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; a second Ctrl-C interrupts at once."""
    stop = threading.Event()

    def request(signum: int, _: FrameType | None) -> None:
        if stop.is_set() and signum == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, request) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def keep_interrupts() -> None:
    """From now on a KeyboardInterrupt that nobody can catch is raised once more, shortly after.

    Python raises it wherever the main thread is. Where that is a `__del__`, a weak reference's
    callback or a finaliser (closing a pool of connections, say), the exception is shown on the
    error stream and dropped, and the program goes on as if nobody had asked it to stop.
    """
    others = sys.unraisablehook
    if others.__module__ == __name__:
        return  # it is so already

    def hook(unraisable: Any) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            others(unraisable)
            return
        # Not at once: it would be raised in here, and dropped again.
        with contextlib.suppress(KeyboardInterrupt):
            threading.Thread(target=_interrupt_later, daemon=True).start()

    sys.unraisablehook = hook


def _interrupt_later() -> None:
    time.sleep(_LATER_SECONDS)
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)  # to that thread, so that it wakes where it sleeps
