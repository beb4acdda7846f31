"""How much memory a worker has used at most, since its assignment began."""

from __future__ import annotations

import contextlib
import resource
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


def _resident_peak() -> int:
    """Where the kernel shows no status, the peak since the process began."""
    with contextlib.suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
