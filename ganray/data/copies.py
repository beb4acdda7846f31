"""Large files that are made of others, say unpacked archives: one copy for all processes of a node.

It lies in the node's cache, called by what it is made of and by its own SHA-256, which each process
compares once. While it is written it has no name, so that nothing is left of it whatever ends the
writer; other processes wait for it, some minutes at most. What the cache has no room for is a file
without a name, of one process alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from filelock import FileLock, Timeout

from ganray.data.imported.cache import NodeCache, node_cache
from ganray.process.waits import WAITS

_PATIENCE = 120.0  # seconds: a worker that does nothing for long is taken for one that hangs
_COMPARED: set[tuple[str, int, int, int]] = set()
"""Copies that this process has written or compared: their names, devices, inodes and sizes."""


class Copy:
    """A file that is written from its start: where the cache has room, else where TMPDIR says."""

    def __init__(self, cache: NodeCache | None) -> None:
        """Begins it."""
        self.size, self._digest, self._cache = 0, hashlib.sha256(), cache
        self._name: Path | None = None
        self.file = self._in_cache() or _unnamed()

    def write(self, piece: bytes) -> None:
        """Some more.

        Raises:
            OSError: there is no room anywhere.
        """
        self._digest.update(piece)
        self.size += len(piece)
        if self._cache and not self._cache.has_room(self.size, len(piece)):
            self._leave_cache()
        try:
            self.file.write(piece)
        except OSError:
            if self._cache is None:
                raise
            self.file.seek(self.size - len(piece))
            self.file.truncate()
            self._leave_cache()
            self.file.write(piece)

    def kept(self, key: str) -> BinaryIO:
        """The whole file at its start; from now on others find it by that name."""
        self.file.flush()
        if self._cache:
            path = self._cache.folder / f"{key}-{self._digest.hexdigest()}"
            with suppress(OSError):
                self._cache.make_room(self.size)
                self._call(path)
                _COMPARED.add(_state(path.name, self.file))
                self._cache.make_room(0)
        self.discard_name()
        self.file.seek(0)
        return self.file

    def discard_name(self) -> None:
        """Of a file that is not called by what it is: it ends with its last use."""
        if self._name:
            self._name.unlink(missing_ok=True)

    def _in_cache(self) -> BinaryIO | None:
        if self._cache is None:
            return None
        try:
            self._cache.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(AttributeError, OSError):  # not of every system and file system
                descriptor = os.open(self._cache.folder, os.O_TMPFILE | os.O_RDWR, 0o600)
                return os.fdopen(descriptor, "w+b")
            self._name = self._cache.folder / f".ganray-tmp-{uuid.uuid4().hex}"
            descriptor = os.open(self._name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            return os.fdopen(descriptor, "w+b")
        except OSError:
            self._cache = None
            return None

    def _call(self, path: Path) -> None:
        if self._name:
            self._name.replace(path)
            self._name = None
        else:
            # With a folder's descriptor alone, which says nothing here, Python follows the link.
            number = self.file.fileno()
            os.link(f"/proc/self/fd/{number}", path, src_dir_fd=number, follow_symlinks=True)

    def _leave_cache(self) -> None:
        elsewhere = _unnamed()
        self.file.seek(0)
        shutil.copyfileobj(self.file, elsewhere, 1 << 20)
        self.file.close()
        self.discard_name()
        self.file, self._cache = elsewhere, None


def shared_copy(made_of: str | None, make: Callable[[Copy], None]) -> BinaryIO:
    """A file at its start, made here or found in the node's cache.

    Args:
        made_of: says what it is made of, and changes with that; none: nobody else may find it.
        make: writes it.

    Raises:
        RefusedInput: as `make`, of which then nothing is left; or as `node_cache`.
    """
    cache = node_cache() if made_of else None
    key = hashlib.sha256((made_of or "").encode()).hexdigest()
    if cache is None:
        return _made(None, make, key)
    found = _found(cache, key)
    if found is not None:
        return found
    with _turn(cache.folder, key):
        return _found(cache, key) or _made(cache, make, key)


def _made(cache: NodeCache | None, make: Callable[[Copy], None], key: str) -> BinaryIO:
    copy = Copy(cache)
    try:
        make(copy)
    except BaseException:
        copy.discard_name()
        copy.file.close()
        raise
    return copy.kept(key)


def _found(cache: NodeCache, key: str) -> BinaryIO | None:
    for path in cache.folder.glob(f"{key}-*"):
        with suppress(OSError):
            file = path.open("rb")
            if _is_whole(path, file):
                with suppress(OSError):  # it may be another user's
                    os.utime(path)
                return file
            file.close()
            path.unlink()
    return None


def _is_whole(path: Path, file: BinaryIO) -> bool:
    state = _state(path.name, file)
    if state not in _COMPARED:
        digest = hashlib.file_digest(cast(Any, file), "sha256").hexdigest()
        file.seek(0)
        if not path.name.endswith(digest):
            return False
        _COMPARED.add(state)
    return True


def _state(name: str, file: BinaryIO) -> tuple[str, int, int, int]:
    status = os.fstat(file.fileno())
    return name, status.st_dev, status.st_ino, status.st_size


@contextmanager
def _turn(folder: Path, key: str) -> Iterator[None]:
    """While this lasts no other process makes that copy, unless it has lost its patience."""
    lock = None
    with suppress(OSError, Timeout):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Few files, which stay: to remove a lock while others wait for it is a race.
        lock = FileLock(folder / f".ganray-lock-{key[0]}", timeout=_PATIENCE, mode=0o600)
        with WAITS.of("another process's copy of the data"):
            lock.acquire()
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _unnamed() -> BinaryIO:
    return cast(BinaryIO, tempfile.TemporaryFile())
