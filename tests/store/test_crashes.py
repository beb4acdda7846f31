"""Crashes and full or read-only disks, for real: what is visible afterwards is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ganray.errors import StoreError
from ganray.store import Store
from tests import HANG_SECONDS
from tests.store.artifacts import ADDRESS, TRAJECTORY, commit

pytestmark = pytest.mark.chaos

_PREAMBLE = """
import os, signal, sys
from ganray.errors import GanrayError
from ganray.store import Store
store = Store(sys.argv[1])
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
"""


def _run(code: str, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run `code` in a Python of its own; `before`: shell commands in a private mount namespace."""
    command = [sys.executable, "-c", _PREAMBLE + textwrap.dedent(code), *arguments]
    if before:
        command = ["unshare", "-m", "sh", "-ec", f'{before}; exec "$@"', "sh", *command]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANG_SECONDS)


def _require_mounts(folder: Path) -> None:
    try:
        probe = ["unshare", "-m", "mount", "-t", "tmpfs", "none", str(folder)]
        refused = subprocess.run(probe, capture_output=True).returncode != 0
    except FileNotFoundError:
        refused = True
    if refused:
        pytest.skip("mounting in a private namespace (unshare -m) is not permitted here")


@pytest.mark.parametrize(
    "moment",
    [
        "attempt.store.files.create = die",  # payload whole, manifest not begun
        "os.link = die",  # the manifest's temporary file written, not yet linked
        "os.replace = die",
    ],
)
def test_a_process_killed_before_its_manifest_leaves_nothing_visible(
    folder: Store, moment: str
) -> None:
    done = _run(
        f"""
        attempt = store.claim_attempt({TRAJECTORY!r})
        stored = attempt.write("generator.safetensors", b"weights")
        attempt.checkpoint(10, {{"state": b"ten"}}, {{}})
        {moment}
        attempt.commit({ADDRESS!r}, [stored], inputs={{}}, result={{}}, record={{}})
        die()
        """,
        folder.url,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    if "replace" not in moment:  # commits do not replace, so that one reaches its end
        assert folder.manifest(ADDRESS) is None
        assert list(folder.manifests()) == []
    checkpoint = folder.latest_checkpoint(TRAJECTORY, 10)
    assert checkpoint is not None
    assert folder.read(checkpoint, "state") == b"ten"
    assert folder.verify(commit(folder)) == []


@pytest.mark.s3
def test_a_process_killed_before_its_manifest_leaves_nothing_visible_on_s3(s3_url: str) -> None:
    done = _run(
        f"""
        attempt = store.claim_attempt({TRAJECTORY!r})
        stored = attempt.write("generator.safetensors", b"weights")
        attempt.store.files.create = die
        attempt.commit({ADDRESS!r}, [stored], inputs={{}}, result={{}}, record={{}})
        """,
        s3_url,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert Store(s3_url).manifest(ADDRESS) is None
    assert Store(s3_url).verify(commit(Store(s3_url))) == []


def test_a_writer_killed_within_a_file_leaves_no_name_but_a_leftover(folder: Store) -> None:
    done = _run(
        f"""
        with store.claim_attempt({TRAJECTORY!r}).open("features.parquet") as writer:
            writer.write(bytes(2**20))
            die()
        """,
        folder.url,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [path.rpartition("/")[2] for path in folder.list("")] == ["claim.json"]
    (leftover,) = folder.gc(set(), -1.0)
    assert leftover.bytes >= 2**20 - 2**16
    assert "crashed" in leftover.reason


_FILL = f"""
    attempt = store.claim_attempt({TRAJECTORY!r})
    kept = attempt.write("small", b"small")
    before = store.list("")
    for write in (
        lambda: attempt.write("large", bytes(4 * 2**20)),
        lambda: store.put("reports/large", bytes(4 * 2**20)),
        lambda: attempt.checkpoint(10, {{"large": bytes(4 * 2**20)}}, {{}}),
    ):
        try:
            write()
            print("no error")
        except GanrayError as error:
            print(type(error).__name__, error)
    assert store.list("") == before, store.list("")
    assert list(store.files.leftovers()) == []
    attempt.commit({ADDRESS!r}, [kept], inputs={{}}, result={{}}, record={{}})
    print("sound", store.verify(store.manifest({ADDRESS!r})))
"""


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    _require_mounts(tmp_path)
    done = _run(_FILL, str(tmp_path), before=f"mount -t tmpfs -o size=1m none '{tmp_path}'")
    assert done.returncode == 0, done.stderr
    *errors, last = done.stdout.splitlines()
    assert len(errors) == 3
    for line in errors:
        assert line.startswith(f"StoreError store {tmp_path}: no space left on the device")
    assert last == "sound []"


def test_a_read_only_folder_is_told_in_one_line_and_still_read(folder: Store) -> None:
    commit(folder)
    _require_mounts(Path(folder.url))
    code = f"""
        for write in (store.probe, lambda: store.claim_attempt({TRAJECTORY!r})):
            try:
                write()
            except GanrayError as error:
                print(type(error).__name__, error)
        print("sound", store.verify(store.manifest({ADDRESS!r})))
    """
    remount = f"mount --bind '{folder.url}' '{folder.url}'; mount -o remount,bind,ro '{folder.url}'"
    done = _run(code, folder.url, before=remount)
    assert done.returncode == 0, done.stderr
    *errors, last = done.stdout.splitlines()
    assert len(errors) == 2
    for line in errors:
        assert line.startswith(f"StoreError store {folder.url}: the file system is read-only")
    assert last == "sound []"


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match=r"store .*/file/store: a file lies where a folder is"):
        Store(str(tmp_path / "file" / "store")).probe()


def test_a_link_whose_reply_was_lost_is_this_writers(
    folder: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def link_and_deny(source: str, target: str) -> None:
        link(source, target)
        raise FileExistsError(17, "File exists")  # as NFS answers a repeated request

    monkeypatch.setattr(os, "link", link_and_deny)
    assert folder.create("runs/plan.json", b"mine")
    assert not folder.create("runs/plan.json", b"mine")
