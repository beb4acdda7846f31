"""What a failed stage tells its user, in one line: what happened and what can be done about it."""

from __future__ import annotations

import errno
import platform
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch

from ganray.errors import CorruptArtifact, GanrayError, StoreError
from ganray.runs.progress.failures import AGAIN
from ganray.text.redaction import redacted
from ganray.text.wording import size

LESS_MEMORY = (
    "lower train.batch or model.width, or run fewer workers beside each other (raise "
    "resources.num_cpus)"
)


@dataclass(frozen=True)
class Remedy:
    """One kind of failure, what to call it (empty: its own words), and what to do about it."""

    fits: Callable[[BaseException], bool]
    what: str
    advice: str


def _says(*phrases: str) -> Callable[[BaseException], bool]:
    """Whether a store's error says one of these; its words are `ganray.store`'s own."""
    return lambda error: isinstance(error, StoreError) and any(p in str(error) for p in phrases)


def _numbered(*numbers: int) -> Callable[[BaseException], bool]:
    return lambda error: isinstance(error, OSError) and error.errno in numbers


def _is_out_of_memory(error: BaseException) -> bool:
    by_torch = "can't allocate memory" in str(error) or "std::bad_alloc" in str(error)
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and by_torch)


REMEDIES = (
    Remedy(
        lambda error: isinstance(error, torch.OutOfMemoryError),
        "the GPU on {host} is out of memory (measured peak of this task: {peak_gpu})",
        "lower train.batch or model.width, or let fewer trainers share a GPU (raise "
        "resources.num_gpus)",
    ),
    Remedy(
        _is_out_of_memory,
        "{host} is out of memory (measured peak of this task's process: {peak})",
        LESS_MEMORY,
    ),
    Remedy(
        _numbered(errno.ENOSPC, errno.EDQUOT),
        "the disk of {host} is full ({error})",
        f"free some of it, {AGAIN}",
    ),
    Remedy(
        lambda error: isinstance(error, CorruptArtifact) and ", expected " in str(error),
        "",
        "`ganray run --verify` makes anew what is damaged in the store",
    ),
    Remedy(_says("no space left", "quota is used up"), "", f"free space there, {AGAIN}"),
    Remedy(_says("token has expired"), "", f"renew the credentials on every node, {AGAIN}"),
    Remedy(
        _says("access denied", "access key is not known", "secret key is wrong", "no credentials"),
        "",
        "every node needs credentials that may read and write there: an instance role, or AWS_* "
        "variables",
    ),
    Remedy(
        _says("does not answer"),
        "",
        f"see whether {{host}} has a route to it, {AGAIN}",
    ),
    Remedy(
        _numbered(errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ECONNREFUSED, errno.ETIMEDOUT),
        "no route from {host} ({error})",
        f"see to the network or the address, {AGAIN}",
    ),
    Remedy(
        lambda error: isinstance(error, socket.gaierror),
        "{host} cannot resolve a name ({error})",
        f"see to the network or the address, {AGAIN}",
    ),
)


def explain(error: BaseException, peaks: Mapping[str, int] | None = None) -> str:
    """One line for a stage's error; of one that nobody foresaw, its type and first line.

    Secrets are taken out: it is kept in the store and shown in reports.

    Args:
        peaks: `peak_memory` and `peak_gpu_memory` of the process in bytes, where measured.
    """
    return redacted(_explained(error, peaks or {}))


def _explained(error: BaseException, peaks: Mapping[str, int]) -> str:
    words = {
        "host": platform.node(),
        "peak": size(peaks.get("peak_memory")),
        "peak_gpu": size(peaks.get("peak_gpu_memory")),
        "error": _first_line(str(error)),
    }
    for cause in _causes(error):
        for remedy in REMEDIES:
            if remedy.fits(cause):
                what = remedy.what.format(**words) if remedy.what else words["error"]
                return f"{what}; {remedy.advice.format(**words)}"
    if isinstance(error, GanrayError):
        return words["error"]
    return _first_line(f"{type(error).__name__}: {error}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else ""
