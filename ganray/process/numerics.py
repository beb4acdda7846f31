"""What float32 bits and their speed depend on beside the code, and what of it is recorded."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, TypeVar

import numpy as np
import threadpoolctl
import torch

from ganray._version import __version__

T = TypeVar("T")
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
    _load_scipys_blas()
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with _pools(len(sys.modules)).limit(limits=count):
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def without_tf32() -> Iterator[None]:
    """Convolutions on a GPU in 32 bits, and not in the 19 of TF32, which PyTorch prefers there."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def side_by_side(work: Callable[[int], T], count: int) -> Iterator[T]:
    """`work` of 0 … count−1 in this order, as many at a time as torch has threads.

    Of several BLAS has one thread each, so that no bit depends on how many there are. No more are
    begun than are worked on and wait to be asked for.
    """
    granted = min(torch.get_num_threads(), count)
    if granted < 2:
        yield from map(work, range(count))
        return
    waiting: deque[Future[T]] = deque()
    with threadpoolctl.threadpool_limits(1, "blas"), ThreadPoolExecutor(granted) as pool:
        try:
            for index in range(count):
                if len(waiting) == granted:
                    yield waiting.popleft().result()
                waiting.append(pool.submit(work, index))
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()


@lru_cache(maxsize=1)
def _pools(_: int, /) -> threadpoolctl.ThreadpoolController:
    """The libraries that have threads, looked for anew where more modules are loaded than before:
    that takes milliseconds, as much as a small chunk."""
    return threadpoolctl.ThreadpoolController()


@cache
def _load_scipys_blas() -> None:
    """SciPy's BLAS is another than NumPy's, and can only be held to threads once it is loaded."""
    import scipy.linalg.blas  # noqa: F401


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
