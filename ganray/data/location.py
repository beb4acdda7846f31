"""A file or folder at any URL that fsspec knows; every foreseeable failure in one line."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO

import fsspec

from ganray.data.file_systems import (
    by_proxy,
    is_chain,
    is_served,
    joined,
    located,
    on_hub,
    said_by,
)
from ganray.data.reaching import Reaching
from ganray.errors import GanrayError, RefusedInput, StoreError, quoted, refuse_secrets
from ganray.text.urls import is_url

PACKED = "ganray-archive"
"""The protocol of what lies in an archive that is read in place; fsspec's own are chains."""


@dataclass(frozen=True)
class Selection:
    """Some files and folders, all that lies in these, and the folders above them."""

    paths: frozenset[str]

    def admits(self, path: str) -> bool:
        """Whether it is one of them."""
        above = accumulate(path.split("/"), "{}/{}".format)
        return path in self._above or any(one in self.paths for one in above)

    @cached_property
    def _above(self) -> set[str]:
        return {one for path in self.paths for one in accumulate(path.split("/"), "{}/{}".format)}


@dataclass(frozen=True)
class Location:
    """A path on a file system.

    Attributes:
        shown: the URL or path as it was given, fit for messages.
        selected: what of it a glob names; none: all.
    """

    fs: fsspec.AbstractFileSystem
    path: str
    shown: str
    selected: Selection | None = None

    @classmethod
    def of(cls, url: str, argument: str = "url") -> Location:
        """The location that `url` names: a path of this machine unless it begins with a scheme.

        Args:
            argument: by which messages name it.

        Raises:
            RefusedInput: it carries credentials, no installed file system knows its protocol, or
                its server is not there.
        """
        refuse_secrets(argument, url)
        try:
            fs, path = located(url)
        except (ImportError, ValueError, OSError) as error:  # FTP connects at once
            if isinstance(error, ImportError) and on_hub(url):
                raise RefusedInput(
                    f"{argument} (={quoted(url)}): the Hugging Face Hub is read by a package that "
                    "is not installed: pip install huggingface_hub"
                ) from None
            raise RefusedInput(
                f"{quoted(url)} cannot be read: {said_by(error)}{by_proxy(url, error)}; valid: "
                "a path, s3://… or http(s)://…"
            ) from None
        fs.invalidate_cache()
        return cls(fs, path, url)

    @property
    def name(self) -> str:
        """The last part of the path; of a chain that of its first link, where there is one."""
        first = self.shown.partition("::")[0] if is_chain(self.shown) else ""
        named = first if "://" in first and not first.endswith("://") else self.shown
        return named.rstrip("/").rsplit("/", 1)[-1]

    @property
    def is_remote(self) -> bool:
        """Whether it lies on another machine, in a bucket or on a server, and in no archive."""
        here = {"file", "local", "memory", PACKED} & set(_protocols(self.fs))
        return is_url(self.shown) and not is_chain(self.shown) and not here

    def child(self, name: str) -> Location:
        """The file or folder `name` below this one."""
        # An archive's own root is "", and "/a" would be listed as that root again.
        path = f"{self.path.rstrip('/')}/{name}" if self.path else name
        return Location(self.fs, path, joined(self.shown, name), self.selected)

    def beside(self, name: str) -> Location:
        """The file or folder of that path below the folder in which this one lies."""
        folder = self.path.rpartition("/")[0]
        path = f"{folder}/{name}" if folder or self.path.startswith("/") else name
        return Location(self.fs, path, f"{self.shown.rstrip('/').rpartition('/')[0]}/{name}")

    def extended(self, ending: str) -> Location:
        """What is called so and goes on with `ending`: of several sets in one folder."""
        return Location(self.fs, f"{self.path}{ending}", f"{self.shown}{ending}")

    def exists(self) -> bool:
        """Whether there is anything here.

        Raises:
            RefusedInput: that cannot be told, as the server, or the proxy before it, is not there.
        """
        with self._reaching():
            if "http" in self.fs.protocol:  # fsspec takes a server that is away for a missing file
                return is_served(self.fs, self.path)
            return bool(self.fs.exists(self.path))

    def is_file(self) -> bool:
        """Whether there is a file here, or a link to one."""
        return self.exists() and self.kind() == "file"

    def kind(self) -> str:
        """What is here, behind any link: "file", "directory" or "other" (a pipe, a device)."""
        with self._reaching():
            return str(self.fs.info(self.path)["type"])

    def info(self) -> dict[str, Any]:
        """What its file system tells of it: its size, and elsewhere mostly an ETag or the like."""
        with self._reaching():
            return dict(self.fs.info(self.path))

    def children(self) -> dict[str, str]:
        """What lies in this folder: name → "file", "directory", "link" or "other"."""
        with self._reaching():
            entries = self.fs.ls(self.path, detail=True)
        found = {}
        for entry in entries:
            path = entry["name"].rstrip("/")
            # Object stores list the folder in itself, and empty objects that stand for folders.
            mark = "file" not in self.fs.protocol and _marks_folder(entry)
            counts = self.selected is None or self.selected.admits(path)
            if path != self.path.rstrip("/") and not mark and counts:
                found[path.rsplit("/", 1)[-1]] = "link" if entry.get("islink") else entry["type"]
        return dict(sorted(found.items()))

    def matching(self) -> list[str]:
        """Paths of what there is, taken for a pattern: `*`, `**`, `?` and `[…]`."""
        with self._reaching():
            return sorted(path.rstrip("/") for path in self.fs.glob(self.path))

    def real_path(self) -> str:
        """The path without links, here and in archives; elsewhere the path as it is."""
        if PACKED in self.fs.protocol:
            return str(self.fs.real_path(self.path))
        return os.path.realpath(self.path) if "file" in self.fs.protocol else self.path

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The file's bytes, buffered and seekable; failures while reading are translated too."""
        fs = self.fs
        if "http" in fs.protocol:  # a plain HTTP server serves no ranges: read a local copy
            fs = fsspec.filesystem("simplecache", fs=fs)
        with self._reaching(), fs.open(self.path, "rb") as file:
            yield file

    @contextmanager
    def create(self) -> Iterator[BinaryIO]:
        """A new file to write, with the folders above it.

        Raises:
            StoreError: where it cannot be written: forbidden, full, unreachable.
        """
        with self._reaching("written", StoreError):
            if "file" in self.fs.protocol:  # elsewhere it would create a missing bucket
                self.fs.makedirs(self.path.rsplit("/", 1)[0], exist_ok=True)
            with self.fs.open(self.path, "wb") as file:
                yield file

    def read(self, most: int | None = None) -> bytes:
        """The whole file.

        Raises:
            RefusedInput: it lies on this machine, or in an archive, and has more than `most` bytes,
                perhaps on paper alone (a sparse file): it is not read.
        """
        with self._reaching():
            if most is not None and {"file", PACKED} & set(_protocols(self.fs)):
                refuse_large(self.fs.size(self.path), most, repr(self.shown))
            return bytes(self.fs.cat_file(self.path))

    def read_several(self, files: Sequence[Location], most: int) -> Iterator[bytes | RefusedInput]:
        """The contents of files of this file system in turn; a refusal of each that has none.

        Where every file takes a journey they are fetched at once.
        """
        known: dict[str, bytes | Exception] = {}
        if self.fs.async_impl and len(files) > 1:
            with self._reaching():
                known = self.fs.cat([file.path for file in files], on_error="return")
        read: Callable[[Location, int], bytes] = Location.read
        if "file" in self.fs.protocol:
            read = Location._read_local
        elif PACKED in self.fs.protocol:
            read = Location._read_packed
        for file in files:
            found = known.get(file.path)
            if isinstance(found, bytes):
                yield found
                continue
            try:
                yield read(file, most)
            except RefusedInput as error:
                yield error

    def _read_local(self, most: int) -> bytes:
        """As `read`, several times as fast: a set may have a million files."""
        with self._reaching(), Path(self.path).open("rb") as file:
            refuse_large(os.fstat(file.fileno()).st_size, most, repr(self.shown))
            return file.read()

    def _read_packed(self, most: int) -> bytes:
        """As `read`, without a second look at where it lies."""
        with self._reaching():
            return bytes(self.fs.cat_file(self.path, most=most, shown=self.shown))

    def sha256(self) -> str:
        """SHA-256 of the file's bytes, read in pieces."""
        digest = hashlib.sha256()
        with self.open() as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        return digest.hexdigest()

    def _reaching(self, action: str = "read", kind: type[GanrayError] = RefusedInput) -> Reaching:
        return Reaching(self.shown, action, kind)


def _protocols(fs: fsspec.AbstractFileSystem) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)


def _marks_folder(entry: dict[str, Any]) -> bool:
    """Whether an object is `folder/` or `folder_$folder$`: what Hadoop and browsers make."""
    is_file, ends = entry["type"] == "file", ("/", "_$folder$")
    return is_file and not entry.get("size") and entry["name"].endswith(ends)


def refuse_large(size: int, most: int, where: str) -> None:
    """Refuse a file of more than `most` bytes before it is read into memory."""
    if size > most:
        raise RefusedInput(f"{where}: {size} bytes, more than {most}; it is not read")


def check_target(argument: str, url: str) -> None:
    """Refuse a place to which files cannot be written, before there is anything to write.

    Raises:
        RefusedInput: naming `argument`; it is empty, no URL, an HTTP server, or has a password.
    """
    refuse_secrets(argument, url)
    valid = "a folder, or a URL such as s3://bucket/prefix"
    if not url:
        raise RefusedInput(f"{argument} (='') must be {valid}")
    if url.lower().startswith(("http://", "https://")):
        raise RefusedInput(f"{argument} (={url!r}) takes no files; it must be {valid}")
    try:
        Location.of(url)
    except RefusedInput as error:
        raise RefusedInput(f"{argument}: {error}") from None
