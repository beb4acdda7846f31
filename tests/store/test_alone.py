"""Folders without hard links, and such as cannot be synced: still one writer, whole files."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ganray.errors import StoreError
from ganray.store import Store, alone
from tests import HANG_SECONDS
from tests.store.artifacts import ADDRESS, commit
from tests.store.races import no_links, race

PATH = "runs/plan.json"


@pytest.fixture
def linkless(folder: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store on a file system without hard links."""
    monkeypatch.setattr(os, "link", no_links)
    return folder


@pytest.fixture
def never_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a lock's age alone; what is certain to be dead is."""
    monkeypatch.setattr(alone, "STALE_SECONDS", 10.0 * HANG_SECONDS)


def hidden(store: Store) -> list[str]:
    """Locks and temporary files."""
    return [path.name for path in Path(store.url).rglob(".ganray-*")]


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS])
def test_without_hard_links_one_writer_of_a_file_is_told_so(
    folder: Store, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    folder.probe()
    assert folder.create(PATH, b"mine")
    assert not folder.create(PATH, b"another's")
    assert folder.get(PATH) == b"mine"
    assert folder.verify(commit(folder)) == []
    assert hidden(folder) == []


def test_that_locks_are_used_is_told_once(linkless: Store) -> None:
    assert linkless.caution() == ""
    linkless.probe()
    assert "makes no hard links" in linkless.caution()
    assert linkless.caution() == ""


def test_another_failure_of_a_link_is_no_lack_of_links(
    folder: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(StoreError, match="no space left"):
        folder.create(PATH, b"")


@pytest.mark.chaos
def test_of_many_processes_without_links_one_wins_each_key(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    outcome = race(store.url, writers=4, keys=12, links=False)
    assert outcome.created == (1,) * 12
    assert [len(seen) for seen in outcome.seen] == [1] * 12
    assert len(set(outcome.claims)) == 4
    assert hidden(store) == []


def test_threads_of_one_process_have_one_winner_each(linkless: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        for key in range(5):
            created = threads.map(lambda _, k=key: linkless.create(f"runs/{k}", b"equal"), range(8))
            assert sum(created) == 1
    assert hidden(linkless) == []


@pytest.mark.chaos
@pytest.mark.parametrize(
    "moment",
    [
        "os.rename = die",
        "os.fsync = lambda _: die() if alone._held else None",  # its lock written, not yet closed
        "alone._Turn._remove_locks = die",
        "alone._read = die",
    ],
)
def test_a_killed_writers_lock_holds_nobody_up(
    linkless: Store, never_stale: None, moment: str
) -> None:
    left = Path(linkless.url, PATH)
    killed = f"""
        import os, signal, sys
        from ganray.store import Store, alone
        from tests.store.races import no_links
        def die(*_): os.kill(os.getpid(), signal.SIGKILL)
        os.link = no_links
        {moment}
        Store(sys.argv[1]).create({PATH!r}, b"killed")
        alone._read("")
        """
    for _ in range(3):  # each finds what the one before has left
        words = [sys.executable, "-c", textwrap.dedent(killed), linkless.url]
        done = subprocess.run(words, capture_output=True, text=True, timeout=HANG_SECONDS)
        assert done.returncode == -signal.SIGKILL, done.stderr
        removed = "_remove_locks" in moment or moment == "alone._read = die"
        assert left.exists() == removed
        if removed:
            left.unlink()
    assert linkless.list("") == []
    assert linkless.create(PATH, b"mine")
    assert linkless.get(PATH) == b"mine"
    for item in linkless.gc(None, -1.0):
        Path(linkless.url, item.path).unlink()
    assert hidden(linkless) == []


def test_a_lock_of_another_machine_or_without_a_word_is_stale_in_time(
    linkless: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Path(linkless.url, PATH)
    target.parent.mkdir(parents=True)
    locks = [alone._Turn(target, target)._lock(number) for number in range(3)]
    locks[0].write_bytes(b'{"machine": ["elsewhere"], "process": 1, "file": "../../x"}')
    locks[1].write_bytes(b"")
    locks[2].write_bytes(b"[broken")
    monkeypatch.setattr(alone, "STALE_SECONDS", 0.05)
    assert linkless.create(PATH, b"mine")
    assert hidden(linkless) == []


def test_a_living_writers_lock_is_waited_for(linkless: Store, never_stale: None) -> None:
    target = Path(linkless.url, PATH)
    target.parent.mkdir(parents=True)
    held = target.parent / f".ganray-tmp-{'0' * 32}"
    held.write_bytes(b"first")
    alone._held.add(held.name)
    alone._Turn(held, target)._next_lock()
    created: list[bool] = []
    waits = threading.Thread(target=lambda: created.append(linkless.create(PATH, b"second")))
    waits.start()
    deadline = time.monotonic() + HANG_SECONDS
    while len(hidden(linkless)) < 3 and time.monotonic() < deadline:  # its own temporary file
        time.sleep(0.01)
    assert created == []
    held.rename(target)
    alone._held.discard(held.name)
    waits.join(HANG_SECONDS)
    assert created == [False]
    assert linkless.get(PATH) == b"first"


def overtaken(store: Store, monkeypatch: pytest.MonkeyPatch, place: object, name: str,
              other: Callable[[], object]) -> None:  # fmt: skip
    """Let `other` run once, within the first writer's next call of a function."""
    real = getattr(place, name)

    def call(*arguments: object, **options: object) -> object:
        monkeypatch.setattr(place, name, real)
        monkeypatch.setattr(alone, "STALE_SECONDS", 0.0)
        held = set(alone._held)
        other()
        alone._held.update(held)
        monkeypatch.setattr(alone, "STALE_SECONDS", 10.0 * HANG_SECONDS)
        return real(*arguments, **options)

    monkeypatch.setattr(place, name, call)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (os, "rename"),  # it has seen that there is no target
        (alone, "_described"),  # it has made its lock, and not said whose
        (alone._Turn, "_renamed"),
        (alone._Turn, "_next_lock"),
    ],
)
def test_a_writer_that_slept_and_was_passed_over_has_lost(
    linkless: Store, monkeypatch: pytest.MonkeyPatch, place: object, name: str
) -> None:
    won: list[bool] = []

    def other() -> None:
        won.append(Store(linkless.url).create(PATH, b"fast"))

    overtaken(linkless, monkeypatch, place, name, other)
    assert not linkless.create(PATH, b"slow")
    assert won == [True]
    assert linkless.get(PATH) == b"fast"
    assert hidden(linkless) == []


@pytest.mark.parametrize(("place", "name"), [(os, "rename"), (alone, "_described")])
def test_a_writer_passed_over_by_one_that_failed_begins_again(
    linkless: Store, monkeypatch: pytest.MonkeyPatch, place: object, name: str
) -> None:
    def other() -> None:
        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left")

        with monkeypatch.context() as broken:
            broken.setattr(os, "rename", full)
            with pytest.raises(StoreError):
                Store(linkless.url).create(PATH, b"never")

    overtaken(linkless, monkeypatch, place, name, other)
    assert linkless.create(PATH, b"slow")
    assert linkless.get(PATH) == b"slow"
    assert hidden(linkless) == []


def failing_sync(monkeypatch: pytest.MonkeyPatch, number: int, of_folders: bool) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode) == of_folders:
            raise OSError(number, os.strerror(number))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP])
def test_a_folder_that_cannot_be_synced_is_passed_over(
    folder: Store, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    failing_sync(monkeypatch, number, of_folders=True)
    folder.probe()
    folder.put("reports/x", b"x")
    assert folder.manifest(ADDRESS) is None
    assert folder.verify(commit(folder)) == []


@pytest.mark.parametrize(
    ("number", "of_folders"),
    [(errno.EIO, False), (errno.ENOSPC, False), (errno.EINVAL, False), (errno.EIO, True)],
)
def test_a_file_that_was_not_synced_is_not_written(
    folder: Store, monkeypatch: pytest.MonkeyPatch, number: int, of_folders: bool
) -> None:
    (Path(folder.url) / "runs").mkdir(parents=True)
    failing_sync(monkeypatch, number, of_folders)
    for write in (folder.create, folder.put):
        with pytest.raises(StoreError):
            write(PATH, b"data")
        assert of_folders or folder.get(PATH) is None
    assert hidden(folder) == []
