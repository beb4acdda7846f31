"""Create-only writes where a file system makes no hard links: lock files, one writer at a time.

A file is written whole under a temporary name, as everywhere; whoever holds the lock of its target
renames it. Locks of a target are numbered. To hold number n one makes its file, which fails if it
is there, and takes every lock below it for stale: its process is dead, or it has not changed for
`STALE_SECONDS`. A holder that was only slow loses: whoever passes over it first removes its
temporary file, so that nothing is left for it to rename, and looks for the target after that. A
holder that has not yet said which file that is sees the higher lock, and begins again.

No lock is removed while its target is not there, so that numbers are never given twice; a lock that
a killed writer leaves costs the next one nothing but its number.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

import psutil

from ganray.store.files import TEMPORARY

STALE_SECONDS = 15.0
"""What a lock guards takes milliseconds; by the clock of whoever waits for it."""
_POLL_SECONDS = 0.01
_CLOCK_SECONDS = 2.0  # by which a process's start may move with the machine's clock
_held: set[str] = set()  # the temporary files that this process is about to rename


def move_alone(temporary: Path, target: Path) -> bool | None:
    """Rename `temporary` to `target`, in one folder, unless that is there.

    Returns:
        Whether it was renamed; False: `target` was there first; None: this writer was so slow that
        it was taken for dead, and `temporary` is to be written again.
    """
    _held.add(temporary.name)
    try:
        return _Turn(temporary, target).taken()
    finally:
        _held.discard(temporary.name)


class _Turn:
    def __init__(self, temporary: Path, target: Path) -> None:
        self._temporary, self._target = temporary, target
        self._seen: dict[Path, tuple[bytes, float]] = {}

    def taken(self) -> bool | None:
        """See `move_alone`."""
        while not self._target.exists():
            number = self._next_lock()
            if number is None:
                time.sleep(_POLL_SECONDS)
                continue
            renamed = self._renamed(number)
            if self._target.exists():
                self._remove_locks(number)
            return renamed
        return False

    def _next_lock(self) -> int | None:
        """The lock that is now this writer's; None: another holds one."""
        for number in itertools.count():
            lock = self._lock(number)
            try:
                with lock.open("xb") as file:
                    file.write(_described(self._temporary))
                    file.flush()
                    os.fsync(file.fileno())
                return number
            except FileExistsError:
                if not self._is_stale(lock):
                    return None
        return None

    def _renamed(self, number: int) -> bool | None:
        if self._lock(number + 1).exists():
            return None
        for below in range(number):
            lock = self._lock(below)
            content = _read(lock)
            if content != self._seen[lock][0]:  # another one's since: its target is there, or was
                return None
            if (name := _holder(content).get("file", "")) and TEMPORARY.fullmatch(name):
                (self._target.parent / name).unlink(missing_ok=True)
        if self._target.exists():
            return False
        try:
            self._temporary.rename(self._target)
        except FileNotFoundError:
            return None
        return True

    def _is_stale(self, lock: Path) -> bool:
        content, now = _read(lock), time.monotonic()
        known, since = self._seen.get(lock, (None, now))
        if content != known:
            self._seen[lock] = content, now
            since = now
        return now - since >= STALE_SECONDS or _is_dead(_holder(content))

    def _remove_locks(self, highest: int) -> None:
        for number in range(highest, -1, -1):
            self._lock(number).unlink(missing_ok=True)

    def _lock(self, number: int) -> Path:
        name = hashlib.sha256(self._target.name.encode()).hexdigest()[:32]
        return self._target.parent / f".ganray-lock-{name}-{number}"


def _read(lock: Path) -> bytes:
    try:
        return lock.read_bytes()
    except FileNotFoundError:
        return b""


def _described(temporary: Path) -> bytes:
    holder = {"file": temporary.name, "process": os.getpid(), "started": _started(os.getpid())}
    return json.dumps(holder | {"machine": _machine()}).encode()


def _holder(content: bytes) -> dict[str, Any]:
    """What a lock says of its writer; nothing where that was killed before it had said it."""
    try:
        return dict(json.loads(content))
    except (ValueError, TypeError):
        return {}


def _is_dead(holder: dict[str, Any]) -> bool:
    """Whether that is certain; of another machine's processes nothing is."""
    if holder.get("machine") != _machine():
        return False
    if holder["file"] in _held:
        return False
    if holder["process"] == os.getpid():
        return True  # an earlier write of this process that failed, or an earlier process
    started = _started(holder["process"])
    return started is None or abs(started - holder["started"]) > _CLOCK_SECONDS


def _started(process: int) -> float | None:
    """When a process began; None: none of that number runs any more."""
    try:
        found = psutil.Process(process)
        return None if found.status() == psutil.STATUS_ZOMBIE else found.create_time()
    except psutil.Error:
        return None


def _machine() -> list[str]:
    """This machine since it was started, and the container whose numbers processes have."""
    found = [platform.node()]
    for path, read in (
        ("/proc/sys/kernel/random/boot_id", Path.read_text),
        ("/proc/self/ns/pid", os.readlink),
    ):
        try:
            found.append(str(read(Path(path))).strip())
        except OSError:
            found.append("")
    return found
