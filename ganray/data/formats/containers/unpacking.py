"""A published file's bytes, whether they are packed by gzip or not, and never a web page's."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from ganray.data.location import Location
from ganray.errors import RefusedInput, brief
from ganray.text.wording import AGAIN

_GZIP = b"\x1f\x8b"
_HEAD = 256  # bytes in which a web page says that it is one
_WEB_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype\s+html|html|head|\?xml)", re.IGNORECASE)


@contextmanager
def opened(location: Location, what: str) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked where its first ones say that it is gzip.

    Not its name says so: browsers unpack and keep ".gz". Nothing is held of what was read.

    Args:
        what: what the file should be, for messages: "an IDX file".

    Raises:
        RefusedInput: it is damaged, or a web page that was saved in its place.
    """
    try:
        with location.open() as raw:
            head = raw.read(_HEAD)
            raw.seek(0)
            refuse_web_page(head, location, what)
            if not head.startswith(_GZIP):
                yield raw
                return
            unpacked = gzip.GzipFile(fileobj=raw)
            refuse_web_page(unpacked.read(_HEAD), location, what)
            unpacked.seek(0)
            yield cast(BinaryIO, unpacked)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RefusedInput(
            f"{location.shown!r} is truncated or corrupt gzip data ({brief(error)}); {AGAIN}"
        ) from None


def refuse_web_page(head: bytes, location: Location, what: str) -> None:
    """A server's regrets are often saved under the name of what was asked for.

    Args:
        head: the first bytes of a file.

    Raises:
        RefusedInput: they are a web page's.
    """
    if _WEB_PAGE.match(head):
        raise RefusedInput(
            f"{location.shown!r} is a web page, not {what}; download the file itself again"
        )
