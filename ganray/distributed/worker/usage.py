"""What a worker uses: its memory at most since its assignment began, and how hard it tries; and
that it leaves nothing of one assignment to the next."""

from __future__ import annotations

import contextlib
import gc
import resource
import sys
import time
from pathlib import Path

import torch

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def reset_peak() -> None:
    """Begin anew, so that an assignment's peak is not that of the one before it."""
    with contextlib.suppress(OSError):
        _RESET.write_text("5")  # Linux: the peak of the resident set becomes its present size
    if torch.cuda.is_initialized():
        torch.cuda.reset_peak_memory_stats()


def peaks() -> dict[str, int]:
    """`peak_memory`, and on a GPU in use `peak_gpu_memory`, both in bytes."""
    found = {"peak_memory": _resident_peak()}
    if torch.cuda.is_initialized():
        found["peak_gpu_memory"] = torch.cuda.max_memory_allocated()
    return found


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


def _resident_peak() -> int:
    """Where the kernel shows no status, the peak since the process began."""
    with contextlib.suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


_kept = 0  # how many modules there were when all that lived was last set apart


def keep_imported() -> None:
    """Set apart what is imported: it stays, and to look through it after each unit takes longer
    than most units do. Called where nothing of a unit is alive, which would stay, too."""
    global _kept
    if len(sys.modules) != _kept:
        _kept = len(sys.modules)
        gc.freeze()


def free() -> None:
    """Leave nothing of one assignment to the next: it would count as the next one's memory."""
    gc.collect()
    keep_imported()  # a unit imports what it alone needs
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
