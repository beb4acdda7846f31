"""S3 as everything here reaches it: every request has its deadline, and is repeated with patience.

botocore and s3fs repeat requests by themselves, each on top of the other, and without a deadline of
the whole; here they do not.
"""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit

import s3fs
from aiobotocore.session import AioSession
from botocore.exceptions import ClientError, HTTPClientError, ReadTimeoutError
from botocore.exceptions import ConnectionError as NoConnection
from botocore.handlers import add_expect_header
from botocore.loaders import Loader, create_loader

from ganray.store.remote.causes import FAILURES, no_answer
from ganray.store.remote.deadline import (
    DEADLINE_SECONDS,
    QUIET_SECONDS,
    RequestProgress,
    Upload,
    in_time,
)
from ganray.store.remote.patience import Call, Patience

_WRITES = ("Put", "Create", "Upload", "Complete", "Copy", "Delete", "Abort")
_PIECE_BYTES = 2**18
_LEAST_UPLOAD = 2**18  # of less, no progress is to be seen
_UNSENT_BYTES = 2**17
_Send = Callable[[str, dict[str, Any]], Awaitable[Any]]


class S3Client(s3fs.S3FileSystem):
    """An S3 file system.

    Args:
        patience: with a place that is away.
        seconds: the deadline of one try of one request; one that moves many bytes has more.
    """

    cachable = False

    def __init__(
        self, patience: Patience, seconds: float = DEADLINE_SECONDS, **options: Any
    ) -> None:
        settings = {
            "config_kwargs": {
                "connect_timeout": min(5.0, seconds),
                "read_timeout": seconds,
                "retries": {"mode": "standard", "total_max_attempts": 1},
                "max_pool_connections": 100,  # to wait for a free one counts as to wait
                "connector_args": {"socket_factory": _socket},
            },
            "session": session_without_expect(),
        }
        # Decisions rest on what the server says now: no cached listing.
        super().__init__(use_listings_cache=False, **(settings | options))
        self.retries = 1
        self._patience, self._seconds = patience, seconds

    async def set_session(self, refresh: bool = False, kwargs: Any = None) -> Any:
        """The client; all its requests go by `_patiently`, as s3fs sends them by several ways."""
        client = await super().set_session(refresh=refresh, kwargs=kwargs or {})
        if "_make_api_call" not in vars(client):
            client._make_api_call = partial(self._patiently, client._make_api_call)
        return client

    async def _patiently(self, send: _Send, operation: str, words: dict[str, Any]) -> Any:
        """One request, repeated while the server is away, but not for ever."""
        # What an upload that is given up leaves behind is the bucket's to expire.
        repeated = not operation.startswith("Abort")
        patience = self._patience_with(str(words.get("Bucket", "")))
        call = patience.begin(operation.startswith(_WRITES), repeated)
        try:
            while True:
                try:
                    answer = await self._try(call, send, operation, words)
                except (ClientError, *FAILURES) as error:
                    pause = call.failed(error)
                    if pause is None:
                        raise
                    await asyncio.sleep(pause)
                else:
                    call.answered()
                    return answer
        except asyncio.CancelledError:
            call.abandoned()
            raise

    def _patience_with(self, bucket: str) -> Patience:  # noqa: ARG002  for those of many buckets
        return self._patience

    async def _try(self, call: Call, send: _Send, operation: str, words: dict[str, Any]) -> Any:
        progress, endpoint = RequestProgress(self._seconds), str(self._s3.meta.endpoint_url)

        def heard(still: float) -> None:
            if still >= QUIET_SECONDS:
                call.quiet(no_answer(endpoint))
            else:
                call.moving(still)

        anew = dict(words)  # botocore makes of a body in it one that can be read once
        body = words.get("Body")
        if isinstance(body, bytes) and len(body) >= _LEAST_UPLOAD:
            anew["Body"] = Upload(body, progress)
        work = _whole(send(operation, anew), progress)
        try:
            return await in_time(
                work, progress, lambda: ReadTimeoutError(endpoint_url=endpoint), heard
            )
        except (HTTPClientError, NoConnection) as error:
            if isinstance(error, OSError):
                raise
            # Others expect an OSError where nobody answers, or not by HTTP; botocore has its own.
            raise ReadTimeoutError(endpoint_url=endpoint) from error


def _socket(address: Any) -> socket.socket:
    """A socket that takes little more than can be sent: what it takes counts as moved.

    Else it takes megabytes at once, and nothing is seen to move while a slow line sends them.

    Args:
        address: family, kind, protocol and more, as of `socket.getaddrinfo`.
    """
    made = socket.socket(*address[:3])
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # not everywhere
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
    return made


async def _whole(sent: Awaitable[Any], progress: RequestProgress) -> Any:
    """The answer with its body, if it has one: to read that is a part of the request."""
    answer = await sent
    source = answer.get("Body")
    if source is not None:
        pieces = []
        try:
            while piece := await source.read(_PIECE_BYTES):
                progress.moved(len(piece))
                pieces.append(piece)
        finally:
            source.close()
        answer["Body"] = _Body(b"".join(pieces))
    return answer


class _Body:
    """A body that has been read, as s3fs reads bodies."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    async def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        return self._data.read(size)

    def close(self) -> None:
        """Nothing is open."""


def place_of(url: str) -> str:
    """What is away when one file of a URL is: s3://bucket."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def session_without_expect() -> AioSession:
    """A session that never sends `Expect: 100-continue`.

    aiohttp waits for the answer to it without any time-out.
    """
    session = AioSession()
    session.unregister("before-call.s3", add_expect_header)
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
    return session


@cache
def _loader(folder: str | None) -> Loader:
    """botocore's descriptions of S3, which it else reads anew for every client: megabytes of JSON.

    Args:
        folder: where the user has others.
    """
    return create_loader(folder)
