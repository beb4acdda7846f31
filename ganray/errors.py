"""Errors that a user meets: each names the argument, quotes its value and says what is valid.

The command line prints them as one line without a traceback and exits with `exit_code`.
"""

from __future__ import annotations

import re
from typing import Any

_URL = re.compile(r"\w{1,16}://[^\s'\"]+")
_LONGEST = 300  # characters of a value that messages quote


def without_secrets(url: str) -> str:
    """`url` without the user, password, query and fragment that may carry credentials.

    Whatever else is wrong with it does not matter here: it is for messages.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    place, slash, path = re.split("[?#]", rest, maxsplit=1)[0].partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"


def one_line(error: object) -> str:
    """The error's message without line breaks and without credentials in its URLs."""
    text = " ".join(_URL.sub(lambda url: without_secrets(url[0]), str(error)).split())
    return text or type(error).__name__


def quoted(value: Any) -> str:
    """`value` as messages quote it: no credentials in its URLs, and not without end."""
    text = _URL.sub(lambda url: without_secrets(url[0]), repr(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


class GanrayError(Exception):
    """A failure that `ganray` foresaw and can explain in one line (exit code 1)."""

    exit_code = 1


class RefusedInput(GanrayError, ValueError):
    """An argument, file or setting that cannot work, found before compute is spent (exit 2)."""

    exit_code = 2


class UndefinedScore(RefusedInput):
    """A metric has no finite value on the images that it is asked of."""


class StoreError(GanrayError):
    """The store cannot be read or written: unreachable, forbidden, full or read-only.

    Attributes:
        away: whether the store as such takes or gives nothing now (no answer, full, read-only),
            whatever is asked of it: that is no task's fault.
    """

    def __init__(self, message: str, away: bool = False) -> None:
        super().__init__(message)
        self.away = away


class CorruptArtifact(StoreError):
    """A stored file is missing or does not have the size or sha256 that its manifest names."""


class TrainingDiverged(GanrayError):
    """A loss or a weight became NaN or infinite; the last good checkpoint is kept."""


class Stopped(GanrayError):
    """The run was stopped on request; everything so far is kept (exit code 4)."""

    exit_code = 4
