"""Files in a folder: synced temporary file, then `os.link` (create-only) or `os.replace`.

Where there are no hard links (exFAT, Google Drive in Colab, some of FUSE) see `ganray.store.alone`.
"""

from __future__ import annotations

import errno
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ganray.errors import StoreError
from ganray.store.alone import move_alone
from ganray.store.files import FOLDERS, LOCK, TEMPORARY, Entry, Sink
from ganray.store.outage import OUTAGES

_CAUSES = {
    errno.ENOSPC: "no space left on the device",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "operation not permitted",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EEXIST: "a file lies where a folder is expected",
    errno.EISDIR: "a folder lies where a file is expected",
    errno.ENAMETOOLONG: "a name is too long",
    errno.ESTALE: "the network file system lost the folder (stale handle)",
    errno.EIO: "the device reported an input/output error",
}
_AWAY = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ESTALE, errno.EIO}
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
# CIFS and some of FUSE sync files, and know of no such thing as syncing a folder.
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


class FolderFiles:
    """`Files` below an absolute folder, which is made by the first write."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = str(root)
        self._links = True  # until the file system says otherwise
        self._told = False

    @property
    def lists_at_once(self) -> bool:
        """See `Files.lists_at_once`: every folder is listed by itself."""
        return False

    def create(self, path: str, data: bytes) -> bool:
        """See `Files.create`. fsspec's own `mode="create"` is exists-then-write on a folder."""
        with self._explained(path, writes=True):
            target, created = self._target(path), None
            while created is None:
                with _temporary(target.parent) as (handle, temporary):
                    handle.write(data)
                    _finish(handle)
                    created = self._named(temporary, target)
            _sync_folder(target.parent)
            return created

    def caution(self) -> str:
        """See `Files.caution`."""
        if self._links or self._told:
            return ""
        self._told = True
        return (
            f"store {self.url}: this file system makes no hard links, so that files which must "
            "have one writer are written under lock files, one at a time"
        )

    def put(self, path: str, data: bytes) -> None:
        """See `Files.put`."""
        with self.writer(path) as handle:
            handle.write(data)

    @contextmanager
    def writer(self, path: str) -> Iterator[Sink]:
        """See `Files.writer`."""
        with self._explained(path, writes=True):
            target = self._target(path)
            with _temporary(target.parent) as (handle, temporary):
                yield handle
                _finish(handle)
                temporary.replace(target)
            _sync_folder(target.parent)

    def get(self, path: str) -> bytes | None:
        """See `Files.get`."""
        with self._explained(path):
            try:
                return (self.root / path).read_bytes()
            except FileNotFoundError:
                return None

    def swift_reader(self) -> None:
        """See `Files.swift_reader`: nothing is swifter than the file system."""

    def size(self, path: str) -> int | None:
        """See `Files.size`."""
        with self._explained(path):
            try:
                return (self.root / path).stat().st_size
            except FileNotFoundError:
                return None

    def entries(self, prefix: str) -> Iterator[Entry]:
        """See `Files.entries`."""
        start = self.root / prefix.rpartition("/")[0]
        for entry in self._walk(start):
            if entry.path.startswith(prefix) and not _is_temporary(entry):
                yield entry

    def leftovers(self) -> Iterator[Entry]:
        """See `Files.leftovers`."""
        for folder in FOLDERS:
            yield from filter(_is_temporary, self._walk(self.root / folder))

    def remove(self, path: str) -> None:
        """See `Files.remove`."""
        with self._explained(path, writes=True):
            (self.root / path).unlink(missing_ok=True)

    def for_probing(self) -> FolderFiles:
        """See `Files.for_probing`: a folder answers at once or not at all."""
        return self

    def _walk(self, start: Path) -> Iterator[Entry]:
        with self._explained(str(start)):
            for folder, _, names in os.walk(start, onerror=_raise_unless_missing):
                for name in names:
                    file = Path(folder, name)
                    try:
                        status = file.stat()
                    except FileNotFoundError:  # removed or renamed since it was listed
                        continue
                    relative = file.relative_to(self.root).as_posix()
                    yield Entry(relative, status.st_size, status.st_mtime)

    def _target(self, path: str) -> Path:
        target = self.root / path
        _make_folder(target.parent)
        return target

    def _named(self, temporary: Path, target: Path) -> bool | None:
        """Whether the file got its name; None: it is to be written again."""
        if self._links:
            try:
                os.link(temporary, target)
                return True
            except FileExistsError:
                # A network file system may lose the reply of a link that was made: two names tell.
                return temporary.stat().st_nlink == 2
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                self._links = False
        return move_alone(temporary, target)

    @contextmanager
    def _explained(self, path: str, writes: bool = False) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        except OSError as error:
            cause = _CAUSES.get(error.errno or 0, error.strerror or type(error).__name__)
            away = error.errno in _AWAY
            if away:
                OUTAGES.failed(self.url, writes, cause, begun=begun, takes_no_writes=writes)
            raise StoreError(f"store {self.url}: {cause} ({path})", away) from None
        else:
            OUTAGES.answered(self.url, writes)


def _is_temporary(entry: Entry) -> bool:
    name = entry.path.rpartition("/")[2]
    return TEMPORARY.fullmatch(name) is not None or LOCK.fullmatch(name) is not None


@contextmanager
def _temporary(folder: Path) -> Iterator[tuple[IO[bytes], Path]]:
    temporary = folder / f".ganray-tmp-{uuid.uuid4().hex}"
    handle = temporary.open("xb")
    try:
        yield handle, temporary
    finally:
        try:
            handle.close()
        finally:
            temporary.unlink(missing_ok=True)


def _finish(handle: IO[bytes]) -> None:
    handle.flush()
    os.fsync(handle.fileno())


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """A name outlives a power cut only when its folder is synced too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def _raise_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
