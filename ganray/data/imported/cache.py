"""A node's own copies of what data sets in remote places hold, by SHA-256: bounded, verified.

Workers of a node share it. A file is written whole and renamed, so that a killed writer leaves a
temporary file alone and two writers leave one of two equal files. What is read is compared with its
name each time; what cannot be read or written, for whatever reason, is fetched as if there were no
cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import pooch

from ganray.errors import RefusedInput, quoted

FOLDER_VARIABLE = "GANRAY_CACHE"
BYTES_VARIABLE = "GANRAY_CACHE_BYTES"
_MOST_BYTES = 10 * 10**9
_SPARE_BYTES = 2**30  # of the disk, which others need, too
_NAME = re.compile(r"[0-9a-f]{64}(-[0-9a-f]{64})?")  # of what is made of others, both digests
_TEMPORARY = re.compile(r"\.ganray-tmp-[0-9a-f]{32}")
_LEFT_SECONDS = 3600.0  # a temporary file this old is a killed writer's


@dataclass(frozen=True)
class NodeCache:
    """Files below `folder`, at most `most` bytes of them; those unused for longest go first."""

    folder: Path
    most: int

    def get(self, sha256: str) -> bytes | None:
        """The content with that digest, if it is here; from now on it is the last that was used."""
        path = self.folder / sha256
        try:
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() != sha256:  # cut off, or changed by somebody
                path.unlink(missing_ok=True)
                return None
        except OSError:
            return None
        with contextlib.suppress(OSError):  # it may be another user's
            os.utime(path)
        return data

    def put(self, sha256: str, data: bytes) -> None:
        """Keep `data`, whose digest that is, if there is room for it."""
        if len(data) > self.most:
            return
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.make_room(len(data))
            if self.has_room(len(data), len(data)):
                self._write(self.folder / sha256, data)
                self.make_room(0)  # another writer may have found the same room

    def has_room(self, size: int, more: int) -> bool:
        """Whether a file of that size may be here, as far as the disk takes so many bytes more."""
        return size <= self.most and shutil.disk_usage(self.folder).free - more >= _SPARE_BYTES

    def _write(self, path: Path, data: bytes) -> None:
        temporary = self.folder / f".ganray-tmp-{uuid.uuid4().hex}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def make_room(self, wanted: int) -> None:
        """Remove the longest unused until there is room for `wanted` bytes, and what was left."""
        kept, now = [], time.time()
        for entry in os.scandir(self.folder):
            with contextlib.suppress(FileNotFoundError):  # another one trims, too
                status = entry.stat(follow_symlinks=False)
                if _NAME.fullmatch(entry.name):
                    kept.append((status.st_mtime_ns, status.st_size, Path(entry.path)))
                elif _TEMPORARY.fullmatch(entry.name) and now - status.st_mtime > _LEFT_SECONDS:
                    Path(entry.path).unlink(missing_ok=True)
        total = wanted + sum(size for _, size, _ in kept)
        for _, size, path in sorted(kept):
            if total <= self.most:
                break
            path.unlink(missing_ok=True)
            total -= size


def node_cache() -> NodeCache | None:
    """The cache that this process's environment names; None: it wants none.

    Raises:
        RefusedInput: GANRAY_CACHE is no absolute path, or GANRAY_CACHE_BYTES no number of bytes.
    """
    given = os.environ.get(BYTES_VARIABLE, "").strip()
    if given and not (given.isdecimal() and len(given) < 20):
        raise RefusedInput(
            f"{BYTES_VARIABLE} (={quoted(given)}) must be a whole number of bytes, such as "
            f"{_MOST_BYTES}; 0 keeps no copies"
        )
    most = int(given or _MOST_BYTES)
    folder = Path(os.environ.get(FOLDER_VARIABLE) or pooch.os_cache("ganray")).expanduser()
    if not folder.is_absolute():
        raise RefusedInput(
            f"{FOLDER_VARIABLE} (={quoted(str(folder))}) must be an absolute path of a folder on "
            "the node's own disk"
        )
    return NodeCache(folder / "data", most) if most else None
