"""Files in an S3 bucket, behind any endpoint that the usual AWS settings name."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from ganray.errors import StoreError
from ganray.store.files import FOLDER_MARKS, Entry, Sink
from ganray.store.remote.causes import FAILURES, code_of, explain, is_away, may_be_elsewhere
from ganray.store.remote.client import S3Client, place_of
from ganray.store.remote.deadline import DEADLINE_SECONDS
from ganray.store.remote.patience import Patience
from ganray.store.remote.swift import swift_reader

_PART_BYTES = 16 * 2**20
_HASTY_SECONDS = 4.0  # in which a store that answers may still be busy
_HASTY_DEADLINE = 6.0  # a write in doubt needs two


class S3Files:
    """`Files` below s3://bucket/prefix.

    Once the store has answered, every operation outlasts an outage of `patience.OUTAGE_SECONDS`;
    before that one of `patience.BUSY_SECONDS`.

    Args:
        hasty: it outlasts a few seconds alone.
        final: what was given up once is not asked again: somebody waits for an answer.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str,
        *,
        known: bool = False,
        hasty: bool = False,
        final: bool = False,
    ) -> None:
        self.url = f"s3://{bucket}/{prefix}".rstrip("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        outage = _HASTY_SECONDS if hasty else None
        self._s3 = S3Client(
            Patience(place_of(self.url), known, outage, final),
            _HASTY_DEADLINE if hasty else DEADLINE_SECONDS,
        )

    @property
    def lists_at_once(self) -> bool:
        """See `Files.lists_at_once`."""
        return True

    def create(self, path: str, data: bytes) -> bool:
        """See `Files.create`; the object carries its writer's mark, by which a doubt is settled."""
        with self._explained(path):
            return self._try_to_create(path, data, _mark())

    def put(self, path: str, data: bytes) -> None:
        """See `Files.put`."""
        with self._explained(path):
            self._s3.pipe_file(self._full(path), data)

    @contextlib.contextmanager
    def writer(self, path: str) -> Iterator[Sink]:
        """See `Files.writer`."""
        with self._explained(path):
            mark = _mark()
            handle = self._s3.open(self._full(path), "wb", block_size=_PART_BYTES, **mark)
            try:
                yield handle
            except BaseException:
                handle.closed = True  # else collecting the handle would upload what it holds
                with contextlib.suppress(*FAILURES):  # what is left is the bucket's to expire
                    handle.discard()
                raise
            try:
                handle.close()
            except FileNotFoundError as error:
                # Of an upload whose completion was done, but not heard of, a server knows no more.
                if code_of(error) != "NoSuchUpload" or not _bears(mark, self._head(path)):
                    raise

    def get(self, path: str) -> bytes | None:
        """See `Files.get`."""
        with self._explained(path):
            return self._read(path)

    def swift_reader(self) -> Callable[[str], bytes | None] | None:
        """See `Files.swift_reader`."""
        read = swift_reader(self._s3)
        return None if read is None else lambda path: read(self._full(path))

    def size(self, path: str) -> int | None:
        """See `Files.size`."""
        with self._explained(path):
            head = self._head(path)
        return None if head is None else int(head["ContentLength"])

    def entries(self, prefix: str) -> Iterator[Entry]:
        """See `Files.entries`."""
        more: dict[str, str] = {}
        while True:
            with self._explained(prefix):
                page = self._list(prefix, more)
            for item in page.get("Contents", []):
                path = item["Key"].removeprefix(self._prefix)
                if item["Size"] or not path.endswith(FOLDER_MARKS):
                    changed, tag = item["LastModified"].timestamp(), item.get("ETag", "")
                    yield Entry(path, item["Size"], changed, tag.strip('"'))
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def leftovers(self) -> Iterator[Entry]:
        """See `Files.leftovers`: an unfinished upload has no name (the bucket's to expire)."""
        return iter(())

    def remove(self, path: str) -> None:
        """See `Files.remove`."""
        key = {"Bucket": self._bucket, "Key": self._prefix + path}
        with self._explained(path):
            self._s3.call_s3("delete_object", **key)

    def caution(self) -> str:
        """See `Files.caution`."""
        return ""

    def for_probing(self) -> S3Files:
        """See `Files.for_probing`."""
        return S3Files(self._bucket, self._prefix.rstrip("/"), hasty=True)

    def _try_to_create(self, path: str, data: bytes, mark: dict[str, dict[str, str]]) -> bool:
        """Whether the file is this writer's; raises while nothing is there yet."""
        try:
            self._s3.pipe_file(self._full(path), data, mode="create", **mark)
        except (PermissionError, FileNotFoundError):  # forbidden, or no bucket: no doubt here
            raise
        except FAILURES as error:
            # It exists (FileExistsError, or EINVAL by other servers), a rival's write is under way
            # (409), or the reply came late or never: only what lies there tells. Who has been
            # waited for already is asked once more and not waited for again.
            head = (self.for_probing() if is_away(error) else self)._head(path)
            if head is None:
                raise
            return _bears(mark, head)
        return True

    def _read(self, path: str) -> bytes | None:
        try:
            return bytes(self._s3.cat_file(self._full(path)))
        except FileNotFoundError as error:
            if code_of(error) == "NoSuchBucket":
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
            return dict(
                self._s3.call_s3("head_object", Bucket=self._bucket, Key=self._prefix + path)
            )
        except FileNotFoundError:
            return None

    @contextlib.contextmanager
    def _explained(self, path: str) -> Iterator[None]:
        try:
            yield
        except FAILURES as error:
            cause = explain(error) + (self._where() if may_be_elsewhere(error) else "")
            raise StoreError(f"store {self.url}: {cause} ({path})", is_away(error)) from None
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


def _mark() -> dict[str, dict[str, str]]:
    """What an object is written with, so that its writer knows it again."""
    return {"Metadata": {"writer": secrets.token_hex(16)}}


def _bears(mark: dict[str, dict[str, str]], head: dict[str, Any] | None) -> bool:
    return head is not None and head["Metadata"].get("writer") == mark["Metadata"]["writer"]
