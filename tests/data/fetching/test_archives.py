from __future__ import annotations

import io
import tarfile
import zipfile

import pytest

from ganray.data.fetching import archives
from ganray.data.fetching.archives import unpack
from ganray.errors import StoreError


def zipped(files):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()


def tarred(files, links=()):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for name, to in links:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, to
            archive.addfile(member)
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return target.getvalue()


FILES = {"set/a.bin": b"a" * 9, "../b.bin": b"evil", "/c.bin": b"evil", "set/d.bin": b"d"}


@pytest.fixture(params=["set.tar.gz", "set.zip"])
def archive(request, tmp_path):
    path = tmp_path / request.param
    path.write_bytes((zipped if path.suffix == ".zip" else tarred)(FILES))
    return path


def test_files_are_taken_out_by_their_names_alone(archive, tmp_path):
    to = tmp_path / "to" / "inner"
    to.mkdir(parents=True)
    paths = unpack(archive, to, ["set/d.bin", "set/a.bin"])
    assert [path.read_bytes() for path in paths] == [b"d", b"a" * 9]
    # Even a wanted name that leads elsewhere is put beside the others.
    assert unpack(archive, to, ["../b.bin"]) == [to / "b.bin"]
    assert {path.name for path in to.iterdir()} == {"a.bin", "b.bin", "d.bin"}
    assert {path.name for path in to.parent.iterdir()} == {"inner"}


def test_a_file_that_is_missing_or_too_large_is_told(archive, tmp_path, monkeypatch):
    with pytest.raises(StoreError, match=r"holds no set/e\.bin"):
        unpack(archive, tmp_path, ["set/a.bin", "set/e.bin"])
    monkeypatch.setattr(archives, "_LARGEST", 8)
    with pytest.raises(StoreError, match=r"set/a\.bin has 9 bytes; not unpacked"):
        unpack(archive, tmp_path, ["set/a.bin"])
    archive.write_bytes(archive.read_bytes()[:40])
    with pytest.raises(StoreError, match="cannot be unpacked"):
        unpack(archive, tmp_path, ["set/a.bin"])


def test_links_are_no_files(tmp_path):
    (tmp_path / "secret").write_text("secret")
    path = tmp_path / "set.tar.gz"
    path.write_bytes(tarred({}, [("set/a.bin", str(tmp_path / "secret"))]))
    (tmp_path / "to").mkdir()
    with pytest.raises(StoreError, match="holds no"):
        unpack(path, tmp_path / "to", ["set/a.bin"])
    assert not list((tmp_path / "to").iterdir())
