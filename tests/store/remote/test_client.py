"""A server that says nothing, next to nothing or nonsense: every call has its deadline.

The deadlines are short ones here; none of the calls may need another's end.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ganray.data.location import Location
from ganray.errors import RefusedInput, StoreError
from ganray.store import Store
from ganray.store.remote import s3
from ganray.store.remote.deadline import Upload
from ganray.store.remote.filesystem import DataFiles, state_place
from tests.s3_proxy import Faults, S3Proxy, running_proxy
from tests.s3_server import S3Server

pytestmark = pytest.mark.chaos
SILENT, HEAD, BODY = "silent", "its head trickles", "its body trickles"
GARBAGE, NOBODY = "its answer is no HTTP", "nobody listens"
STARTS = {
    GARBAGE: b"  ",
    HEAD: b"HTTP/1.1 200 OK\r\nX-Slow: ",
    BODY: b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Type: text/xml\r\n\r\n",
}


def _streamed(store: Store) -> None:
    with store.files.writer("runs/streamed") as sink:
        sink.write(bytes(2**20))


CALLS: dict[str, Callable[[Store], Any]] = {
    "create": lambda store: store.create("runs/a", b"a"),
    "put": lambda store: store.put("runs/a", b"a"),
    "put much": lambda store: store.put("runs/a", bytes(2**22)),
    "get": lambda store: store.get("runs/a"),
    "size": lambda store: store.files.size("runs/a"),
    "list": lambda store: store.list("runs/"),
    "remove": lambda store: store.files.remove("runs/a"),
    "stream": _streamed,
}


def _trickle(connection: socket.socket, start: bytes, ended: threading.Event) -> None:
    try:
        connection.sendall(start)
        while not ended.wait(0.05):
            connection.sendall(b" ")
    except OSError:  # the client has had enough
        pass


@pytest.fixture(params=[SILENT, HEAD, BODY, GARBAGE, NOBODY])
def endpoint(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A listener that is no server, with the settings by which stores find it."""
    settings = S3Server("", "k", "s", "k", "s").environment()
    ended, kept = threading.Event(), []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if request.param != NOBODY:
            listener.listen(64)
        settings["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

        def accept() -> None:
            while not ended.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                kept.append(connection)
                start = STARTS.get(request.param, b"")
                if start:
                    threading.Thread(target=_trickle, args=(connection, start, ended)).start()

        threading.Thread(target=accept, daemon=True).start()
        yield settings["AWS_ENDPOINT_URL"]
        ended.set()
        with contextlib.suppress(OSError):  # where it did not listen
            listener.shutdown(socket.SHUT_RDWR)
    for connection in kept:
        connection.close()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines and patience that a test can wait for."""
    monkeypatch.setattr(s3, "DEADLINE_SECONDS", 0.3)
    monkeypatch.setattr(s3, "_HASTY_DEADLINE", 0.3)
    monkeypatch.setattr("ganray.store.remote.patience.OUTAGE_SECONDS", 0.2)


@pytest.mark.usefixtures("short")
def test_every_call_ends_by_its_deadline_and_names_the_endpoint(
    endpoint: str, request: pytest.FixtureRequest
) -> None:
    store, calls = Store("s3://bucket/x", known=True), dict(CALLS)
    if request.node.callspec.params["endpoint"] == BODY:  # to others the head is answer enough
        calls = {name: CALLS[name] for name in ("list", "get", "put")}

    def said(call: Callable[[Store], Any]) -> str:
        with pytest.raises(StoreError) as failure:
            call(store)
        assert failure.value.away
        return str(failure.value)

    with ThreadPoolExecutor(len(calls)) as callers:
        for name, line in zip(calls, callers.map(said, calls.values()), strict=True):
            assert f"the endpoint {endpoint} does not answer" in line, name
            assert "\n" not in line


@pytest.mark.usefixtures("short", "endpoint")
def test_state_of_others_ends_by_its_deadline_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tune lists, reads and writes through s3fs itself, which lists by a way of its own."""
    files, path = state_place("s3://bucket/x", "ray-state")
    assert files is not None
    again = pickle.loads(pickle.dumps(files))
    monkeypatch.setattr(again, "_seconds", 0.3)
    for call in (again.ls, again.cat_file, lambda p: again.pipe_file(p, b"x")):
        with pytest.raises(OSError):
            call(path)


@pytest.mark.s3
def test_a_call_that_was_given_up_holds_up_no_later_one(
    s3_server: S3Server, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_proxy(s3_server.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        store = Store(s3_url)
        store.put("runs/a", b"before")
        with monkeypatch.context() as short:
            short.setattr(store.files._s3, "_seconds", 0.3)  # type: ignore[attr-defined]
            short.setattr("ganray.store.remote.patience.OUTAGE_SECONDS", 0.2)
            _give_up(store, proxy)
        proxy.switch(None)
        assert store.get("runs/a") == b"before"
        assert store.create("runs/b", b"after")
        _streamed(store)
        assert store.files.size("runs/streamed") == 2**20


def _give_up(store: Store, proxy: S3Proxy) -> None:
    proxy.switch(Faults(("timeout",)))
    with ThreadPoolExecutor(12) as callers:
        waiting = [callers.submit(store.get, "runs/a") for _ in range(12)]
        for one in waiting:
            with pytest.raises(StoreError, match="does not answer"):
                one.result()


@pytest.mark.s3
def test_what_is_uploaded_in_pieces_arrives_whole(s3_url: str, tmp_path: Path) -> None:
    store, data = Store(s3_url), os.urandom(3 * 2**20 + 7)
    store.put("runs/large", data)
    assert store.get("runs/large") == data


@pytest.mark.usefixtures("short")
def test_data_at_s3_is_read_with_a_deadline_too(
    endpoint: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DataFiles, "cachable", False)
    place = Location.of(f"s3://bucket/{request.node.callspec.id.replace(' ', '-')}")
    monkeypatch.setattr(place.fs, "_seconds", 0.3)
    uses = [place.read, place.children]
    if request.node.callspec.params["endpoint"] != BODY:  # the head says how long it is
        uses.append(lambda: place.open().__enter__())
    for use in uses:
        with pytest.raises(RefusedInput, match=endpoint):
            use()


@pytest.mark.s3
def test_data_in_a_store_outlasts_an_outage_as_the_store_does(
    s3_server: S3Server, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DataFiles, "cachable", False)
    with running_proxy(s3_server.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        Store(s3_url).put("runs/a", b"data")
        proxy.switch(Faults(("503",), limit=7))
        assert Location.of(f"{s3_url}/runs/a").read() == b"data"
        assert proxy.counts["503"] == 7


def test_of_an_upload_little_counts_as_moved_that_nobody_takes(
    endpoint: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a slow line has megabytes to send after the last that was seen to move."""
    if request.node.callspec.params["endpoint"] != SILENT:
        pytest.skip("the others answer before they have heard")
    sent: list[Upload] = []

    def kept(*words: Any) -> Upload:
        sent.append(Upload(*words))
        return sent[-1]

    monkeypatch.setattr("ganray.store.remote.client.Upload", kept)
    for seconds in (0.3, 3.0, 30.0, 300.0):  # until there was time to send some
        monkeypatch.setattr(s3, "DEADLINE_SECONDS", seconds)
        with pytest.raises(StoreError, match=endpoint):
            Store("s3://bucket/x").put("runs/a", bytes(2**24))
        if sent[-1].tell():
            break
    assert 0 < sent[-1].tell() < 2**21
