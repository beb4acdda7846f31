"""The watcher that drains a node when its cloud takes the machine away, over real HTTP."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tests.cluster.files import ROOT

SCRIPT = ROOT / "cluster" / "preemption.py"
AWS_NOTICE = '{"action": "terminate", "time": "2030-01-01T00:00:00Z"}'


class Metadata(BaseHTTPRequestHandler):
    """Answers as both clouds do: nothing without the right headers, no notice as 404 or FALSE."""

    notice = threading.Event()
    asked: ClassVar[list[str]] = []

    def do_PUT(self) -> None:
        lifetime = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        right = self.path == "/latest/api/token" and lifetime
        self._answer(200 if right else 400, "secret" if right else "")

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/latest/meta-data/spot/instance-action":
            if self.headers.get("X-aws-ec2-metadata-token") != "secret":
                self._answer(401, "")
            else:
                self._answer(*((200, AWS_NOTICE) if self.notice.is_set() else (404, "Not Found")))
        elif self.path == "/computeMetadata/v1/instance/preempted":
            right = self.headers.get("Metadata-Flavor") == "Google"
            self._answer(200 if right else 403, "TRUE" if self.notice.is_set() else "FALSE")
        else:
            self._answer(404, "")

    def _answer(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


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
