"""What can go wrong between a store and its S3 server, made to happen on a real one."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from ganray.errors import StoreError
from ganray.store import Store
from tests.s3_server import S3Server
from tests.store.artifacts import ADDRESS, commit

pytestmark = pytest.mark.s3


class _Proxy(BaseHTTPRequestHandler):
    """Passes requests on to the real server, and misbehaves on create-only writes as told."""

    protocol_version = "HTTP/1.1"
    upstream = ""
    fault = ""
    left = 0
    lock = threading.Lock()

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        faulty = self.command == "PUT" and "If-None-Match" in self.headers and self._take()
        if faulty and self.fault == "409 before":
            return self._answer(409, b"<Error><Code>ConditionalRequestConflict</Code></Error>")
        status, headers, content = self._ask(body)
        if faulty and self.fault == "reply lost":
            self.close_connection = True
            return self.connection.close()
        if faulty and self.fault == "409 after":
            return self._answer(409, b"<Error><Code>ConditionalRequestConflict</Code></Error>")
        if faulty and self.fault == "412 ignored" and status == 412:
            return self._answer(200, b"")
        return self._answer(status, content, headers)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass_on

    def _take(self) -> bool:
        with self.lock:
            type(self).left -= 1
            return type(self).left >= 0

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self.upstream)
        connection.request(self.command, self.path, body, dict(self.headers))
        reply = connection.getresponse()
        return reply.status, reply.getheaders(), reply.read()

    def _answer(
        self, status: int, content: bytes, headers: list[tuple[str, str]] | None = None
    ) -> None:
        own = {"content-length", "transfer-encoding", "connection", "date", "server"}
        length = dict(headers or []).get("Content-Length", str(len(content)))
        self.send_response(status)
        for name, value in headers or []:
            if name.lower() not in own:
                self.send_header(name, value)
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def _faulty(
    server: S3Server, monkeypatch: pytest.MonkeyPatch, fault: str, times: int
) -> Iterator[None]:
    upstream = urlsplit(server.endpoint).netloc
    handler = type("Handler", (_Proxy,), {"upstream": upstream, "fault": fault, "left": times})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        with monkeypatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.server_port}")
            yield
        proxy.shutdown()


@pytest.mark.chaos
@pytest.mark.parametrize("fault", ["reply lost", "409 before", "409 after"])
def test_a_doubtful_reply_is_settled_by_reading_back(
    s3_server: S3Server, s3_url: str, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    rival = Store(s3_url)
    assert rival.create("runs/theirs", b"equal")
    with _faulty(s3_server, monkeypatch, fault, times=1):
        assert Store(s3_url).create("runs/mine", b"equal")
    with _faulty(s3_server, monkeypatch, fault, times=1):
        assert not Store(s3_url).create("runs/theirs", b"equal")
    with _faulty(s3_server, monkeypatch, fault, times=3):
        manifest = commit(Store(s3_url))
    assert rival.manifest(ADDRESS) == manifest
    assert rival.verify(manifest) == []


@pytest.mark.chaos
def test_a_write_that_stays_in_doubt_raises_and_shows_nothing(
    s3_server: S3Server, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganray.store.remote.patience.OUTAGE_SECONDS", 1.0)
    with (
        _faulty(s3_server, monkeypatch, "409 before", times=1000),
        pytest.raises(StoreError, match="ConditionalRequestConflict"),
    ):
        Store(s3_url).create("runs/undecided", b"x")
    assert Store(s3_url).get("runs/undecided") is None


@pytest.mark.chaos
def test_a_server_that_ignores_create_only_is_found_by_the_probe(
    s3_server: S3Server, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        _faulty(s3_server, monkeypatch, "412 ignored", times=1000),
        pytest.raises(StoreError, match=r"does not honour create-only writes"),
    ):
        Store(s3_url).probe()


def test_a_wrong_secret_is_told_and_not_repeated(
    s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush-hush")
    with pytest.raises(StoreError, match=f"store {s3_url}: the secret key is wrong") as refusal:
        Store(s3_url).probe()
    assert "hush" not in str(refusal.value)


def test_an_unknown_key_is_told(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODY")
    store = Store(s3_url)
    for use in (store.probe, lambda: store.manifest(ADDRESS)):
        with pytest.raises(StoreError, match=r"the access key is not known.*AWS_ACCESS_KEY_ID"):
            use()
    with pytest.raises(StoreError, match="access denied"):
        store.files.size("runs/x")  # the answer to HEAD has no body that could tell more


def test_missing_credentials_are_told(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StoreError, match="no credentials found"):
        Store(s3_url).probe()


def test_where_amazon_is_asked_for_lack_of_an_endpoint_it_says_so(
    s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a node to which the variables of the machine that submits have not come."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(StoreError) as there:
        Store(s3_url).probe()
    assert "Amazon" not in str(there.value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with pytest.raises(StoreError, match="Amazon was asked, as neither AWS_ENDPOINT_URL nor"):
        Store(s3_url).probe()


def test_a_key_that_may_only_read_reads_and_is_refused_to_write(
    s3_server: S3Server, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = commit(Store(s3_url))
    for name, value in s3_server.environment(reader=True).items():
        monkeypatch.setenv(name, value)
    reader = Store(s3_url)
    assert reader.verify(manifest) == []
    assert reader.manifest(ADDRESS) == manifest
    with pytest.raises(StoreError, match="access denied"):
        reader.probe()


def test_a_missing_bucket_is_told_by_every_use(s3_url: str) -> None:
    absent = Store("s3://absent-bucket/x")
    uses = (
        absent.probe,
        lambda: absent.get("runs/x"),
        lambda: absent.put("runs/x", b""),
        lambda: absent.manifest(ADDRESS),
        lambda: commit(absent),
    )
    for use in uses:
        with pytest.raises(StoreError, match="store s3://absent-bucket/x: there is no such bucket"):
            use()


def test_an_impossible_bucket_name_is_told(s3_url: str) -> None:
    with pytest.raises(StoreError, match=r"store s3://Bad_Bucket!/x: .*no valid bucket name"):
        Store("s3://Bad_Bucket!/x").probe()


def test_a_closed_port_is_told_with_its_endpoint(
    s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(StoreError, match=f"{endpoint} does not answer"):
        Store(s3_url).probe()


@pytest.mark.chaos
@pytest.mark.timeout(40)
def test_a_server_that_accepts_and_falls_silent_is_told(
    s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.setattr("ganray.store.remote.s3._HASTY_DEADLINE", 0.5)
        with pytest.raises(StoreError, match=f"{endpoint} does not answer"):
            Store(s3_url).probe()


def test_an_endpoint_that_is_no_url_is_told(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "user:hush@nonsense")
    with pytest.raises(StoreError, match="AWS_ENDPOINT_URL") as refusal:
        Store(s3_url).probe()
    assert "hush" not in str(refusal.value)


def test_objects_that_stand_for_folders_are_no_files(
    s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As browsers of buckets and Hadoop make them; this server lists only some as others do."""
    store, (_, _, bucket, prefix) = Store(s3_url), s3_url.split("/")
    store.put("runs/a/plan.json", b"x")
    for name in ("runs/", "runs/a/", "runs_$folder$", "runs/b_$folder$"):
        store.files._s3.call_s3("put_object", Bucket=bucket, Key=f"{prefix}/{name}")
    assert store.list("") == ["runs/a/plan.json"]
    when = datetime(2026, 1, 1, tzinfo=UTC)
    listed = {"runs/": 0, "runs_$folder$": 0, "runs/x_$folder$": 1, "runs/y": 0}
    page = {
        "Contents": [
            {"Key": f"{prefix}/{name}", "Size": size, "LastModified": when}
            for name, size in listed.items()
        ]
    }
    monkeypatch.setattr(store.files, "_list", lambda *_: page)
    assert store.list("") == ["runs/x_$folder$", "runs/y"]
