"""A node's copies of remote data: fetched once, verified, bounded, whatever happens to writers."""

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
from pathlib import Path

import fsspec
import pytest

from ganray.data import Dataset, DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.data.imported import cache
from ganray.data.imported.cache import NodeCache, node_cache
from ganray.errors import CorruptArtifact, RefusedInput
from ganray.stages.workspace import open_dataset
from tests import HANG_SECONDS
from tests.data.published import digits, http_server, write_idx


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The folder of the cache."""
    monkeypatch.setenv("GANRAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GANRAY_CACHE_BYTES", raising=False)
    monkeypatch.setattr(cache, "_SPARE_BYTES", 0)
    return tmp_path / "cache" / "data"


def imported(tmp_path, url):
    folder = write_idx(tmp_path / "idx", digits(30, 3), digits(9, 3, seed=1))
    source = open_source(DatasetSpec(source=str(folder)))
    return import_dataset(source, DatasetSpec(), new_dataset_folder(url))


@pytest.fixture
def served(tmp_path):
    """An imported set on a web server, as a dictionary of its files, and its URL."""
    imported(tmp_path, str(tmp_path / "set"))
    files = {
        f"/{path.relative_to(tmp_path)}": path.read_bytes()
        for path in (tmp_path / "set").rglob("*")
        if path.is_file()
    }
    with http_server(files) as url:
        yield files, f"{url}/set"


def names(folder):
    return {path.name for path in folder.iterdir()}


def digest(data):
    return hashlib.sha256(data).hexdigest()


def fill(node, *sizes):
    """Files of those sizes, used one after the other; their digests."""
    found = []
    for number, size in enumerate(sizes):
        data = bytes([number]) * size
        node.put(digest(data), data)
        os.utime(node.folder / digest(data), (number, number))
        found.append(digest(data))
    return found


def test_a_remote_set_is_fetched_once_and_only_what_is_asked_for(served, kept):
    files, url = served
    dataset = Dataset.open(url)
    one, _ = dataset.images("train", [1])
    [file] = [f for f in dataset.info.files if (f.split, f.label) == ("train", 1)]
    assert names(kept) == {file.sha256}
    for path in [path for path in files if path.endswith(".parquet")]:
        del files[path]  # nothing is asked for again
    assert (Dataset.open(url).images("train", [1])[0] == one).all()
    with pytest.raises(CorruptArtifact, match="is missing"):
        dataset.images("train", [2])


@pytest.mark.s3
def test_workers_read_a_set_in_a_bucket_from_their_nodes_copies(s3_url, tmp_path, kept):
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    info = imported(tmp_path, f"{s3_url}/set")
    before = open_dataset(f"{s3_url}/set", info.digest).images("test")
    assert names(kept) == {file.sha256 for file in info.files if file.split == "test"}
    fs = Dataset.open(f"{s3_url}/set").folder.fs
    fs.rm([f"{s3_url}/set/{file.path}" for file in info.files])
    after = open_dataset(f"{s3_url}/set", info.digest).images("test")
    assert (before[0] == after[0]).all()
    fsspec.get_filesystem_class("s3").clear_instance_cache()


def test_a_set_on_this_machine_is_not_copied(tmp_path, kept):
    imported(tmp_path, str(tmp_path / "set"))
    for url in (str(tmp_path / "set"), f"file://{tmp_path}/set"):
        Dataset.open(url).images("test")
    url = f"memory://{tmp_path.name}/set"
    imported(tmp_path, url)
    Dataset.open(url).images("test")
    assert not kept.exists()


def test_no_copies_are_kept_where_none_are_wanted(served, kept, monkeypatch):
    monkeypatch.setenv("GANRAY_CACHE_BYTES", "0")
    Dataset.open(served[1]).images("test")
    assert node_cache() is None
    assert not kept.exists()


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"x" + data[1:]])
def test_a_damaged_copy_is_fetched_again(served, kept, damage):
    dataset = Dataset.open(served[1])
    whole, _ = dataset.images("test", [0])
    [copy] = kept.iterdir()
    good = copy.read_bytes()
    copy.write_bytes(damage(good))
    assert (dataset.images("test", [0])[0] == whole).all()
    assert copy.read_bytes() == good


def test_what_arrives_damaged_is_not_kept(served, kept):
    files, url = served
    dataset = Dataset.open(url)
    path = next(path for path in files if "split=test" in path)
    files[path] = files[path][:-1] + b"x"
    with pytest.raises(CorruptArtifact, match="sha256"):
        dataset.images("test")
    found = names(kept) if kept.exists() else set()
    assert digest(files[path]) not in found
    assert len(found) < 3


def test_the_longest_unused_go_first(kept):
    node = NodeCache(kept, 100)
    first, second, third = fill(node, 30, 30, 30)
    assert node.get(first) == bytes(30)  # used just now
    fourth = b"z" * 30
    node.put(digest(fourth), fourth)
    assert names(kept) == {first, third, digest(fourth)}
    assert node.get(second) is None


def test_what_is_larger_than_the_bound_is_not_kept_and_costs_nothing(kept):
    node = NodeCache(kept, 100)
    others = fill(node, 50, 50)
    node.put(digest(b"a" * 101), b"a" * 101)
    assert names(kept) == set(others)


def test_a_disk_that_is_almost_full_is_left_alone(kept, monkeypatch):
    monkeypatch.setattr(cache, "_SPARE_BYTES", 2**80)
    NodeCache(kept, 100).put(digest(b"a"), b"a")
    assert names(kept) == set()


def test_what_is_kept_is_its_owners_alone(kept):
    NodeCache(kept, 100).put(digest(b"a"), b"a")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert stat.S_IMODE((kept / digest(b"a")).stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_used_is_done_without(served, kept):
    kept.parent.mkdir()
    kept.write_bytes(b"a file")
    assert len(Dataset.open(served[1]).images("test")[0])


def test_others_files_are_left_alone(kept):
    node = NodeCache(kept, 10)
    kept.mkdir(parents=True)
    (kept / "mine.txt").write_bytes(bytes(50))
    fill(node, 8, 8)
    assert (kept / "mine.txt").exists()
    assert len(names(kept)) == 2


def test_two_writers_of_one_file_leave_it_whole(kept):
    data = os.urandom(1 << 20)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: NodeCache(kept, 1 << 21).put(digest(data), data), range(24)))
    assert names(kept) == {digest(data)}
    assert NodeCache(kept, 1 << 21).get(digest(data)) == data


def test_many_writers_keep_to_the_bound(kept):
    with ThreadPoolExecutor(8) as threads:
        sets = [bytes([number]) * 30 for number in range(40)]
        list(threads.map(lambda data: NodeCache(kept, 100).put(digest(data), data), sets))
    assert sum(path.stat().st_size for path in kept.iterdir()) <= 100


def test_a_killed_writer_leaves_nothing_that_is_read(kept):
    code = """
        import os, signal, sys
        from pathlib import Path
        from ganray.data.imported import cache
        cache._SPARE_BYTES = 0
        Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        cache.NodeCache(Path(sys.argv[1]), 100).put("0" * 64, b"half")
        """
    words = [sys.executable, "-c", textwrap.dedent(code), str(kept)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=HANG_SECONDS)
    assert done.returncode == -signal.SIGKILL, done.stderr
    node = NodeCache(kept, 100)
    assert node.get("0" * 64) is None
    node.put(digest(b"a"), b"a")
    [left] = names(kept) - {digest(b"a")}  # it might still be written
    past = time.time() - 7200
    os.utime(kept / left, (past, past))
    node.put(digest(b"b"), b"b")
    assert names(kept) == {digest(b"a"), digest(b"b")}


@pytest.mark.parametrize(
    ("name", "value"), [("GANRAY_CACHE_BYTES", "10GB"), ("GANRAY_CACHE", "some/where")]
)
def test_settings_that_cannot_be_are_refused_before_anything_is_read(
    served, kept, monkeypatch, name, value
):
    monkeypatch.setenv(name, value)
    with pytest.raises(RefusedInput, match=f"{name} .='{value}'. must be"):
        Dataset.open(served[1])


def test_the_users_own_cache_is_the_default(kept, monkeypatch, tmp_path):
    monkeypatch.delenv("GANRAY_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    assert node_cache() == NodeCache(Path(tmp_path / "own/ganray/data"), 10_000_000_000)
