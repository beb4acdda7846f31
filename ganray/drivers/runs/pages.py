"""What reports are made with is loaded while the last tasks of a run are still worked on."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator

from ganray.process.periodic import repeated

_SOON_SECONDS = 20.0
_FIRST_SECONDS = 10.0  # after its begin, which nothing is to hold up
_LOOK_SECONDS = 1.0
_LIBRARIES = ("matplotlib.figure", "matplotlib.backends.backend_svg", "scipy.optimize")


@contextlib.contextmanager
def pages_foreseen(
    seconds_left: Callable[[], float | None],
    first: float = _FIRST_SECONDS,
    every: float = _LOOK_SECONDS,
) -> Iterator[None]:
    """Within, load them once the run is foreseen to end soon: more than a second, for which nobody
    waits then.

    Args:
        seconds_left: of the run, as foreseen; None: nobody knows. Asked from another thread.
        first, every: seconds until that is asked first, and again.
    """
    waiting = list(_LIBRARIES)

    def look() -> None:
        left = seconds_left() if waiting else None
        if left is not None and left < _SOON_SECONDS:
            while waiting:
                importlib.import_module(waiting.pop(0))

    with repeated(look, every, "ganray-pages", first):
        yield
