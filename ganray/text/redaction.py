"""Texts without secrets: what may be shown to everyone who sees a store."""

from __future__ import annotations

import os
import re

from ganray.text.urls import text_without_secrets

_ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")
_HUB_TOKEN = re.compile(r"\bhf_[A-Za-z0-9]{20,}\b")
_NAMED = re.compile(
    r"(?i)((?:secret|token|passw(?:or)?d|(?:api|private)_?key|credential)s?\w*['\"]?\s*[=:]\s*['\"]?)"
    r"([^\s'\",;)}]{6,})"
)
_AUTHORIZATION = re.compile(r"(?i)(\bauthorization['\"]?\s*[=:]\s*['\"]?)([^'\"\n]+)")
SECRET_NAME = re.compile(r"(?i)SECRET|TOKEN|PASSW|CREDENTIAL|ACCESS_?KEY|PRIVATE|API_?KEY")
"""In the names of environment variables whose values are secrets."""
_SHORTEST = 8  # shorter values of such variables would be found in innocent words
REDACTED = "[redacted]"


def redacted(text: str) -> str:
    """`text` without credentials.

    Gone are: users, passwords and queries in URLs, AWS access keys, tokens of the Hugging Face Hub,
    values after words such as `secret=` and `token:`, authorization headers, and the values of this
    process's environment variables whose names speak of secrets.
    """
    for value in _secret_values():
        text = text.replace(value, REDACTED)
    text = text_without_secrets(text)
    text = _AUTHORIZATION.sub(rf"\1{REDACTED}", text)
    text = _NAMED.sub(rf"\1{REDACTED}", text)
    return _HUB_TOKEN.sub(REDACTED, _ACCESS_KEY.sub(REDACTED, text))


def _secret_values() -> list[str]:
    """The longest first, as one may be a part of another. Paths of files with secrets are none."""
    values = {
        value
        for name, value in os.environ.items()
        if SECRET_NAME.search(name) and len(value) >= _SHORTEST and not value.startswith("/")
    }
    return sorted(values, key=len, reverse=True)
