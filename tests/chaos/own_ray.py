"""What of the suite needs neither root nor namespaces: the driver's own Ray, behind the proxy."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.chaos.cluster import WORKERS
from tests.chaos.inspector import answer
from tests.hosts import Process, find_process
from tests.s3_proxy import Faults, S3Proxy, running_proxy
from tests.s3_server import BUCKET, S3Server, running_s3_server

KINDS = (
    "trainer",
    "worker",
    "driver",
    "agent",
    "stop_trainer",
    "stop_worker",
    "stop_driver",
    *(
        f"s3_{kind}"
        for kind in (
            "500",
            "503",
            "silence",
            "cut_upload",
            "reset",
            "truncated",
            "slow",
            "lost_reply",
            "late_write",
        )
    ),
)


@contextmanager
def behind_proxy(folder: Path) -> Iterator[OwnRay]:
    """One that is up, with whatever it leaves to look at in a folder."""
    (folder / "home").mkdir(parents=True)
    with running_s3_server(folder / "s3") as server, running_proxy(server.endpoint) as proxy:
        os.environ.update(server.environment())  # this process looks at the store without the proxy
        yield OwnRay(server, proxy, folder / "home")


class OwnRay:
    """Takes the place of `chaos.cluster.Cluster`: each driver starts a Ray of its own.

    Args:
        home: of the drivers, for what Ray keeps there.
    """

    ended_by = ("agent",)

    def __init__(self, server: S3Server, proxy: S3Proxy, home: Path) -> None:
        self._proxy, self.said = proxy, home / "drivers.log"
        self._mark = f"CHAOS_MARK={secrets.token_hex(8)}"
        name, _, value = self._mark.partition("=")
        self._env = {
            **os.environ,
            **server.environment(),
            **{"AWS_ENDPOINT_URL": proxy.endpoint, "HOME": str(home), name: value},
            **{"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "PYTHONUNBUFFERED": "1"},
        }

    def start_driver(self, words: list[str]) -> subprocess.Popen[str]:
        """Start `ganray` with these words; both its streams are one pipe."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.driver", *words],
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def find(self, name: str, part: str | Callable[[str], bool]) -> list[Process]:
        """All processes that drivers started, and their own: told for the head and one worker."""
        if name == WORKERS[1]:
            return []
        wanted = part if callable(part) else lambda command: part in command
        return [process for process in self.strangers() if wanted(process.command)]

    def strangers(self) -> list[Process]:
        """What still runs of any driver."""
        found = (find_process(int(folder.name)) for folder in _marked(self._mark))
        return [process for process in found if process is not None]

    def fail_requests(self, faults: dict[str, Any] | None) -> None:
        """Let the proxy misbehave as told, or not at all."""
        self._proxy.switch(
            Faults(**{**faults, "kinds": tuple(faults["kinds"])}) if faults else None
        )

    def restore(self, lost_head: bool) -> None:
        """End every fault."""
        self.fail_requests(None)

    def restart_ray(self) -> None:
        """End what drivers have left."""
        for process in self.strangers():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    def processes(self) -> list[Process]:
        """All that drivers have started."""
        return self.strangers()

    def requests_hit(self) -> Counter[str]:
        """How many requests to the store were answered as none should be, by kind."""
        return Counter(self._proxy.counts)

    def inspect(self, **question: Any) -> dict[str, Any]:
        """See `chaos.inspector`."""
        return answer(question)

    def url(self, name: str) -> str:
        """A prefix of the bucket that is nobody else's."""
        return f"s3://{BUCKET}/{self._mark[-16:]}/{name}"


def _marked(mark: str) -> list[Path]:
    """Folders in /proc of the processes whose environment has the mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(folder)
        except OSError:  # it has ended meanwhile, or is another user's
            continue
    return found
