from __future__ import annotations

import hashlib
import re

import numpy as np
import pytest

from ganray.data import DatasetSpec, fetch, open_source
from ganray.data.fetching.published import INSIDE, MIRRORS, SHA256
from ganray.errors import RefusedInput, StoreError
from tests.data.fetching.test_archives import tarred, zipped
from tests.data.formats.test_cifar import write_cifar10, write_cifar100
from tests.data.formats.test_emnist import write_emnist
from tests.data.formats.test_svhn import write_v5
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
    said = (
        r"name \(='cifar'\) must be one of mnist, fashion-mnist, kmnist, .*cifar10, cifar100, svhn"
    )
    with pytest.raises(RefusedInput, match=said):
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


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "emnist-letters"])
def test_what_is_published_in_an_archive_is_a_source_when_it_is_fetched(
    tmp_path, monkeypatch, name
):
    folder = tmp_path / "published"
    folder.mkdir()
    if name == "emnist-letters":
        write_emnist(folder, "letters", np.arange(1, 4), "1 65 97\n2 66 98\n3 67 99\n")
        data = zipped({f"gzip/{path.name}": path.read_bytes() for path in folder.iterdir()})
    else:
        inside = "cifar-10-batches-bin" if name == "cifar10" else "cifar-100-binary"
        (write_cifar10 if name == "cifar10" else write_cifar100)(folder)
        files = {f"{inside}/{path.name}": path.read_bytes() for path in folder.iterdir()}
        data = tarred(files | {f"{inside}/readme.html": b"<html>"})
    (archive,) = SHA256[name]
    monkeypatch.setitem(SHA256, name, {archive: hashlib.sha256(data).hexdigest()})
    with http_server({f"/{archive}": data}) as url:
        paths = fetch(name, tmp_path / "to", base_url=url)
    assert {path.name for path in paths} == {path.name for path in folder.iterdir()}
    assert {path.name for path in (tmp_path / "to").iterdir()} == {
        archive,
        *(path.name for path in paths),
    }
    fetched, published = (
        open_source(DatasetSpec(source=str(place), held_out=3))
        for place in (tmp_path / "to", folder)
    )
    assert fetched.fingerprint() == published.fingerprint()
    paths[0].write_bytes(b"damaged")
    assert fetch(name, tmp_path / "to", base_url="http://127.0.0.1:9") == paths  # nothing is asked
    assert paths[0].read_bytes() == (folder / paths[0].name).read_bytes()


def test_files_of_matlab_are_fetched_as_they_are(tmp_path, monkeypatch):
    folder = write_v5(tmp_path / "published")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    known = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    assert set(SHA256["svhn"]) == set(files)
    monkeypatch.setitem(SHA256, "svhn", known)
    with http_server({f"/{name}": data for name, data in files.items()}) as url:
        fetch("svhn", tmp_path / "to", base_url=url)
    assert contents(tmp_path / "to") == files


def test_every_set_has_mirrors_and_sums():
    assert set(MIRRORS) == set(SHA256)
    assert set(INSIDE) < set(SHA256)
    for name, files in SHA256.items():
        assert all(mirror.endswith("/") for mirror in MIRRORS[name])
        assert all(re.fullmatch("[0-9a-f]{64}", sha256) for sha256 in files.values())
