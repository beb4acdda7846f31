"""Processes of one machine that take turns at something, as many at once as they agree on."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

PATIENCE_SECONDS = 30.0
"""Whoever has waited for so long goes on all the same: who was before it may have been stopped."""
_LOOK_SECONDS = 0.02


@contextlib.contextmanager
def turn(folder: Path, most: int) -> Iterator[None]:
    """Wait until fewer than `most` others that name this folder are within, but not for ever.

    Where the file system has no locks, nobody waits.
    """
    locks = [FileLock(folder / f"turn-{number}.lock") for number in range(most)]
    taken = None
    with contextlib.suppress(OSError, NotImplementedError):
        taken = _waited(locks)
    try:
        yield
    finally:
        if taken is not None:
            taken.release()


def _waited(locks: list[FileLock]) -> FileLock | None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (taken := _free(locks)) is None and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    return taken


def _free(locks: list[FileLock]) -> FileLock | None:
    for lock in locks:
        with contextlib.suppress(Timeout):
            lock.acquire(blocking=False)
            return lock
    return None
