"""What Ray starts in the place of its agents, without Ray: files with ports, and who connects."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from ganray.distributed.cluster import standby
from tests import HANG_SECONDS
from tests.distributed.processes import gone

RUNTIME, OPTION = "runtime_env_agent_port", "--runtime-env-agent-port"
AGENT = """
import pathlib, sys
pathlib.Path(__file__).with_name("told").write_text("\\n".join(sys.argv[1:]))
"""


@pytest.fixture
def session(tmp_path: Path) -> Path:
    (tmp_path / "agent.py").write_text(AGENT)
    return tmp_path


def command(session: Path) -> list[str]:
    agent = [str(session / "agent.py"), f"--session-dir={session}", "--node-id=abc"]
    return [sys.executable, "-I", "-S", standby.__file__, *agent]


@contextmanager
def standing_by(session: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([*command(session), *words])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def waited(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HANG_SECONDS
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_serves_a_dashboard_is_not_in_use_and_stays(session):
    names = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port")
    files = [session / f"{name}_abc" for name in names]
    with standing_by(session, "--grpc-port=0") as process:
        waited(lambda: all(file.exists() for file in files))
        assert [file.read_text() for file in files] == ["-1"] * 3
        assert process.poll() is None


def test_who_asks_for_a_runtime_environment_gets_the_agent_at_the_same_port(session):
    file, words = (
        session / f"{RUNTIME}_abc",
        ["--node-ip-address=127.0.0.1", f"{OPTION}=0", "--x=1"],
    )
    with standing_by(session, *words) as process:
        waited(file.exists)
        port = int(file.read_text())
        socket.create_connection(("127.0.0.1", port), HANG_SECONDS).close()
        assert process.wait(HANG_SECONDS) == 0
    told = (session / "told").read_text().splitlines()
    assert told[2:] == ["--node-ip-address=127.0.0.1", f"{OPTION}={port}", "--x=1"]


def test_it_ends_with_its_node(session):
    """The node is a process that starts it and ends."""
    file = session / f"{RUNTIME}_abc"
    code = f"""
import os, subprocess, sys, time
print(subprocess.Popen(sys.argv[1:]).pid)
while not os.path.exists({str(file)!r}):
    time.sleep(0.02)
"""
    words = [*command(session), "--node-ip-address=127.0.0.1", f"{OPTION}=0"]
    node = [sys.executable, "-c", code, *words]
    run = subprocess.run(node, stdout=subprocess.PIPE, timeout=HANG_SECONDS, check=True)
    assert gone(lambda: [int(run.stdout)] if psutil.pid_exists(int(run.stdout)) else [])
