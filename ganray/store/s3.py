"""Files in an S3 bucket, behind any endpoint that the usual AWS settings name."""

from __future__ import annotations

import errno
import itertools
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import s3fs
from aiobotocore.session import AioSession
from botocore.exceptions import (
    BotoCoreError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
)
from botocore.handlers import add_expect_header
from botocore.parsers import ResponseParserError
from fsspec.exceptions import FSTimeoutError

from ganray.errors import StoreError
from ganray.store.files import Entry, Sink
from ganray.store.patience import Patience, may_pass

_Answer = TypeVar("_Answer")

_PART_BYTES = 16 * 2**20
_HASTY_SECONDS = 4.0  # in which a store that answers may still be busy
_FAILURES = (OSError, BotoCoreError, FSTimeoutError, ResponseParserError, aiohttp.ClientError)
PATIENT: dict[str, Any] = {
    "connect_timeout": 5,
    "read_timeout": 60,
    "retries": {"mode": "standard", "total_max_attempts": 3},
}
_HASTY: dict[str, Any] = {
    "connect_timeout": 3,
    "read_timeout": 5,
    "retries": {"mode": "standard", "total_max_attempts": 1},
}
_CAUSES = {
    "NoSuchBucket": "there is no such bucket",
    "InvalidBucketName": "this is no valid bucket name",
    "AccessDenied": "access denied: the key may not do this",
    "InvalidAccessKeyId": "the access key is not known there (AWS_ACCESS_KEY_ID, or the profile)",
    "SignatureDoesNotMatch": "the secret key is wrong (AWS_SECRET_ACCESS_KEY, or the profile)",
    "ExpiredToken": "the session token has expired",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
    "NotImplemented": "the server does not know this operation (create-only writes are needed)",
    "PermanentRedirect": "the bucket lies in another region (AWS_REGION)",
    "InsufficientStorage": "no space left",
    "XMinioStorageFull": "no space left",
}


class S3Files:
    """`Files` below s3://bucket/prefix.

    Once the store has answered, every operation but `writer` outlasts an outage of
    `patience.OUTAGE_SECONDS`; before that a store that is away is told at once.
    """

    def __init__(
        self, bucket: str, prefix: str, *, hasty: bool = False, known: bool = False
    ) -> None:
        self.url = f"s3://{bucket}/{prefix}".rstrip("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        # Decisions rest on what the server says now: no cached listing, no shared instance.
        self._s3 = s3fs.S3FileSystem(
            use_listings_cache=False,
            skip_instance_cache=True,
            config_kwargs=dict(_HASTY if hasty else PATIENT),
            session=session_without_expect(),
        )
        self._s3.retries = 1 if hasty else 3
        self._patience = Patience(known, _HASTY_SECONDS if hasty else None)

    def create(self, path: str, data: bytes) -> bool:
        """See `Files.create`; the object carries its writer's mark, by which a doubt is settled."""
        mark = secrets.token_hex(16)
        return self._ask(path, lambda: self._try_to_create(path, data, mark))

    def put(self, path: str, data: bytes) -> None:
        """See `Files.put`."""
        self._ask(path, lambda: self._s3.pipe_file(self._full(path), data))

    @contextmanager
    def writer(self, path: str) -> Iterator[Sink]:
        """See `Files.writer`."""
        with self._explained(path):
            handle = self._s3.open(self._full(path), "wb", block_size=_PART_BYTES)
            try:
                yield handle
            except BaseException:
                handle.discard()
                handle.closed = True  # else collecting the handle would upload what it holds
                raise
            handle.close()

    def get(self, path: str) -> bytes | None:
        """See `Files.get`."""
        return self._ask(path, lambda: self._read(path))

    def size(self, path: str) -> int | None:
        """See `Files.size`."""
        head = self._ask(path, lambda: self._head(path))
        return None if head is None else int(head["ContentLength"])

    def entries(self, prefix: str) -> Iterator[Entry]:
        """See `Files.entries`."""
        more: dict[str, str] = {}
        while True:
            page = self._ask(prefix, partial(self._list, prefix, more))
            for item in page.get("Contents", []):
                path = item["Key"].removeprefix(self._prefix)
                yield Entry(path, item["Size"], item["LastModified"].timestamp())
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def leftovers(self) -> Iterator[Entry]:
        """See `Files.leftovers`: an unfinished upload has no name (the bucket's to expire)."""
        return iter(())

    def remove(self, path: str) -> None:
        """See `Files.remove`."""
        key = {"Bucket": self._bucket, "Key": self._prefix + path}
        self._ask(path, lambda: self._s3.call_s3("delete_object", **key))

    def for_probing(self) -> S3Files:
        """See `Files.for_probing`."""
        return S3Files(self._bucket, self._prefix.rstrip("/"), hasty=True)

    def _ask(self, path: str, operation: Callable[[], _Answer]) -> _Answer:
        """What the operation gives; it is repeated while the store is away, but not for ever."""
        began = time.monotonic()
        with self._explained(path):
            for failures in itertools.count(1):
                try:
                    answer = operation()
                except _FAILURES as error:
                    pause = self._patience.pause(failures, began)
                    if pause is None or _code(error) in _CAUSES or not may_pass(error):
                        raise
                    time.sleep(pause)
                else:
                    self._patience.reached = True
                    return answer
        raise AssertionError("it counts for ever")

    def _try_to_create(self, path: str, data: bytes, mark: str) -> bool:
        """Whether the file is this writer's; raises while nothing is there yet."""
        try:
            self._s3.pipe_file(self._full(path), data, mode="create", Metadata={"writer": mark})
        except (PermissionError, FileNotFoundError):  # forbidden, or no bucket: no doubt here
            raise
        except _FAILURES:
            # It exists (FileExistsError, or EINVAL by other servers), a rival's write is under way
            # (409), or the reply came late or never: only what lies there tells.
            head = self._head(path)
            if head is None:
                raise
            return bool(head["Metadata"].get("writer") == mark)
        return True

    def _read(self, path: str) -> bytes | None:
        try:
            return bytes(self._s3.cat_file(self._full(path)))
        except FileNotFoundError as error:
            if _code(error) == "NoSuchBucket":
                raise
            return None

    def _list(self, prefix: str, more: dict[str, str]) -> dict[str, Any]:
        page: dict[str, Any] = self._s3.call_s3(
            "list_objects_v2", Bucket=self._bucket, Prefix=self._prefix + prefix, **more
        )
        return page

    def _full(self, path: str) -> str:
        return f"{self._bucket}/{self._prefix}{path}"

    def _head(self, path: str) -> dict[str, Any] | None:
        try:
            head: dict[str, Any] | None = self._s3.call_s3(
                "head_object", Bucket=self._bucket, Key=self._prefix + path
            )
        except FileNotFoundError:
            head = None
        self._patience.reached = True
        return head

    @contextmanager
    def _explained(self, path: str) -> Iterator[None]:
        try:
            yield
        except _FAILURES as error:
            why = _explain(error) + (self._where() if _may_be_elsewhere(error) else "")
            raise StoreError(f"store {self.url}: {why} ({path})") from None
        except ValueError as error:
            if "endpoint" not in str(error):
                raise
            raise StoreError(
                f"store {self.url}: AWS_ENDPOINT_URL (or the profile's endpoint_url) must be a URL "
                "such as http://127.0.0.1:9000"
            ) from None

    def _where(self) -> str:
        """That Amazon was asked, for lack of another endpoint; nothing where one was named."""
        meta = getattr(getattr(self._s3, "_s3", None), "meta", None)
        host = urlsplit(str(getattr(meta, "endpoint_url", ""))).hostname or ""
        if not host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
            return ""
        return "; Amazon was asked, as neither AWS_ENDPOINT_URL nor the profile names an endpoint"


def session_without_expect() -> AioSession:
    """A session that never sends `Expect: 100-continue`.

    aiohttp waits for the answer to it without any time-out, so that an upload to a server that
    accepts a connection and then falls silent would hang for ever.
    """
    session = AioSession()
    session.unregister("before-call.s3", add_expect_header)
    return session


def _code(error: BaseException) -> str:
    """The server's error code, which s3fs keeps in the cause of what it raises."""
    response = getattr(error.__cause__, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _may_be_elsewhere(error: BaseException) -> bool:
    """Whether another server might have answered otherwise."""
    known = isinstance(error, NoCredentialsError | PermissionError | FileNotFoundError)
    return known or _code(error) in _CAUSES


def _explain(error: BaseException) -> str:
    """The cause in a few words. The server's own words are left out: they may quote a request."""
    code = _code(error)
    if code in _CAUSES:
        return _CAUSES[code]
    if isinstance(error, NoCredentialsError):
        return "no credentials found (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile)"
    if isinstance(error, ParamValidationError):
        return _CAUSES["InvalidBucketName"]
    if isinstance(error, PermissionError):
        return f"access denied ({code or 'forbidden'})"
    if isinstance(error, FileNotFoundError):
        return "there is no such bucket, or the endpoint is no S3 server"
    endpoint = urlsplit(str(getattr(error, "kwargs", {}).get("endpoint_url", "")))
    if isinstance(error, HTTPClientError | ConnectionError | FSTimeoutError | TimeoutError):
        where = (
            f" {endpoint.scheme}://{endpoint.netloc.rpartition('@')[2]}" if endpoint.netloc else ""
        )
        return f"the endpoint{where} does not answer (AWS_ENDPOINT_URL, or the profile's)"
    number = errno.errorcode.get(getattr(error, "errno", None) or 0, "")
    return f"the request failed ({code or number or type(error).__name__})"
