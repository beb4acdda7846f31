from __future__ import annotations

import hashlib

import pytest

from ganray.data import fetch
from ganray.data.download import MIRRORS, SHA256
from ganray.errors import RefusedInput, StoreError
from tests.data.published import http_server, real_data

FILES = {name: f"content of {name}".encode() for name in SHA256["mnist"]}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Small stand-ins for the published files, with their own checksums."""
    known = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    monkeypatch.setitem(SHA256, "mnist", known)


@pytest.fixture
def server():
    def files(prefix, contents):
        return {f"/{prefix}/{name}": data for name, data in contents.items()}

    served = {
        **files("good", FILES),
        **files("wrong", dict.fromkeys(FILES, b"something else")),
        **files("failing", dict.fromkeys(FILES, 503)),
        **files("forbidden", dict.fromkeys(FILES, 403)),
    }
    with http_server(served) as url:
        yield url


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_are_downloaded(server, tmp_path):
    paths = fetch("mnist", tmp_path / "new", base_url=f"{server}/good")
    assert [path.name for path in paths] == list(FILES)
    assert contents(tmp_path / "new") == FILES


def test_a_file_that_is_right_is_kept_and_a_wrong_one_replaced(server, tmp_path):
    (first, second, *_) = fetch("mnist", tmp_path, base_url=f"{server}/good/")
    time = first.stat().st_mtime_ns
    second.write_bytes(b"truncated")
    fetch("mnist", tmp_path, base_url=f"{server}/good/")
    assert first.stat().st_mtime_ns == time
    assert contents(tmp_path) == FILES


@pytest.mark.parametrize("bad", ["failing", "wrong", "forbidden", "missing"])
def test_the_next_mirror_is_tried(server, tmp_path, monkeypatch, bad):
    monkeypatch.setitem(MIRRORS, "mnist", (f"{server}/{bad}/", f"{server}/good/"))
    fetch("mnist", tmp_path)
    assert contents(tmp_path) == FILES


@pytest.mark.parametrize(
    ("bad", "reason"), [("failing", "503"), ("wrong", "hash"), ("missing", "404")]
)
def test_where_no_mirror_serves_each_reason_is_told(server, tmp_path, bad, reason):
    with pytest.raises(StoreError, match=f"train-images-idx3-ubyte.gz.*/{bad}/: .*{reason}"):
        fetch("mnist", tmp_path, base_url=f"{server}/{bad}")
    assert contents(tmp_path) == {}


def test_an_unreachable_mirror_is_told(tmp_path):
    with http_server({}) as url:
        pass  # nothing listens there any longer
    with pytest.raises(StoreError, match=f"{url}/"):
        fetch("mnist", tmp_path, base_url=url)


@pytest.mark.parametrize("mirror", ["http://user:secret@host", "https://host/?token=secret"])
def test_a_mirror_is_given_without_credentials(tmp_path, mirror):
    with pytest.raises(RefusedInput, match=r"mirror \(='https?://host") as refusal:
        fetch("mnist", tmp_path, base_url=mirror)
    assert "secret" not in str(refusal.value)


def test_wrong_arguments_are_refused(tmp_path):
    with pytest.raises(RefusedInput, match=r"name \(='cifar'\) must be one of mnist, fashion"):
        fetch("cifar", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(RefusedInput, match=r"to \(='.*file'\) cannot be written"):
        fetch("mnist", tmp_path / "file", base_url="http://127.0.0.1:9")


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_checksums_are_those_of_the_published_files(name, monkeypatch):
    monkeypatch.undo()
    folder = real_data(name)
    for file, sha256 in SHA256[name].items():
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == sha256


@pytest.mark.parametrize("mirror", ["", "host/x?sig=secret", "host:80?sig=secret", "ftp://host/x"])
def test_a_mirror_is_a_server(tmp_path, mirror):
    with pytest.raises(RefusedInput, match=r"mirror \(='.*'\) must be an http:// or") as refusal:
        fetch("mnist", tmp_path, base_url=mirror)
    assert "secret" not in str(refusal.value)
