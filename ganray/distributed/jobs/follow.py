"""Following a job from outside its cluster: its log as it is written, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable

from ganray.distributed.jobs.client import Job, Jobs, NotAnswered, Unreachable
from ganray.distributed.jobs.submit import job_info
from ganray.errors import GanrayError

_POLL_SECONDS = 0.5
_PATIENCE_SECONDS = 90.0  # a restarted dashboard or a lost tunnel may come back
_END_SECONDS = 10.0  # for the last lines of a job that has ended


def follow(jobs: Jobs, name: str, show: Callable[[str], None]) -> Job:
    """Show a job's log, from its beginning, until it ends; returns how it ended.

    Raises:
        RefusedInput: there is no such job.
        Unreachable: the cluster has not answered for long.
    """
    return Following(jobs, name, show).wait()


class Following:
    """A job whose log is shown once, from its beginning, while it is waited for.

    Waiting may be interrupted and taken up again.

    Raises:
        RefusedInput: there is no such job.
    """

    def __init__(self, jobs: Jobs, name: str, show: Callable[[str], None]) -> None:
        self._jobs, self._name = jobs, name
        self._info, self._heard = job_info(jobs, name), time.monotonic()
        self._tail = _Tail(jobs, name, show)
        self._tail.start()

    def wait(self) -> Job:
        """Until the job ends; returns how it ended.

        Raises:
            Unreachable: the cluster has not answered for long.
        """
        while not self._info.ended:
            time.sleep(_POLL_SECONDS)
            try:
                self._info, self._heard = self._jobs.info(self._name), time.monotonic()
            except (Unreachable, NotAnswered) as error:
                if time.monotonic() - self._heard > _PATIENCE_SECONDS:
                    raise Unreachable(
                        f"job {self._name!r} was not heard of for {_PATIENCE_SECONDS:g} s: "
                        f"{error}; if it still runs, `ganray submit --follow {self._name}` finds "
                        "it again"
                    ) from None
        self._tail.finish()
        return self._info

    def hold(self) -> None:
        """Show nothing from now on: somebody else speaks, or nobody follows any more."""
        self._tail.hold()

    def release(self) -> None:
        """Show what was held back, and what is to come."""
        self._tail.release()


class _Tail(threading.Thread):
    """Reads a log over a web socket; where the connection ends it begins again, unseen.

    That it has ended says nothing of the job: dashboards and proxies close connections, too.
    """

    def __init__(self, jobs: Jobs, name: str, show: Callable[[str], None]) -> None:
        super().__init__(name="ganray-tail", daemon=True)
        self._jobs, self._name, self._show = jobs, name, show
        self._shown, self._ended, self._lock = 0, threading.Event(), threading.Lock()
        self._held: list[str] | None = None

    def run(self) -> None:
        while not self._ended.is_set():
            # Of many libraries; that the cluster is gone is for `follow` to say.
            with contextlib.suppress(Exception):
                asyncio.run(self._read())
            self._ended.wait(_POLL_SECONDS)

    async def _read(self) -> None:
        seen = 0
        async for text in self._jobs.tail(self._name):
            seen += len(text)
            self._show_from(text, seen - len(text))

    def _show_from(self, text: str, start: int) -> None:
        """Show what is new of `text`, whose first character is the log's at `start`."""
        with self._lock:
            new = text[max(0, self._shown - start) :]
            self._shown = max(self._shown, start + len(text))
            if new and self._held is not None:
                self._held.append(new)
            elif new:
                self._show(new)

    def hold(self) -> None:
        """Keep what comes until `release`."""
        with self._lock:
            self._held = self._held or []

    def release(self) -> None:
        """Show what was kept."""
        with self._lock:
            kept, self._held = "".join(self._held or []), None
            if kept:
                self._show(kept)

    def finish(self) -> None:
        """The job has ended: show what the web socket has not brought, from the log as a whole."""
        self._ended.set()
        deadline = time.monotonic() + _END_SECONDS
        while True:
            try:
                return self._show_from(self._jobs.log(self._name), 0)
            except GanrayError:
                if time.monotonic() > deadline:
                    return self._show("(the end of the log cannot be read)\n")
            time.sleep(_POLL_SECONDS)
