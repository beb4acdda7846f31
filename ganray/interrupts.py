"""Ctrl-C that comes while Python runs a finaliser: put off, never lost."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from typing import Any

_LATER_SECONDS = 0.05


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
