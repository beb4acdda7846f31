"""Turns of several threads, which lock files as processes do."""

from __future__ import annotations

import threading

from ganray.distributed.worker import turns
from ganray.distributed.worker.turns import turn
from tests import HANG_SECONDS


def test_no_more_are_within_than_agreed_and_each_comes(tmp_path):
    within, most, lock = 0, 0, threading.Lock()
    both = threading.Barrier(2)

    def take() -> None:
        nonlocal within, most
        with turn(tmp_path, 2):
            with lock:
                within, most = within + 1, max(most, within + 1)
            both.wait(HANG_SECONDS)  # two are within at once
            with lock:
                within -= 1

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG_SECONDS)
    assert (within, most) == (0, 2)


def test_nobody_waits_for_ever_for_one_that_does_not_leave(tmp_path, monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.1)
    with turn(tmp_path, 1), turn(tmp_path, 1):
        pass
    with turn(tmp_path, 1):
        pass


def test_where_no_file_can_be_locked_nobody_waits(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with turn(tmp_path / "file", 1), turn(tmp_path / "file", 1):
        pass
