"""The store behind a proxy that misbehaves: every operation ends well, or says why not."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from ganray.errors import StoreError
from ganray.store import Store
from ganray.store.remote import patience
from tests.s3_proxy import KINDS, Faults, S3Proxy, running_proxy
from tests.s3_server import S3Server
from tests.store.artifacts import ADDRESS, commit

pytestmark = [pytest.mark.s3, pytest.mark.chaos]

QUICK = sorted(KINDS.keys() - {"timeout"})
"""All that do not wait for a client's own time-out of a minute."""


@pytest.fixture
def proxy(s3_server: S3Server, s3_url: str, monkeypatch: pytest.MonkeyPatch):
    with running_proxy(s3_server.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        yield proxy


def test_without_faults_it_is_not_noticed(proxy: S3Proxy, s3_url: str):
    store, data = Store(s3_url), secrets.token_bytes(3 * 2**20)
    store.probe()
    store.put("runs/large", data)
    assert store.get("runs/large") == data
    assert store.get("runs/absent") is None
    assert store.list("runs/") == ["runs/large"]
    assert proxy.counts == {}


@pytest.mark.parametrize("kind", QUICK)
def test_each_fault_is_survived(
    proxy: S3Proxy, s3_url: str, s3_server: S3Server, monkeypatch, kind: str
):
    """Once for every kind of request: reading, listing, writing, creating."""
    store, data = Store(s3_url), secrets.token_bytes(100_000)
    faults = Faults((kind,), share=1.0, limit=1, seconds=0.3)
    proxy.switch(faults)
    assert store.create("runs/created", data)
    assert proxy.counts[kind] == 1
    proxy.switch(faults)
    store.put("runs/put", data)
    assert proxy.counts[kind] == 2
    if kind != "cut_upload":  # what follows sends nothing
        proxy.switch(faults)
        assert store.get("runs/created") == data
        assert proxy.counts[kind] == 3
        proxy.switch(faults)
        assert store.list("runs/") == ["runs/created", "runs/put"]
        assert proxy.counts[kind] == 4
    proxy.switch(None)
    assert not store.create("runs/created", b"other")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.endpoint)
    assert Store(s3_url).get("runs/put") == Store(s3_url).get("runs/created") == data


@pytest.mark.parametrize("seed", [1, 2])
def test_a_commit_among_many_faults_is_the_one_that_is_read(
    proxy: S3Proxy, s3_url: str, s3_server: S3Server, monkeypatch, seed: int
):
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.endpoint)
    plain = Store(s3_url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
    proxy.switch(Faults(tuple(QUICK), share=0.3, seed=seed, seconds=0.2))
    manifest = commit(Store(s3_url))
    assert sum(proxy.counts.values()) > 0
    assert plain.manifest(ADDRESS) == manifest
    assert plain.verify(manifest) == []


OPERATIONS = {
    "get": lambda store: store.get("runs/before") == b"0",
    "size": lambda store: store.files.size("runs/before") == 1,
    "list": lambda store: store.list("runs/bef") == ["runs/before"],
    "put": lambda store: store.put("runs/put", b"1") is None,
    "create": lambda store: store.create("runs/created", b"2"),
    "remove": lambda store: store.files.remove("runs/put") is None,
}


def test_an_outage_of_a_store_that_was_reached_is_outlasted(
    proxy: S3Proxy, s3_url: str, monkeypatch
):
    """Of ten requests of each call; a client of S3 by itself repeats one four times."""
    monkeypatch.setattr(patience, "_FIRST", 0.01)
    store = Store(s3_url)
    store.put("runs/before", b"0")
    proxy.switch(Faults(("503", "reset"), limit=5 * len(OPERATIONS)))
    with ThreadPoolExecutor() as pool:
        done = pool.map(lambda operation: operation(store), OPERATIONS.values())
        assert dict(zip(OPERATIONS, done, strict=True)) == dict.fromkeys(OPERATIONS, True)
    assert sum(proxy.counts.values()) == 10 * len(OPERATIONS)
    assert not store.create("runs/created", b"3")


def test_a_store_that_a_driver_has_reached_is_waited_for(proxy: S3Proxy, s3_url: str):
    Store(s3_url).put("runs/before", b"0")
    proxy.switch(Faults(("503",), limit=6))
    with pytest.raises(StoreError, match=r"store s3://ganray/\w+: the request failed \(503\)"):
        Store(s3_url).get("runs/before")
    proxy.switch(Faults(("503",), limit=6))
    assert Store(s3_url, known=True).get("runs/before") == b"0"


@pytest.mark.parametrize("kind", ["truncated", "500"])
def test_a_store_that_does_not_come_back_is_said_so(
    proxy: S3Proxy, s3_url: str, monkeypatch, kind: str
):
    monkeypatch.setattr("ganray.store.remote.patience.OUTAGE_SECONDS", 1.0)
    store = Store(s3_url)
    store.put("runs/before", b"0")
    proxy.switch(Faults((kind,)))
    with pytest.raises(StoreError, match=r"store s3://ganray/\w+: the (request|endpoint)"):
        store.get("runs/before")


def test_unknown_faults_are_refused():
    with pytest.raises(ValueError, match="typo"):
        Faults(("typo",))
