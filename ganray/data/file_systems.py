"""The file systems that URLs name: how they are told apart, reached, and what they say."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fsspec
from fsspec.core import url_to_fs

from ganray.errors import brief
from ganray.text.proxies import UNREACHED_STATUS, through_proxy
from ganray.text.redaction import redacted
from ganray.text.urls import is_url

_SILENT_SECONDS = 15.0  # after which a server that says nothing is given up
# Their exceptions are no OSErrors; named, not imported, as only some installations have them.
TRANSPORTS = {"aiohttp", "aiobotocore", "botocore", "gcsfs", "requests", "s3fs",
               "huggingface_hub", "httpx", "httpx2", "httpcore", "httpcore2"}  # fmt: skip
_HUB = "https://huggingface.co"
_CHAINING = ("zip", "tar", "libarchive", "dir", "reference", "simplecache", "filecache",
             "blockcache", "cached")  # fmt: skip


def located(url: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """File system and path. fsspec would take `a::b` for a chain wherever it stands in a path."""
    if not is_url(url):
        if "\0" in url:
            raise ValueError("a path holds no null byte")
        home = url.startswith("~/")  # else a tilde is a part of a name
        return fsspec.filesystem("file"), str(
            (Path(url).expanduser() if home else Path(url)).absolute()
        )
    urlsplit(url)  # says what is wrong with it where file systems only would on use
    if is_chain(url):
        return url_to_fs(url, http=_hasty(), https=_hasty())
    scheme = url.partition("://")[0].lower()
    kind = fsspec.get_filesystem_class(scheme)
    options = _hasty() if scheme in ("http", "https") else {}
    return kind(**kind._get_kwargs_from_urls(url), **options), kind._strip_protocol(url)


def _hasty() -> dict[str, Any]:
    """For HTTP: as long as bytes come a file may take its time, but nobody waits in silence."""
    from aiohttp import ClientTimeout

    timeout = ClientTimeout(total=None, sock_connect=_SILENT_SECONDS, sock_read=_SILENT_SECONDS)
    # By itself aiohttp, unlike all else here, looks at no HTTPS_PROXY.
    return {"client_kwargs": {"timeout": timeout, "trust_env": True}}


def is_served(fs: fsspec.AbstractFileSystem, url: str) -> bool:
    """Whether a server has it; servers forbid what they do not have, too."""
    try:
        fs.info(url)
    except FileNotFoundError as error:
        if getattr(error.__cause__, "status", None) is None or by_proxy(url, error):
            raise
        return False
    return True


def by_proxy(url: str, error: BaseException) -> str:
    """That a proxy stands between, unless the server itself has answered."""
    cause = error.__cause__ or error
    status = getattr(
        cause, "status", getattr(getattr(cause, "response", None), "status_code", None)
    )
    refused = type(cause).__name__ == "ClientHttpProxyError"  # it opened no way to the server
    answered = isinstance(error, FileNotFoundError) and error.__cause__ is None
    if answered or not (status is None or refused or status in UNREACHED_STATUS):
        return ""
    return through_proxy(os.environ.get("HF_ENDPOINT", _HUB) if on_hub(url) else url)


def on_hub(url: str) -> bool:
    """Whether a URL is of the Hugging Face Hub."""
    return url.lower().startswith("hf://")


def said_by(error: object) -> str:
    """An error in one line, without tokens, which servers and libraries may repeat."""
    return redacted(brief(error))


def joined(shown: str, name: str) -> str:
    """A URL with a name at its end; a chain with it at the end of its first link with a path."""
    before, behind = _around(shown)
    return f"{before}{name}{behind}"


@lru_cache(1024)  # a folder may have a million files
def _around(shown: str) -> tuple[str, str]:
    """What stands before and behind a name that is joined."""
    links = shown.split("::") if is_chain(shown) else [shown]
    at = next((place for place, link in enumerate(links) if "://" in link), 0)
    links[at] += "" if links[at].endswith("/") else "/"
    before = "::".join(links[: at + 1])
    return before, "::".join(["", *links[at + 1 :]])


def is_chain(url: str) -> bool:
    """Whether a URL is fsspec's of one place within another, such as `zip://a::s3://b/c.zip`."""
    return is_url(url) and "::" in url and url.startswith(tuple(f"{name}:" for name in _CHAINING))
