"""The log of one unit of work, written while it is done.

`logs/<kind>/<key>/<host>-<process>-<token>.log` holds lines "<UTC time> <text>". S3 cannot append,
so the file is written whole every few seconds and at the end, and keeps its first and last lines
when it grows beyond its bound (see `transcript`). A log that cannot be written never fails its
task.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import resource
import secrets
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import torch

from ganray._version import __version__
from ganray.errors import GanrayError, Stopped
from ganray.plan import Task
from ganray.process.numerics import numerics
from ganray.process.periodic import repeated
from ganray.process.scope import Scope
from ganray.runs.progress.events import Event
from ganray.runs.progress.outages import OutageNews
from ganray.runs.progress.transcript import Transcript, captured
from ganray.runs.progress.waiting import WaitNews
from ganray.store import Store
from ganray.store.files import Files
from ganray.store.outage import OUTAGES
from ganray.store.store import open_files
from ganray.text.wording import size

_FIRST_SECONDS = 1.0  # a quick shard without incident leaves no log


_FLUSH_SECONDS = 5.0


_PROGRESS_SECONDS = 5.0


class TaskLog(Scope):
    """The log of one unit of work, from its begin to its end; a context around that work.

    Args:
        shards: of the task, where the unit is not all of it.
        prints: whether what is printed meanwhile belongs in it, as in a worker process of Ray.
        shared: whether others are kept beside it in this thread, and it is told what belongs in all
            of them (`shared_logs`).
    """

    def __init__(
        self,
        store: Store,
        task: Task,
        device: str,
        shards: tuple[range, ...] | None = None,
        prints: bool = False,
        shared: bool = False,
    ) -> None:
        name = re.sub(r"[^A-Za-z0-9_]+", "_", platform.node()) or "host"
        self.path = f"logs/{task.trajectory}/{name}-{os.getpid()}-{secrets.token_hex(4)}.log"
        self._store, self._task, self._device = store, task, device
        self._shards, self._prints, self._shared = shards, prints, shared
        self._lines, self._written = Transcript(), 0
        self._told = float("-inf")
        self._eventful, self._ended = shards is None, False
        self._outages, self._waits = OutageNews(OUTAGES.own), WaitNews()
        self._stack = contextlib.ExitStack()

    def passing(self, tell: Callable[[Event], None]) -> Callable[[Event], None]:
        """A `tell` that writes events down, too."""

        def both(event: Event) -> None:
            self.hear(event)
            tell(event)

        return both

    def hear(self, event: Event) -> None:
        """Write down an event: at most one of mere progress in five seconds."""
        if "resumed" in event.details:
            self.add(f"resumed from step {event.details['resumed']} of {event.total}")
            return
        if "warning" in event.details:
            self.add(f"warning: {event.details['warning']}")
            return
        if "checkpoint" in event.details:
            self._lines.add(f"checkpoint at step {event.details['checkpoint']}")
            return
        now = time.monotonic()
        moved = event.total and not event.details.get("finished")
        if moved and now - self._told >= _PROGRESS_SECONDS:
            self._told = now
            self._lines.add(_progress(event))

    def add(self, text: str) -> None:
        """Write down more than mere progress."""
        if self._ended:
            return
        self._eventful = True
        self._lines.add(text)

    def _scope(self) -> Iterator[None]:
        self._begun = time.monotonic()
        self._lines.add(_beginning(self._task, self._device, self._shards))
        if not self._shared:
            self._stack.enter_context(captured(self.add, self._prints))
        self._stack.enter_context(
            repeated(self._flush, _FLUSH_SECONDS, "ganray-log", _FIRST_SECONDS)
        )
        try:
            yield
        except BaseException as error:
            self.end(error)
            raise
        self.end(None)

    def end(self, error: BaseException | None) -> None:
        """Write down how the work has ended; what comes after that is not heard."""
        if self._ended:
            return
        self._ended = True
        self._stack.close()
        if error is not None:
            self._eventful = True
        seconds = time.monotonic() - self._begun
        self._lines.add(f"{_outcome(error)} after {seconds:.1f} s; {peak_memory()}")
        if self._eventful or self._written:
            self._flush()

    def _flush(self) -> None:
        if line := self._outages.line():
            self.add(line)
        for line in self._waits.lines():
            self.add(line)
        # Whatever the store says: a task does not fail because its log cannot be kept.
        with contextlib.suppress(Exception):
            added = self._lines.added
            if added != self._written:
                _hasty(self._store.url).put(self.path, self._lines.encode())
                self._written = added


@contextlib.contextmanager
def shared_logs(
    store: Store, tasks: Sequence[Task], device: str, prints: bool = False
) -> Iterator[list[TaskLog]]:
    """The logs of tasks that are done together; what is printed, or warned of, is in all of them.

    Each is ended as its task ends, and at the latest with the others.
    """
    logs = [TaskLog(store, task, device, shared=True) for task in tasks]

    def add(text: str) -> None:
        for log in logs:
            log.add(text)

    with contextlib.ExitStack() as stack:
        stack.enter_context(captured(add, prints))
        for log in logs:
            stack.enter_context(log)
        yield logs


def peak_memory() -> str:
    """The most memory that this process has had so far, for people."""
    text = f"peak memory {size(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)}"
    if torch.cuda.is_initialized():
        text += f", of the GPU {size(torch.cuda.max_memory_allocated())}"
    return text


def _beginning(task: Task, device: str, shards: tuple[range, ...] | None) -> str:
    seed = task.parameters.get("seed", "none")
    facts = numerics() | {"threads": task.threads, "device": device, "seed": seed}
    part = f", chunks {shards[0][0]} to {shards[-1][-1]}" if shards else ""
    versions = " ".join(f"{name}={value}" for name, value in facts.items())
    where = f"{platform.node()} process {os.getpid()}"
    return f"begins {task.title} ({task.address}{part}) on {where}: ganray={__version__} {versions}"


def _progress(event: Event) -> str:
    told = [
        f"{name} {value:.6g}"
        for name, value in event.details.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and name != "chunk"
    ]
    if "chunk" in event.details:
        return f"chunk {event.details['chunk']} of {event.total} done"
    return " ".join([f"{event.done}/{event.total}", *told])


def _outcome(error: BaseException | None) -> str:
    if error is None:
        return "done"
    if isinstance(error, Stopped):
        return f"stopped: {error};"
    if isinstance(error, GanrayError):
        return f"failed: {error};"
    trace = "".join(traceback.format_exception(error)).rstrip()
    return f"{trace}\nfailed: {type(error).__name__}: {error};"


@lru_cache(maxsize=8)
def _hasty(url: str) -> Files:
    """The store's files with little patience: a log must not hold up its task."""
    return open_files(url).for_probing()
