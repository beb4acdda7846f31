"""S3 as a file system for others: Ray's Tune, which keeps its state there, and readers of data."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from ganray.store.outage import OUTAGES
from ganray.store.remote.client import S3Client, place_of
from ganray.store.remote.patience import Patience


class StateFiles(S3Client):
    """S3 as the store reaches it, with its patience; it can be sent to other processes."""

    def __init__(self, store: str, **options: Any) -> None:
        super().__init__(Patience(place_of(store), known=True), **options)


class DataFiles(S3Client):
    """S3 for whoever opens an s3:// URL by fsspec: deadlines as those of a store.

    A bucket that has answered this process, be it as a store, is waited for as a store is.
    """

    cachable = True

    def __init__(self, **options: Any) -> None:
        super().__init__(Patience("s3://", stores=False), **options)
        self._patiences: dict[str, Patience] = {}

    def _patience_with(self, bucket: str) -> Patience:
        place = f"s3://{bucket}"
        patience = self._patiences.setdefault(bucket, Patience(place, stores=False))
        patience.reached = patience.reached or OUTAGES.has_answered(place)
        return patience


def state_place(url: str, below: str) -> tuple[StateFiles | None, str]:
    """The file system (None for this machine's own) and the path of the folder `below` a store."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        path = f"{parts.netloc}/{parts.path.strip('/')}".rstrip("/")
        return StateFiles(url), f"{path}/{below}"
    return None, f"{unquote(parts.path) if parts.scheme == 'file' else url}/{below}"
