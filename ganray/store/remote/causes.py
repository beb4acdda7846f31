"""Why a request to a remote store failed, in a few words, and whether it may pass."""

from __future__ import annotations

import builtins
import errno
import re
from typing import Any

import aiohttp
from botocore.exceptions import (
    BotoCoreError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
    ResponseStreamingError,
)
from botocore.exceptions import ConnectionError as NoConnection
from botocore.parsers import ResponseParserError
from fsspec.exceptions import FSTimeoutError

from ganray.text.proxies import through_proxy
from ganray.text.urls import address_without_secrets, without_secrets

FAILURES = (OSError, BotoCoreError, FSTimeoutError, ResponseParserError, aiohttp.ClientError)
"""All that a request may fail of."""
_PASSING_STATUS = frozenset({408, 409, 429})
_UNANSWERED = (
    *(HTTPClientError, NoConnection, FSTimeoutError, builtins.ConnectionError, TimeoutError),
    *(ResponseParserError, IncompleteReadError, ResponseStreamingError, aiohttp.ClientError),
)
_NO_SPACE, _NO_QUOTA = "no space left", "the quota is used up"
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
    "InsufficientStorage": _NO_SPACE,
    "XMinioStorageFull": _NO_SPACE,
    "QuotaExceeded": _NO_QUOTA,
    "XMinioAdminBucketQuotaExceeded": _NO_QUOTA,
}
_PROXIES = "HTTP_PROXY or HTTPS_PROXY names it; NO_PROXY=HOST passes it by"
_FULL = frozenset(code for code, cause in _CAUSES.items() if cause in (_NO_SPACE, _NO_QUOTA))
_FULL_STATUS = 507


def code_of(error: BaseException) -> str:
    """The server's error code, which s3fs keeps in the cause of what it raises."""
    return str(_answer(error).get("Error", {}).get("Code", ""))


def is_answer(error: BaseException) -> bool:
    """Whether a server has said so."""
    return bool(_answer(error))


def is_unanswered(error: BaseException) -> bool:
    """Whether there was no answer, or half of one."""
    return isinstance(error, _UNANSWERED)


def may_pass(error: BaseException) -> bool:
    """Whether the same request might succeed in a while: no answer, half of one, or a busy server.

    What the server refuses for a reason of its own (forbidden, absent, malformed) will not pass.
    """
    if code_of(error) in _CAUSES or _is_full(error):
        return False
    status = _status(error)
    return is_unanswered(error) or status >= 500 or status in _PASSING_STATUS


def is_away(error: BaseException) -> bool:
    """Whether the store as such cannot be used now, whatever is asked of it."""
    return may_pass(error) or _is_full(error)


def may_be_elsewhere(error: BaseException) -> bool:
    """Whether another server might have answered otherwise."""
    known = isinstance(error, NoCredentialsError | PermissionError | FileNotFoundError)
    return known or code_of(error) in _CAUSES


def short_cause(error: BaseException) -> str:
    """The server's error code where there is nothing better, or what `explain` says of it."""
    code = code_of(error)
    told = code in _CAUSES or _is_full(error)
    return code if code and not told else explain(error)


def no_answer(endpoint: str) -> str:
    """That an endpoint does not answer; no credentials are shown."""
    found = re.match(r"[^/]+//[^/]+", without_secrets(endpoint))
    where = f" {found[0]}" if found else ""
    by = through_proxy(found[0]) if found else ""
    return f"the endpoint{where} does not answer{by} (AWS_ENDPOINT_URL, or the profile's)"


def explain(error: BaseException) -> str:
    """The cause in a few words. The server's own words are left out: they may quote a request."""
    code = code_of(error)
    if code in _CAUSES:
        return _CAUSES[code]
    if _is_full(error):
        return _NO_SPACE
    if isinstance(error, NoCredentialsError):
        return "no credentials found (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile)"
    if isinstance(error, ParamValidationError):
        return _CAUSES["InvalidBucketName"]
    if isinstance(error, PermissionError):
        return f"access denied ({code or 'forbidden'})"
    if isinstance(error, FileNotFoundError):
        return "there is no such bucket, or the endpoint is no S3 server"
    if isinstance(error, ProxyConnectionError):
        proxy = address_without_secrets(str(error.kwargs.get("proxy_url", "")))
        return f"the proxy {proxy} does not answer ({_PROXIES})"
    if isinstance(error, HTTPClientError | NoConnection | FSTimeoutError | TimeoutError):
        return no_answer(str(getattr(error, "kwargs", {}).get("endpoint_url", "")))
    number = errno.errorcode.get(getattr(error, "errno", None) or 0, "")
    return f"the request failed ({code or number or type(error).__name__})"


def _is_full(error: BaseException) -> bool:
    return code_of(error) in _FULL or _status(error) == _FULL_STATUS


def _status(error: BaseException) -> int:
    return int(_answer(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _answer(error: BaseException) -> dict[str, dict[str, Any]]:
    return getattr(error.__cause__ or error, "response", None) or {}
