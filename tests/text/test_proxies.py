"""Proxies that the environment names are asked, passed by, and told of where nothing comes back."""

from __future__ import annotations

import base64
import contextlib

import pytest

from ganray.data import Dataset, DatasetSpec, fetch, open_source
from ganray.data.location import Location
from ganray.distributed.jobs.client import Jobs, Unreachable, reach
from ganray.errors import GanrayError, RefusedInput, StoreError
from ganray.store import Store
from ganray.text.proxies import through_proxy
from tests.data.published import digits, http_server, read_all, write_idx
from tests.http_proxy import NAMES, forward_proxy

AWAY = "http://nowhere.invalid"  # a name that no resolver knows: the proxy alone may reach it


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def dead():
    """The URL of a proxy that is not there any more."""
    with http_server({}) as url:
        pass
    return url


def with_password(url):
    return url.replace("://", "://someone:hush@")


@contextlib.contextmanager
def published(tmp_path):
    folder = write_idx(tmp_path / "idx", digits(30, 3), digits(9, 3, seed=1))
    files = {f"/set/{path.name}": path.read_bytes() for path in folder.iterdir()}
    with http_server(files) as url:
        yield f"{url}/set", str(folder)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy"])
def test_sources_are_asked_of_the_proxy_with_its_credentials(tmp_path, monkeypatch, name):
    with published(tmp_path) as (url, folder), forward_proxy() as (proxy, asked):
        monkeypatch.setenv(name, with_password(proxy))
        assert read_all(source=url) == read_all(source=folder)
        known = base64.b64encode(b"someone:hush").decode()
        assert asked
        assert all(line.split()[1].startswith(url) for line in asked)
        assert all(line.endswith(f"Basic {known}") for line in asked)


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_what_no_proxy_names_is_asked_itself(tmp_path, monkeypatch, name, dead):
    with published(tmp_path) as (url, folder):
        monkeypatch.setenv("HTTP_PROXY", dead)
        monkeypatch.setenv(name, "example.org,127.0.0.1")
        assert read_all(source=url) == read_all(source=folder)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_https_goes_through_a_tunnel_of_the_proxy(monkeypatch, name):
    with forward_proxy(refuse=403) as (proxy, asked):
        monkeypatch.setenv(name, with_password(proxy))
        with pytest.raises(RefusedInput) as refusal:
            open_source(DatasetSpec(source="https://nowhere.invalid/set"))
    assert {line.split()[1] for line in asked} == {"nowhere.invalid:443"}
    assert {line.split()[0] for line in asked} == {"CONNECT"}
    said = str(refusal.value)
    assert f"through the proxy {proxy}, which {name} names; NO_PROXY=nowhere.invalid" in said
    assert "hush" not in said


@pytest.mark.parametrize("ask", [
    lambda url: open_source(DatasetSpec(source=f"{url}/set")),
    lambda url: open_source(DatasetSpec(source=f"{url}/a.parquet")),
    lambda url: Dataset.open(f"{url}/set"),
    lambda url: Location.of(f"{url}/file").exists(),
    lambda url: Location.of(f"zip://a::{url}/sets.zip"),
])  # fmt: skip
@pytest.mark.parametrize("status", [None, 407, 502])
def test_a_source_behind_a_proxy_that_fails_is_told_with_it(monkeypatch, dead, ask, status):
    with forward_proxy(status) as (alive, _):
        proxy = dead if status is None else alive
        monkeypatch.setenv("HTTP_PROXY", with_password(proxy))
        with pytest.raises(RefusedInput) as refusal:
            ask(AWAY)
    said = str(refusal.value)
    assert f"through the proxy {proxy}, which HTTP_PROXY names; NO_PROXY=nowhere.invalid" in said
    assert "hush" not in said
    assert "\n" not in said


def test_what_the_server_itself_refuses_is_not_laid_to_the_proxy(monkeypatch):
    with http_server({"/a.parquet": 403}) as url, forward_proxy() as (proxy, asked):
        monkeypatch.setenv("HTTP_PROXY", proxy)
        for source in (f"{url}/a.parquet", f"{url}/nothing.parquet"):
            with pytest.raises(RefusedInput) as refusal:
                open_source(DatasetSpec(source=source))
            assert "proxy" not in str(refusal.value)
        assert not Location.of(f"{url}/nothing").exists()
        assert asked


def test_a_server_that_is_away_is_no_set_that_is_not_there(dead):
    with pytest.raises(RefusedInput, match=r"json' does not exist or cannot be reached \("):
        Dataset.open(f"{dead}/set")


@pytest.mark.parametrize("status", [None, 407])
def test_fetch_tells_of_the_proxy(tmp_path, monkeypatch, dead, status):
    with forward_proxy(status) as (alive, _):
        proxy = dead if status is None else alive
        monkeypatch.setenv("ALL_PROXY", with_password(proxy))
        with pytest.raises(StoreError) as failure:
            fetch("mnist", tmp_path, base_url=AWAY)
    said = str(failure.value)
    assert f"through the proxy {proxy}, which ALL_PROXY names; NO_PROXY=nowhere.invalid" in said
    assert "hush" not in said


@pytest.mark.parametrize("status", [None, 403, 407, 502])
def test_a_dashboard_behind_a_proxy_that_fails_is_told_with_it(monkeypatch, dead, status):
    with forward_proxy(status) as (alive, _):
        proxy = dead if status is None else alive
        monkeypatch.setenv("http_proxy", with_password(proxy))
        with pytest.raises(RefusedInput) as refusal:
            reach("http://10.9.8.7:8265")
    said = str(refusal.value)
    assert f"through the proxy {proxy}, which http_proxy names; NO_PROXY=10.9.8.7" in said
    assert "hush" not in said


def test_networks_that_no_proxy_names_are_as_requests_takes_them(monkeypatch, dead):
    monkeypatch.setenv("HTTP_PROXY", dead)
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    with pytest.raises(Unreachable) as failure:
        Jobs("http://127.0.0.1:9").version()
    assert "proxy" not in str(failure.value)


def test_an_endpoint_behind_a_proxy_that_is_away_is_told_with_it(monkeypatch, dead):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://nowhere.invalid:9000")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("HTTP_PROXY", with_password(dead))
    with pytest.raises(GanrayError) as failure:
        Store("s3://bucket/x", hasty=True).get("runs/x")
    said = str(failure.value)
    assert f"the proxy {dead} does not answer (HTTP_PROXY or HTTPS_PROXY names it" in said
    assert "hush" not in said


def test_a_proxy_that_no_variable_names_is_the_systems():
    said = through_proxy("http://host/x", lambda _: "http://proxy:3128")
    assert said.startswith(", through the proxy http://proxy:3128, which this system names")
    assert through_proxy("s3://bucket/x") == ""
