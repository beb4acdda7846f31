"""Where the large sums of measuring are done: on this process's CPU, or on a GPU that it was lent.

Numerical code that can do its matrix products elsewhere asks where. They are of 64 bits there,
whatever they are here, and values differ by rounding alone; what needs no large product stays.
Whoever lends a device says so for its own thread: threads that a computation starts have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HERE = "cpu"
_PLACE: ContextVar[str] = ContextVar("ganray-arithmetic", default=HERE)


@contextmanager
def computing_on(device: str) -> Iterator[None]:
    """While this lasts, large products are asked of this device, by torch's name of it."""
    before = _PLACE.set(device)
    try:
        yield
    finally:
        _PLACE.reset(before)


def place() -> str:
    """Where they are computed now; "cpu": here, by NumPy, as where nobody lends anything."""
    return _PLACE.get()
