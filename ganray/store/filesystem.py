"""The store's place as a file system for others that keep their own state in it: Ray's Tune."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import s3fs

from ganray.store.s3 import PATIENT, session_without_expect


class StateFiles(s3fs.S3FileSystem):
    """S3 as the store reaches it, with its time-outs; it can be sent to other processes."""

    cachable = False

    def __init__(self, **options: Any) -> None:
        settings = {"config_kwargs": dict(PATIENT), "session": session_without_expect()}
        super().__init__(use_listings_cache=False, **(settings | options))


def state_place(url: str, below: str) -> tuple[StateFiles | None, str]:
    """The file system (None for this machine's own) and the path of the folder `below` a store."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        path = f"{parts.netloc}/{parts.path.strip('/')}".rstrip("/")
        return StateFiles(), f"{path}/{below}"
    return None, f"{unquote(parts.path) if parts.scheme == 'file' else url}/{below}"
