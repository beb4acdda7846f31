"""What float32 bits and their speed depend on beside the code, and what of it is recorded."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import threadpoolctl
import torch

from ganray._version import __version__

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h


def provenance(seconds: float) -> dict[str, Any]:
    """What made an artifact, beside its content: versions, host and time."""
    return numerics() | {
        "seconds": round(seconds, 3),
        "host": platform.node(),
        "process": os.getpid(),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "ganray": __version__,
    }


def numerics() -> dict[str, Any]:
    """What float32 bits depend on beside the code: a resumed run warns where these changed."""
    return {
        "torch": torch.__version__,
        "numpy": np.__version__,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
    }


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Torch and BLAS held to `count` threads, as results' last bits depend on it."""
    _keep_freed_memory()
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with threadpoolctl.threadpool_limits(count):
            yield
    finally:
        torch.set_num_threads(before)


@cache
def _keep_freed_memory() -> None:
    """Let this process keep up to 256 MiB of what tensors free, for those that come next.

    glibc gives freed megabytes back to the system, which hands them out again zeroed and page by
    page: thousands of page faults in an iteration, for the same bits.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:  # musl has none
        mallopt(_M_MMAP_THRESHOLD, 2**25)
        mallopt(_M_TRIM_THRESHOLD, 2**28)
