"""Following a job from outside its cluster: its log as it is written, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable

from ray.job_submission import JobDetails

from ganray.distributed.submission import Jobs, Unreachable, job_info
from ganray.errors import GanrayError

_POLL_SECONDS = 0.5
_PATIENCE_SECONDS = 90.0  # a restarted dashboard or a lost tunnel may come back
_END_SECONDS = 10.0  # for the last lines of a job that has ended


def follow(jobs: Jobs, name: str, show: Callable[[str], None]) -> JobDetails:
    """Show a job's log, from its beginning, until it ends; returns how it ended.

    Raises:
        RefusedInput: there is no such job.
        Unreachable: the cluster has not answered for long.
    """
    info, heard = job_info(jobs, name), time.monotonic()
    tail = _Tail(jobs, name, show)
    tail.start()
    while not info.status.is_terminal():
        time.sleep(_POLL_SECONDS)
        try:
            info, heard = jobs.get_job_info(name), time.monotonic()
        except (Unreachable, RuntimeError) as error:
            if time.monotonic() - heard > _PATIENCE_SECONDS:
                raise Unreachable(
                    f"job {name!r} was not heard of for {_PATIENCE_SECONDS:g} s: {error}; if it "
                    f"still runs, `ganray submit --follow {name}` finds it again"
                ) from None
    tail.finish()
    return info


class _Tail(threading.Thread):
    """Reads a log over a web socket; where the connection ends it begins again, unseen.

    That it has ended says nothing of the job: dashboards and proxies close connections, too.
    """

    def __init__(self, jobs: Jobs, name: str, show: Callable[[str], None]) -> None:
        super().__init__(name="ganray-tail", daemon=True)
        self._jobs, self._name, self._show = jobs, name, show
        self._shown, self._ended, self._lock = 0, threading.Event(), threading.Lock()

    def run(self) -> None:
        while not self._ended.is_set():
            # Of many libraries; that the cluster is gone is for `follow` to say.
            with contextlib.suppress(Exception):
                asyncio.run(self._read())
            self._ended.wait(_POLL_SECONDS)

    async def _read(self) -> None:
        seen = 0
        async for text in self._jobs.tail_job_logs(self._name):
            seen += len(text)
            self._show_from(text, seen - len(text))

    def _show_from(self, text: str, start: int) -> None:
        """Show what is new of `text`, whose first character is the log's at `start`."""
        with self._lock:
            new = text[max(0, self._shown - start) :]
            self._shown = max(self._shown, start + len(text))
            if new:
                self._show(new)

    def finish(self) -> None:
        """The job has ended: show what the web socket has not brought, from the log as a whole."""
        self._ended.set()
        deadline = time.monotonic() + _END_SECONDS
        while True:
            try:
                return self._show_from(self._jobs.get_job_logs(self._name), 0)
            except (GanrayError, RuntimeError):
                if time.monotonic() > deadline:
                    return self._show("(the end of the log cannot be read)\n")
            time.sleep(_POLL_SECONDS)
