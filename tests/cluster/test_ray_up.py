"""`cluster/onprem.yaml` brought up, used and taken down: ray up, exec, job submit, down, over sshd.

The user's laptop and three machines are namespaces of this one. They reach no package index, so the
interpreter that runs the tests stands in for the one that the set-up commands would install; all
else in the file is run as it stands, with the addresses of the three written into it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ganray.store import Store
from tests.cluster.files import ROOT, documents
from tests.cluster.ssh_hosts import LAPTOP, SshHosts, missing, ssh_hosts
from tests.hosts import Process, wait_until_gone
from tests.tiny import TinyRun, digests

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(bool(missing()), reason=f"hosts with ssh need {missing()}"),
]

HEAD, WORKERS = "head", ("one", "two")
DASHBOARD = "http://127.0.0.1:8265"
RAYLET = "/raylet/raylet "


@dataclass
class Transcript:
    """What was done and how long it took."""

    hosts: SshHosts
    file: Path
    seconds: dict[str, float] = field(default_factory=dict)

    def ray(self, step: str, *words: str | Path, **environment: str) -> str:
        """A command of Ray on the laptop, in the checkout, as its first word and the file."""
        return self.timed(
            step,
            lambda: self.hosts.network[LAPTOP].run(
                *("ray", words[0], *words[1:]),
                env=self.hosts.environment | environment,
                cwd=ROOT,
                timeout=600,
            ),
        )

    def timed(self, step: str, act: Callable[[], str]) -> str:
        """Do something and note how long it took."""
        began = time.monotonic()
        said = act()
        self.seconds[step] = time.monotonic() - began
        return said


@pytest.fixture
def transcript() -> Iterator[Transcript]:
    """A laptop and three machines, with the cluster file for them; not yet a cluster."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ray-up-")))
        name = f"ganray-test-{os.getpid()}"
        stack.callback(_forget_connections, name)
        machines = stack.enter_context(ssh_hosts(folder, HEAD, *WORKERS))
        file = folder / "onprem.yaml"
        file.write_text(_for_hosts((ROOT / "cluster" / "onprem.yaml").read_text(), name, machines))
        yield Transcript(machines, file)


def test_study_on_a_cluster_that_ray_up_made(transcript: Transcript, tiny_run: TinyRun) -> None:
    machines, file, ray = transcript.hosts, transcript.file, transcript.ray
    store = machines.folder / "store"
    shutil.copytree(tiny_run.file.parent, machines.folder / "study")

    ray("ray get-auth-token", "get-auth-token", "--generate")
    _up(transcript)
    transcript.timed("until all have joined", lambda: _wait_for_workers(transcript))
    _check_what_came_onto_the_machines(machines)

    said = ray("ray exec", "exec", file, "ray status")
    cpus = len(WORKERS) * (os.cpu_count() or 1)
    assert f"/{cpus}.0 CPU" in said  # all of the workers', and none of the head's

    with _dashboard(transcript):
        with pytest.raises(RuntimeError, match="Authentication required"):
            ray("refused", "job", "list", "--address", DASHBOARD, RAY_AUTH_MODE="disabled")
        said = transcript.timed("ganray submit", lambda: _submit(transcript, store))
        assert "succeeded" in said
    assert digests(Store(str(store)), tiny_run.plan) == digests(tiny_run.store, tiny_run.plan)

    command = f"python -m ganray status tiny --store {store}"
    said = ray("ray exec ganray status", "exec", file, command)
    assert "tiny" in said

    raylets = [_raylet(machines, name) for name in (HEAD, *WORKERS)]
    ray("ray down", "down", "--yes", file)
    transcript.timed("until no raylet is left", lambda: _gone(raylets))
    print(*(f"{step:28} {took:6.1f} s" for step, took in transcript.seconds.items()), sep="\n")


def _up(transcript: Transcript) -> None:
    """Ray gives a head 30 s to start, which a busy machine may not keep: `ray up` again."""
    try:
        transcript.ray("ray up", "up", "--yes", transcript.file)
    except RuntimeError as error:
        if "timed out during startup" not in str(error):
            raise
        transcript.ray("ray up, again", "up", "--yes", transcript.file)


def _submit(transcript: Transcript, store: Path) -> str:
    """The README's command; the data lie where all machines see them."""
    folder = transcript.hosts.folder
    return transcript.hosts.laptop(
        *(
            "python",
            "-m",
            "ganray",
            "submit",
            folder / "study" / "tiny.yaml",
            "--address",
            DASHBOARD,
            "--store",
            store,
        ),
        *("--set", f"data.source={folder}/study/digits.parquet"),
        timeout=900,
        RAY_AUTH_MODE="token",
        PYTHONPATH=str(ROOT),
    )


def _raylet(machines: SshHosts, name: str) -> Process:
    (found,) = [p for p in machines.network[name].processes() if RAYLET in p.command]
    return found


def _gone(raylets: list[Process]) -> str:
    assert wait_until_gone(raylets, 180) == []
    return ""


def _for_hosts(text: str, name: str, machines: SshHosts) -> str:
    """The file with the lines marked EDIT filled in, and this interpreter instead of a new one."""
    address = machines.network.address
    text = text.replace("cluster_name: ganray", f"cluster_name: {name}")
    text = text.replace("ssh_user: ganray", "ssh_user: root")
    text = re.sub(r"head_ip: \S+", f"head_ip: {address(HEAD)}", text)
    workers = ", ".join(map(address, WORKERS))
    text = re.sub(r"worker_ips: \[.*?\]", f"worker_ips: [{workers}]", text)
    (config,) = documents(text)
    given = config["setup_commands"]
    installs = [command for command in given if re.search(r"\buv\b", command)]
    assert len(installs) == 3
    for command in installs:
        text = text.replace(f"  - {command}\n", "")
    stand_in = f"ln -sfn {sys.prefix} ~/venv && echo 'export PYTHONPATH=$HOME/ganray' >> ~/.bashrc"
    return text.replace("setup_commands:\n", f"setup_commands:\n  - {stand_in}\n")


def _wait_for_workers(transcript: Transcript) -> str:
    """Workers join after `ray up` is done: the head's autoscaler starts them by ssh."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        processes = [transcript.hosts.network[name].processes() for name in WORKERS]
        if all(any(RAYLET in process.command for process in some) for some in processes):
            said = transcript.ray(
                "ray list", "exec", transcript.file, "ray list nodes --format json"
            )
            if said.count('"ALIVE"') == 3:
                return said
        time.sleep(0.5)
    raise AssertionError("the workers have not joined")


def _check_what_came_onto_the_machines(machines: SshHosts) -> None:
    token = (machines.home(LAPTOP) / ".ray" / "auth_token").read_text()
    for name in (HEAD, *WORKERS):
        home = machines.home(name)
        assert (home / ".ray" / "auth_token").read_text() == token
        assert (home / ".ray" / "auth_token").stat().st_mode & 0o777 == 0o600
        assert (home / "ganray" / "ganray" / "spec.py").read_bytes() == (
            ROOT / "ganray" / "spec.py"
        ).read_bytes()
    # The dashboard listens on the head's loopback alone.
    look = f"import socket; socket.create_connection(('{HEAD}', 8265), 5)"
    with pytest.raises(RuntimeError, match="ConnectionRefusedError"):
        machines.laptop(sys.executable, "-c", look)


@contextlib.contextmanager
def _dashboard(transcript: Transcript) -> Iterator[None]:
    """`ray dashboard` in the background: the laptop's 8265 is then the head's."""
    laptop, env = transcript.hosts.network[LAPTOP], transcript.hosts.environment
    with (transcript.hosts.folder / "dashboard.log").open("wb") as log:
        words = ("ray", "dashboard", transcript.file)
        tunnel = laptop.start(*words, env=env, cwd=ROOT, output=log)
        try:
            look = "import socket; socket.create_connection(('127.0.0.1', 8265), 5)"
            transcript.timed(
                "ray dashboard", lambda: _until(laptop.run, sys.executable, "-c", look)
            )
            yield
        finally:
            tunnel.kill()
            tunnel.wait()


def _until(act: Callable[..., str], *words: str, seconds: float = 60.0) -> str:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return act(*words)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def _forget_connections(cluster: str) -> None:
    """Remove the folder in which Ray's ssh keeps its connections; all hosts see the same one."""
    user, name = (hashlib.sha256(word.encode()).hexdigest()[:10] for word in ("root", cluster))
    shutil.rmtree(f"/tmp/ray_ssh_{user}/{name}", ignore_errors=True)
    with contextlib.suppress(OSError):
        Path(f"/tmp/ray_ssh_{user}").rmdir()
