"""The watcher that drains a node when its cloud takes the machine away, over real HTTP."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from tests import hosts
from tests.cluster.autoscaling import elastic
from tests.cluster.files import ROOT
from tests.cluster.metadata import AWS_NOTICE, Metadata

SCRIPT = ROOT / "cluster" / "preemption.py"
WATCHED = f"""
import subprocess, sys, ray
from ray._private.state import state
ray.init("auto")
@ray.remote(num_cpus=0)
class Busy:
    def node(self):
        return ray.get_runtime_context().get_node_id()
busy = Busy.remote()  # a node without work would be gone at once
node = ray.get(busy.node.remote())
print("draining before:", node in state.get_draining_nodes())
subprocess.run([sys.executable, {str(SCRIPT)!r}, "aws"], check=True)
print("draining after:", node in state.get_draining_nodes())
"""


@pytest.fixture
def metadata() -> Iterator[str]:
    """`host:port` of a metadata service that has no notice yet."""
    Metadata.notice.clear()
    Metadata.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("cloud", "seconds"), [("aws", "120"), ("gcp", "30")])
def test_notice_drains_the_node(cloud: str, seconds: str, metadata: str, tmp_path: Path) -> None:
    fake = tmp_path / "ray"
    fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/words\nexit 7\n')
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    watcher = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import runpy, sys; sys.argv = ['x', {cloud!r}];"
            f"run = runpy.run_path({str(SCRIPT)!r}); run['main'].__globals__['POLL_SECONDS'] = 0.1;"
            f"sys.exit(run['main']({cloud!r}))",
        ],
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{metadata}/",
            "GCE_METADATA_HOST": metadata,
        },
    )
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            watcher.wait(1.5)
        assert Metadata.asked
        assert not (tmp_path / "words").exists()
        Metadata.notice.set()
        assert watcher.wait(30) == 7
    finally:
        watcher.kill()
        watcher.wait()
    words = (tmp_path / "words").read_text().splitlines()
    assert words[:3] == ["drain-node", "--reason", "DRAIN_NODE_REASON_PREEMPTION"]
    assert words[words.index("--deadline-remaining-seconds") + 1] == seconds
    assert words[words.index("--reason-message") + 1] == (AWS_NOTICE if cloud == "aws" else "TRUE")


def test_ray_has_the_command_and_its_options() -> None:
    ray = Path(sys.executable).with_name("ray")
    command = str(ray) if ray.exists() else shutil.which("ray")
    assert command
    said = subprocess.run([command, "drain-node", "--help"], capture_output=True, text=True).stdout
    for word in (
        "--reason",
        "DRAIN_NODE_REASON_PREEMPTION",
        "--reason-message",
        "--deadline-remaining-seconds",
        "default to current node",
    ):
        assert word in said


@pytest.mark.parametrize("words", [[], ["azure"], ["aws", "gcp"]])
def test_other_clouds_are_refused(words: list[str]) -> None:
    run = subprocess.run([sys.executable, SCRIPT, *words], capture_output=True, text=True)
    assert run.returncode == 1
    assert "must be aws or gcp" in run.stderr


@pytest.mark.cluster
@pytest.mark.skipif(bool(hosts.missing()), reason=f"hosts need {hosts.missing()}")
def test_node_is_draining_for_all_to_see() -> None:
    """A real node, and a metadata service beside it whose notice stands."""
    with elastic({"cpu": {"CPU": 1}}, 1, 60) as cluster:
        words = (sys.executable, "-m", "tests.cluster.metadata", "8000")
        metadata = cluster.host.start(*words, env=cluster.environment)
        try:
            address = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:8000"}
            env = cluster.environment | address
            said = cluster.host.run(sys.executable, "-c", WATCHED, env=env, timeout=300)
        finally:
            metadata.kill()
            metadata.wait()
    assert "draining before: False" in said
    assert "draining after: True" in said
