"""jobs/study.py under a real `ray job submit`, to a cluster that this test starts."""

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
from dataclasses import dataclass
from pathlib import Path

import pytest

from ganray.pipeline.runs import find_run
from ganray.store import Store
from tests.cli.command import CHEAP
from tests.tiny import TinyRun

pytestmark = [pytest.mark.ray, pytest.mark.slow]

JOB = Path(__file__).parents[2] / "jobs" / "study.py"
RAY = Path(sys.executable).with_name("ray")


@dataclass(frozen=True)
class Head:
    """A cluster of one node, on loopback, for whoever has the token."""

    dashboard: str
    environment: dict[str, str]

    def ray(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`ray WORDS`, as someone would type it beside the cluster."""
        return subprocess.run(
            [str(RAY), *words], env=self.environment, capture_output=True, text=True, timeout=200
        )


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    """`ray start --block` in a folder of its own; ended by its process group, nobody else's."""
    folder = tempfile.mkdtemp(prefix="gr-", dir="/tmp")  # Ray's sockets need a short path
    port, dashboard, agent, clients = (_free_port() for _ in range(4))
    environment = os.environ | {
        "HOME": str(tmp_path_factory.mktemp("home")),
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
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(f"the head did not start: {log.read_text()[-2000:]}")


@pytest.fixture
def parcel(tiny_study: Path, tmp_path: Path) -> Path:
    """A working directory to submit: the job script, a study file and its data."""
    folder = tmp_path / "parcel"
    shutil.copytree(tiny_study.parent, folder)
    (folder / "jobs").mkdir()
    shutil.copy(JOB, folder / "jobs")
    return folder


def submit(head: Head, parcel: Path, *words: str) -> subprocess.CompletedProcess[str]:
    job = ("--", "python", "jobs/study.py", "tiny.yaml", *words)
    there = ("--address", head.dashboard, "--working-dir", str(parcel))
    deadline = time.monotonic() + 60
    while True:
        answer = head.ray("job", "submit", *there, *job)
        if "No available agent" not in answer.stderr or time.monotonic() > deadline:
            return answer
        time.sleep(1)  # the node's agent comes up some seconds after the dashboard


def test_a_submitted_study_runs_and_its_resubmission_does_nothing(
    head: Head, parcel: Path, tiny_run: TinyRun, tmp_path: Path
) -> None:
    url = str(tmp_path / "store")
    done = submit(head, parcel, "--store", url, *CHEAP)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "succeeded" in done.stdout
    store = Store(url)
    plan = find_run(store, "tiny").plan
    for address in set(plan.by_address) & set(tiny_run.plan.by_address):
        assert store.manifest(address).digest == tiny_run.store.manifest(address).digest
    again = submit(head, parcel, "--store", url, *CHEAP)
    assert "nothing to do" in again.stdout


def test_a_relative_store_is_refused_in_a_job(head: Head, parcel: Path) -> None:
    refused = submit(head, parcel, "--store", "here", *CHEAP)
    assert refused.returncode == 1  # `ray job submit` knows no other failure
    assert "error: --store (='here') must be an absolute folder" in refused.stdout
    assert "exit code 2" in refused.stdout + refused.stderr
