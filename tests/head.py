"""A real cluster of one node with a dashboard and a token: what jobs are submitted to."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import HANG_SECONDS
from tests.ending import BESIDE_RAY
from tests.ports import free_ports

RAY = Path(sys.executable).with_name("ray")


@dataclass(frozen=True)
class Head:
    """A cluster of one node, on loopback, for whoever has the token."""

    dashboard: str
    environment: dict[str, str]

    def ray(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`ray WORDS`, as someone would type it beside the cluster."""
        return subprocess.run(
            [str(RAY), *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
        )


@pytest.fixture(scope="session")
def head(tmp_path_factory: pytest.TempPathFactory) -> Head:
    """One for all tests that need Ray."""
    return BESIDE_RAY.enter_context(running_head(tmp_path_factory.mktemp("home")))


@contextmanager
def running_head(home: Path) -> Iterator[Head]:
    """`ray start --block` in a folder of its own; ended by its process group, nobody else's."""
    folder = tempfile.mkdtemp(prefix="gr-", dir="/tmp")  # Ray's sockets need a short path
    port, dashboard, agent, clients = free_ports(4)
    environment = os.environ | {
        "HOME": str(home),
        # As on a real cluster, where the nodes' `python` is the one with ganray.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(16),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    }
    words = ["start", "--head", "--block", "--num-cpus=2", "--disable-usage-stats"]
    places = [f"--port={port}", f"--dashboard-port={dashboard}", f"--temp-dir={folder}"]
    places += [f"--dashboard-agent-listen-port={agent}", f"--ray-client-server-port={clients}"]
    loopback = ["--node-ip-address=127.0.0.1", "--dashboard-host=127.0.0.1"]
    with Path(folder, "head.log").open("wb") as log:
        process = subprocess.Popen(
            [str(RAY), *words, *places, *loopback, "--include-dashboard=true"],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_for(dashboard, process, Path(folder, "head.log"))
            yield Head(f"http://127.0.0.1:{dashboard}", environment)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(HANG_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + HANG_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(f"the head did not start: {log.read_text()[-2000:]}")
