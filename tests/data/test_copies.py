"""One copy of what is unpacked for all processes of a node: found, bounded, whole, or not there."""

from __future__ import annotations

import hashlib
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from ganray.data import DatasetSpec, copies, open_source
from ganray.data.copies import shared_copy
from ganray.data.imported import cache
from ganray.data.location import Location
from ganray.data.packed import held, zips
from ganray.errors import RefusedInput
from tests import HANG_SECONDS
from tests.data.packed.making import packed, tarred
from tests.data.published import digits, http_server, read_all, write_folder

IMAGES, LABELS = digits(12, 2)
DATA = os.urandom(3 << 20)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The folder of the cache."""
    monkeypatch.setenv("GANRAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GANRAY_CACHE_BYTES", raising=False)
    monkeypatch.setattr(cache, "_SPARE_BYTES", 0)
    monkeypatch.setattr(copies, "_COMPARED", set())
    return tmp_path / "cache" / "data"


@pytest.fixture
def pets(tmp_path):
    folder = write_folder(tmp_path / "pets", IMAGES, LABELS.astype(str).tolist())
    return packed(folder, tmp_path / "pets.tgz")


class Maker:
    """Writes a file in pieces, and counts how often."""

    def __init__(self, data=DATA, seconds=0.0):
        self.data, self.seconds, self.times = data, seconds, 0

    def __call__(self, copy):
        self.times += 1
        time.sleep(self.seconds)
        for start in range(0, len(self.data), 1 << 20):
            copy.write(self.data[start : start + (1 << 20)])


def there(folder):
    return [path for path in folder.glob("*") if "lock" not in path.name]


def test_it_is_made_once_for_all(kept):
    make = Maker(seconds=0.05)
    with ThreadPoolExecutor(6) as threads:
        files = list(threads.map(lambda _: shared_copy("a", make), range(12)))
    assert make.times == 1
    assert all(file.read() == DATA for file in files)
    [copy] = there(kept)
    assert copy.name.endswith(hashlib.sha256(DATA).hexdigest())
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert shared_copy("b", Maker(b"other")).read() == b"other"
    assert shared_copy(None, make).read() == DATA  # nobody else's
    assert (len(there(kept)), make.times) == (2, 2)


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"x" + data[1:]])
def test_a_damaged_copy_is_made_again(kept, damage, monkeypatch):
    make = Maker()
    shared_copy("a", make).close()
    [copy] = there(kept)
    copy.write_bytes(damage(DATA))
    monkeypatch.setattr(copies, "_COMPARED", set())  # as in another process
    assert shared_copy("a", make).read() == DATA
    assert (copy.read_bytes(), make.times) == (DATA, 2)


@pytest.mark.parametrize("what", ["large", "full", "file", "named"])
def test_where_there_is_no_room_it_is_this_process_own(kept, monkeypatch, what):
    if what == "large":
        monkeypatch.setenv("GANRAY_CACHE_BYTES", str(2 << 20))
    elif what == "full":
        monkeypatch.setattr(cache, "_SPARE_BYTES", 2**80)
    elif what == "file":
        kept.parent.mkdir()
        kept.write_bytes(b"a file")
    else:
        monkeypatch.delattr(os, "O_TMPFILE")
    make = Maker()
    assert shared_copy("a", make).read() == shared_copy("a", make).read() == DATA
    assert make.times == (1 if what == "named" else 2)
    assert len(there(kept)) == (1 if what == "named" else 0)


def test_a_disk_that_fills_meanwhile_is_left(kept, monkeypatch):
    room = iter([True, True, False])
    monkeypatch.setattr(cache.NodeCache, "has_room", lambda *_: next(room))
    assert shared_copy("a", Maker()).read() == DATA
    assert not there(kept)


@pytest.mark.parametrize("is_named", [False, True])
def test_a_maker_that_fails_leaves_nothing(kept, monkeypatch, is_named):
    if is_named:
        monkeypatch.delattr(os, "O_TMPFILE")

    def fails(copy):
        copy.write(DATA)
        raise RefusedInput("no")

    with pytest.raises(RefusedInput, match="no"):
        shared_copy("a", fails)
    assert not there(kept)


def test_a_killed_maker_leaves_nothing(kept):
    code = """
        import os, signal
        from ganray.data import copies
        from ganray.data.imported import cache
        cache._SPARE_BYTES = 0
        def make(copy):
            copy.write(bytes(1 << 20))
            os.kill(os.getpid(), signal.SIGKILL)
        copies.shared_copy("a", make)
        """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], timeout=HANG_SECONDS)
    assert done.returncode == -signal.SIGKILL
    assert not there(kept)
    assert shared_copy("a", Maker()).read() == DATA


def test_copies_keep_to_the_bound_with_all_else(kept, monkeypatch):
    monkeypatch.setenv("GANRAY_CACHE_BYTES", str(7 << 20))
    for name in "abc":
        shared_copy(name, Maker(name.encode() + DATA)).close()
        os.utime(max(there(kept), key=os.path.getmtime), (1, 1 + ord(name)))
    sizes = [path.stat().st_size for path in there(kept)]
    assert sizes == [len(DATA) + 1] * 2
    make = Maker(b"c" + DATA)
    shared_copy("c", make).close()
    assert make.times == 0


def test_whoever_waits_too_long_makes_its_own(kept, monkeypatch):
    monkeypatch.setattr(copies, "_PATIENCE", 0.01)
    key = hashlib.sha256(b"a").hexdigest()
    with copies._turn(kept, key):
        assert shared_copy("a", Maker()).read() == DATA


def test_a_compressed_archive_is_unpacked_once(kept, pets, monkeypatch, tmp_path):
    times = []
    monkeypatch.setattr(
        held, "_unpack", lambda *told, do=held._unpack: (times.append(1), do(*told))
    )
    expected = read_all(source=str(tmp_path / "pets"))
    for _ in range(3):
        assert read_all(source=str(pets)) == expected
    assert (len(times), len(there(kept))) == (1, 1)
    monkeypatch.setenv("GANRAY_CACHE_BYTES", "0")
    assert read_all(source=str(pets)) == expected
    monkeypatch.delenv("GANRAY_CACHE_BYTES")
    packed(write_folder(tmp_path / "pets", IMAGES[:1], ["1"]), pets)  # another one now
    assert open_source(DatasetSpec(source=str(pets))).count == 12 + (LABELS[0] == 0)
    assert len(times) == 3


def test_bombs_leave_nothing(kept, tmp_path, monkeypatch):
    monkeypatch.setattr(zips, "ALLOWANCE", 1 << 16)
    path = tarred([("c/a.png", bytes(1 << 21))], tmp_path / "a.tgz", "w:gz")
    with pytest.raises(RefusedInput, match="zip bomb"):
        open_source(DatasetSpec(source=str(path)))
    assert not there(kept)


def test_an_archive_from_elsewhere_is_fetched_once_where_it_says_what_it_is(
    kept, pets, monkeypatch, tmp_path
):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    times, tag, fetch = [], {}, held._fetch
    monkeypatch.setattr(held, "_fetch", lambda *told: (times.append(1), fetch(*told)))
    monkeypatch.setattr(Location, "info", lambda self: {"size": 1, **tag})
    expected = read_all(source=str(tmp_path / "pets"))
    with http_server({"/pets.tgz": pets.read_bytes()}) as url:
        for told, fetched in (({}, 2), ({"ETag": "1"}, 3), ({"ETag": "2"}, 4)):
            tag.update(told)
            for _ in range(2):
                assert read_all(source=f"{url}/pets.tgz") == expected
            assert len(times) == fetched
    assert len(there(kept)) == 2


def test_frames_one_after_the_other_are_one_archive(pets, tmp_path):
    whole = tarred(
        [(path.relative_to(tmp_path).as_posix(), path.read_bytes())
         for path in sorted((tmp_path / "pets").rglob("*.png"))],
        tmp_path / "a.tar",
    ).read_bytes()  # fmt: skip
    for ending, codec in ((".tgz", "gzip"), (".tar.zst", "zstd"), (".tar.lz4", "lz4")):
        parts = []
        for part in (whole[:5000], whole[5000:]):
            sink = pa.BufferOutputStream()
            with pa.CompressedOutputStream(sink, codec) as file:
                file.write(part)
            parts.append(sink.getvalue().to_pybytes())
        (tmp_path / f"b{ending}").write_bytes(b"".join(parts))
        assert read_all(source=str(tmp_path / f"b{ending}")) == read_all(
            source=str(tmp_path / "pets")
        )
