"""What the store asks of a file system: whole files at paths, and one create-only write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from ganray.errors import RefusedInput

FOLDERS = ("artifacts/", "runs/", "sweeps/", "reports/", "logs/", "speeds/", "probes/")
"""Where ganray writes; what else lies in a store's folder is somebody else's."""
TEMPORARY = re.compile(r"\.(?:ganray-)?tmp-[0-9a-f]{32}")  # older releases wrote .tmp- alone
LOCK = re.compile(r"\.ganray-lock-[0-9a-f]{32}-[0-9]+")
FOLDER_MARKS = ("/", "_$folder$")
"""How empty objects end that stand for folders, as browsers of buckets and Hadoop make them."""
PART = r"[A-Za-z0-9_][A-Za-z0-9._=+-]*"  # of a path, between slashes
PATH = rf"{PART}(/{PART})*"


@dataclass(frozen=True)
class Entry:
    """One listed file: path below the root, size in bytes, last change in seconds since 1970.

    `md5` is what the store says of its content, in hexadecimal digits; empty where it says nothing.
    A store that encrypts may say something else in that form.
    """

    path: str
    size: int
    modified: float
    md5: str = ""


@runtime_checkable
class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: Any, /) -> int:
        """Append `data`, any buffer of bytes."""


@runtime_checkable
class Files(Protocol):
    """Files below one root; every failure is a one-line `StoreError` that names the root.

    A file appears under its name whole or not at all. `path` is relative, with forward slashes.
    """

    url: str

    @property
    def lists_at_once(self) -> bool:
        """Whether many files are listed by one question, however many folders they lie in."""

    def create(self, path: str, data: bytes) -> bool:
        """Write `path` unless it exists: True for exactly one of any number of writers.

        After a doubtful answer the file is read back, so that a write whose reply was lost is
        still told to be this writer's.
        """

    def put(self, path: str, data: bytes) -> None:
        """Write or replace `path` in one step."""

    def writer(self, path: str) -> AbstractContextManager[Sink]:
        """Stream into `path`, which appears when the context ends without an exception."""

    def get(self, path: str) -> bytes | None:
        """The content of `path`, or None where there is no such file."""

    def swift_reader(self) -> Callable[[str], bytes | None] | None:
        """What reads many small files for less than `get` does; None where there is nothing.

        It answers None for what it could not read, or what is not there: then `get` tells.
        """

    def size(self, path: str) -> int | None:
        """The size of `path` in bytes, or None where there is no such file."""

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Every file whose path begins with `prefix`, in no particular order."""

    def leftovers(self) -> Iterator[Entry]:
        """Temporary files and locks that crashed writers left behind."""

    def remove(self, path: str) -> None:
        """Remove `path`, if it is there."""

    def caution(self) -> str:
        """A line on how it must be written to, if that is told once; else, and again, nothing."""

    def for_probing(self) -> Files:
        """The same files with little patience: an unreachable server is told within 15 seconds."""


def check_path(path: str, argument: str = "path") -> str:
    """Return `path` if it is a plain relative path with forward slashes.

    Raises:
        RefusedInput: for an absolute path, `..`, a hidden name or an unusual character.
    """
    if re.fullmatch(PATH, path) is None:
        raise RefusedInput(
            f"{argument} (={path!r}) must be a relative path of letters, digits and . _ = + - "
            "separated by single slashes, no part beginning with a dot"
        )
    return path
