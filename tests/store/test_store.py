"""URLs, the probe, and small files."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganray.errors import RefusedInput
from ganray.store import Store
from ganray.store.files import check_path
from tests.store.artifacts import commit


@pytest.mark.parametrize(
    "url", ["", "store", "./store", "~/store", "gs://bucket/x", "s3://", "s3:///x", "file://host/x"]
)
def test_a_url_that_is_no_absolute_place_is_refused_and_quoted(url: str) -> None:
    with pytest.raises(RefusedInput, match=r"store \(='.*absolute folder") as refusal:
        Store(url)
    assert repr(url) in str(refusal.value)


def test_a_url_with_credentials_is_refused_without_repeating_them() -> None:
    with pytest.raises(RefusedInput, match="credentials") as refusal:
        Store("s3://AKIAEXAMPLE:verysecret@bucket/prefix")
    assert "verysecret" not in str(refusal.value)
    assert "AKIAEXAMPLE" not in str(refusal.value)


def test_a_file_url_is_the_folder_that_it_names(tmp_path: Path) -> None:
    Store(f"file://{tmp_path}/a%20b").put("runs/x", b"1")
    assert (tmp_path / "a b" / "runs" / "x").read_bytes() == b"1"


def test_a_folder_store_is_made_without_importing_s3fs(tmp_path: Path) -> None:
    code = (
        f"import sys; from ganray.store import Store; Store({str(tmp_path)!r}).probe(); "
        "sys.exit(any(m in sys.modules for m in ('s3fs', 'botocore', 'torch', 'ray')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_store_survives_pickling(store: Store) -> None:
    manifest = commit(store)
    assert pickle.loads(pickle.dumps(store)).manifest(manifest.address) == manifest


def test_a_probe_accepts_a_sound_store_and_leaves_nothing(store: Store) -> None:
    store.probe()
    assert store.list("") == []


def test_only_the_first_create_of_a_path_succeeds(store: Store) -> None:
    assert store.create("runs/a/plan.json", b"same")
    assert not store.create("runs/a/plan.json", b"same")
    assert not store.create("runs/a/plan.json", b"other")
    assert store.get("runs/a/plan.json") == b"same"


def test_put_replaces_and_get_of_nothing_is_none(store: Store) -> None:
    assert store.get("reports/index.html") is None
    store.put("reports/index.html", b"first")
    store.put("reports/index.html", b"")
    assert store.get("reports/index.html") == b""


def test_list_takes_any_prefix_and_sorts(store: Store) -> None:
    for path in ("runs/b/log", "runs/a2", "runs/a/plan.json", "reports/r"):
        store.put(path, b"x")
    assert store.list("runs/a") == ["runs/a/plan.json", "runs/a2"]
    assert store.list("runs/") == ["runs/a/plan.json", "runs/a2", "runs/b/log"]
    assert store.list("nothing/") == []
    assert len(store.list("")) == 4


@pytest.mark.s3
def test_a_listing_longer_than_one_page_is_whole(s3_url: str) -> None:
    store = Store(s3_url)
    store.files._s3.pipe({f"{s3_url}/many/{i:04d}": b"x" for i in range(1005)})  # type: ignore[attr-defined]
    assert len(store.list("many/")) == 1005


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../x", "a/../b", "a//b", "", ".hidden", "a/", "ä"]
)
def test_paths_out_of_the_ordinary_are_refused(folder: Store, path: str) -> None:
    for operation in (folder.get, lambda p: folder.put(p, b""), lambda p: folder.create(p, b"")):
        with pytest.raises(RefusedInput, match="path"):
            operation(path)


@given(st.text())
def test_no_accepted_path_leaves_the_root(text: str) -> None:
    try:
        check_path(text)
    except RefusedInput:
        return
    root = Path("/root/of/store")
    assert (root / text).resolve().is_relative_to(root)
    assert not any(part.startswith(".") for part in Path(text).parts)
