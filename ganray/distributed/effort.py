"""How hard a worker tries: who is stuck does not, who lacks a processor does."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path


def effort(thread: int) -> float:
    """Seconds of processor time that this process has used, and that `thread` has waited for.

    Ray runs its workers at a niceness of 15: on a crowded machine one may get less of a processor
    than Ray's own idle threads take, but then it stands in the queue for one. Whoever is stuck
    neither runs nor queues. Where the system does not tell of its queue, only the use counts.

    Args:
        thread: the system's number of the thread that works (`threading.Thread.native_id`).
    """
    waited = 0.0
    with contextlib.suppress(OSError, ValueError, IndexError):
        waited = int(Path(f"/proc/self/task/{thread}/schedstat").read_text().split()[1]) / 1e9
    return time.process_time() + waited
