"""The store's place as a file system for others that keep their own state in it: Ray's Tune."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from ganray.store.client import S3Client, place_of
from ganray.store.patience import Patience


class StateFiles(S3Client):
    """S3 as the store reaches it, with its patience; it can be sent to other processes."""

    def __init__(self, store: str, **options: Any) -> None:
        super().__init__(Patience(place_of(store), known=True), **options)


def state_place(url: str, below: str) -> tuple[StateFiles | None, str]:
    """The file system (None for this machine's own) and the path of the folder `below` a store."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        path = f"{parts.netloc}/{parts.path.strip('/')}".rstrip("/")
        return StateFiles(url), f"{path}/{below}"
    return None, f"{unquote(parts.path) if parts.scheme == 'file' else url}/{below}"
