"""The drivers of one round, and what they said when."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import IO, Any

from tests.chaos.cluster import Cluster

LOST = re.compile(r"^(?P<title>[^:]+): (warning: .*(died|resubmitted)|preempted: )")
PROGRESS = re.compile(r"^(?P<title>[^:]+): (\d+/\d+|done)")


@dataclass
class Drivers:
    """Runs one command on the head, again and again as the harness decides.

    Attributes:
        said: every line of all of them on either stream, with the time (monotonic) it came.
        ended: exit code, seconds and last line of each that has ended.
        started: when the last one was (monotonic seconds).
    """

    cluster: Cluster
    words: list[str]
    said: list[tuple[float, str]] = field(default_factory=list)
    ended: list[dict[str, Any]] = field(default_factory=list)
    started: float = 0.0
    _process: subprocess.Popen[Any] | None = None
    _reader: threading.Thread | None = None

    def start(self) -> None:
        """Give the command."""
        self.started = time.monotonic()
        self._process = self.cluster.start_driver(self.words)
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reader.start()

    def poll(self) -> int | None:
        """The exit code of the one that has just ended, told once; None while it runs."""
        if self._process is None or self._process.poll() is None:
            return None
        code = self._process.returncode
        assert self._reader is not None
        self._reader.join(10)
        self._process = None
        seconds = round(time.monotonic() - self.started, 2)
        last = next((line for _, line in reversed(self.said) if line.strip()), "")
        self.ended.append({"code": code, "seconds": seconds, "last": last[-500:]})
        return code

    def kill(self) -> None:
        """End the one that runs, if one does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self.poll()

    def noticed(self, since: float) -> tuple[float | None, float | None]:
        """Seconds from `since` until a driver told of a loss, and until that task went on."""
        lost = None
        for moment, line in self.said:
            if moment < since:
                continue
            if lost is None and (match := LOST.match(line)):
                lost = (moment, match["title"])
            elif lost and (match := PROGRESS.match(line)) and match["title"] == lost[1]:
                return round(lost[0] - since, 2), round(moment - since, 2)
        return (round(lost[0] - since, 2) if lost else None), None

    def went_on(self, since: float) -> float | None:
        """Seconds from `since` until the first progress of any task after it."""
        moments = (at for at, line in self.said if at > since and PROGRESS.match(line))
        first = next(moments, None)
        return None if first is None else round(first - since, 2)

    def _read(self, stream: IO[str]) -> None:
        with self.cluster.said.open("a") as copy:
            for line in stream:
                self.said.append((time.monotonic(), line.rstrip("\n")))
                print(time.strftime("%H:%M:%S"), line, end="", file=copy, flush=True)
