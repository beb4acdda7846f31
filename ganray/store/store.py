"""The store of a run: an absolute folder, or an S3 bucket behind any endpoint."""

from __future__ import annotations

import builtins
import contextlib
import secrets
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ganray.errors import RefusedInput, StoreError, one_line, quoted
from ganray.store.attempt import Attempt, claim_attempt
from ganray.store.catalogue import Catalogue
from ganray.store.files import Files, check_path
from ganray.store.folder import FolderFiles
from ganray.store.garbage import PROBES, Garbage, find_garbage, is_store
from ganray.text.urls import without_secrets


class Store(Catalogue):
    """Artifacts, checkpoints and small files below `url`; cheap to make, and picklable by its URL.

    Every failure of the store is a `StoreError` of one line that names the URL.

    Args:
        known: whether it has answered somebody before: then a store that is away is waited for
            from the first request on, as it is by anybody after the first answer.
        hasty: somebody waits for what is read: a store that is away is told within 15 seconds, once
            and for all.

    Raises:
        RefusedInput: `url` is neither an absolute folder (or file:// URL) nor s3://bucket/prefix.
    """

    def __init__(self, url: str, known: bool = False, hasty: bool = False) -> None:
        super().__init__(open_files(url, known, hasty))
        self.url = url

    def __reduce__(self) -> tuple[type[Store], tuple[str]]:
        return Store, (self.url,)

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    def probe(self) -> None:
        """Write, read back, and check that the second create-only write of a file is refused.

        Raises:
            StoreError: naming the URL and the cause: unreachable (within about 15 seconds),
                forbidden, no such bucket, read-only, full, or create-only writes not honoured.
        """
        files = self.files.for_probing()
        path = f"{PROBES}{secrets.token_hex(8)}"
        first = files.create(path, b"first")
        second = files.create(path, b"second")
        content = files.get(path)
        with contextlib.suppress(StoreError):  # a store that never deletes is a sound store
            files.remove(path)
        if not first or second or content != b"first":
            raise StoreError(
                f"store {self.url}: it does not honour create-only writes "
                "(If-None-Match), so that two runs could overwrite each other's artifacts"
            )

    def caution(self) -> str:
        """A line on how this store must be written to, if there is one and it was not told yet."""
        return self.files.caution()

    def claim_attempt(self, trajectory: str, note: Mapping[str, Any] | None = None) -> Attempt:
        """Claim a number under `trajectory` that no other attempt has or will have.

        `note` (small JSON values: host, process) is kept beside it for whoever looks.

        Raises:
            RefusedInput: `trajectory` is malformed.
            StoreError: the store fails.
        """
        return claim_attempt(self, trajectory, note)

    def create(self, path: str, data: bytes) -> bool:
        """Write the small file `path` unless it exists: True for exactly one writer.

        A doubtful reply is settled by reading back.
        """
        return self.files.create(check_path(path), data)

    def put(self, path: str, data: bytes) -> None:
        """Write or replace the file `path` in one step."""
        self.files.put(check_path(path), data)

    def get(self, path: str) -> bytes | None:
        """The content of the file `path`, or None where there is none."""
        return self.files.get(check_path(path))

    def list(self, prefix: str) -> builtins.list[str]:
        """The sorted paths of all files that begin with `prefix` (empty for all)."""
        if prefix:
            check_path(prefix.removesuffix("/"), "prefix")
        return sorted(entry.path for entry in self.files.entries(prefix))

    @property
    def in_use(self) -> bool:
        """Whether anything lies here that makes a folder a store: that ganray wrote it tells."""
        return is_store(self.files)

    def gc(
        self,
        reachable: AbstractSet[str] | None,
        older_than: float,
        continued: AbstractSet[str] = frozenset(),
    ) -> builtins.list[Garbage]:
        """What nothing needs and is older than `older_than` seconds; nothing is changed.

        That is: artifacts whose address is not in `reachable`, with their files; superseded and
        invalid generations; files of attempts that no reachable current manifest names (an
        attempt is as old as its newest file); and what crashed writers left. Checkpoints of a
        trajectory that still has a reachable address to commit are kept, and the newest one of
        each trajectory in `continued`, which can be followed further. Files of names that ganray
        does not write are no garbage, and nothing is where there is no store.

        Args:
            reachable: None where it is not known: then only what crashed writers left is garbage.
        """
        return find_garbage(self, reachable, older_than, continued)

    def delete(self, garbage: Iterable[Garbage]) -> int:
        """Remove what `gc` listed, manifests before their files; return how many files."""
        ordered = sorted(garbage, key=lambda item: "/attempts/" in item.path)
        for item in ordered:
            self.files.remove(item.path)
        return len(ordered)


def open_files(url: str, known: bool = False, hasty: bool = False) -> Files:
    """The files below `url`; see `Store`.

    Raises:
        RefusedInput: quoting `url` (without any credentials in it) and saying what is valid.
    """
    valid = (
        "must be an absolute folder such as /data/ganray, a file:// URL, or s3://bucket/prefix; "
        "a relative path would be another folder on every node"
    )
    if (plain := without_secrets(url)) != url:
        raise RefusedInput(
            f"store (={quoted(plain)}) must hold no credentials, query or fragment; give "
            "credentials by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile"
        )
    if url.startswith("/"):  # whatever its name holds
        return FolderFiles(Path(url))
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise RefusedInput(f"store (={quoted(url)}): {one_line(error)}; it {valid}") from None
    if parts.scheme == "s3" and parts.netloc:
        from ganray.store.remote.s3 import (
            S3Files,  # takes half a second, which folders need not pay
        )

        prefix = parts.path.strip("/")
        return S3Files(parts.netloc, prefix, known=known, hasty=hasty, final=hasty)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        return FolderFiles(Path(unquote(parts.path)))
    raise RefusedInput(f"store (={quoted(url)}) {valid}")
