"""Errors that a user meets: each names the argument, quotes its value and says what is valid.

The command line prints them as one line without a traceback and exits with `exit_code`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganray.text.urls import text_without_secrets, without_secrets

FieldPath = tuple[str, ...]
"""Of a setting: the names of its groups, and its own."""
_LONGEST, _LONGEST_SAID = 300, 500
"""Characters of a value, and of what a library says, that messages quote."""


def one_line(error: object) -> str:
    """The error's message without line breaks and without credentials in its URLs."""
    return plain(text_without_secrets(str(error))) or type(error).__name__


def plain(text: str) -> str:
    """A text on one line, in which nothing is left that a terminal would obey instead of showing
    it: libraries quote bytes of damaged files, and files may be called anything."""
    shown = " ".join(text.split())
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in shown)


def brief(error: object) -> str:
    """As `one_line`, and not without end: of damaged files libraries quote all bytes."""
    text = one_line(error)
    return text if len(text) <= _LONGEST_SAID else f"{text[:_LONGEST_SAID]}…"


def quoted(value: Any) -> str:
    """`value` as messages quote it: no credentials in its URLs, and not without end."""
    text = repr(_shown(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def refuse_secrets(argument: str, value: Any) -> None:
    """Refuse a URL that carries a password or a signature, since plans and logs keep URLs.

    Args:
        value: a URL, or anything that holds strings: each of them is looked at.

    Raises:
        RefusedInput: naming `argument`, what of it, and the URL without what may be secret.
    """
    if isinstance(value, dict):
        for name, inner in value.items():
            refuse_secrets(argument or "name", name)
            refuse_secrets(f"{argument}.{name}" if argument else str(name), inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            refuse_secrets(argument, inner)
    elif isinstance(value, str) and (plain := without_secrets(value)) != value:
        raise RefusedInput(
            f"{argument} (={quoted(plain)}) is given with a user, password, query or fragment: "
            "give the URL without them (an @ in its path as %40, a path of this machine as ./…), "
            "and credentials through the environment"
        )


def _shown(value: Any) -> Any:
    """The same with every string in it without secrets."""
    if isinstance(value, dict):
        return {_shown(name): _shown(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_shown(inner) for inner in value])
    return without_secrets(value) if isinstance(value, str) else value


class GanrayError(Exception):
    """A failure that `ganray` foresaw and can explain in one line (exit code 1)."""

    exit_code = 1


class RefusedInput(GanrayError, ValueError):
    """An argument, file or setting that cannot work, found before compute is spent (exit 2)."""

    exit_code = 2


class RefusedSettings(RefusedInput):
    """Settings of a file that are not valid, or not together.

    Attributes:
        unused: the paths of those that mean nothing beside others.
    """

    def __init__(self, message: str, unused: Sequence[FieldPath] = ()) -> None:
        super().__init__(message)
        self.unused = tuple(unused)


class Unused(ValueError):
    """A setting means nothing beside another one; raised while a group of them is validated.

    Args:
        name: of the field.
        beside: the other one, as `Spec.told` tells of it.
        otherwise: what else to write than to leave it out, if there is something.
    """

    def __init__(self, name: str, value: Any, beside: str, otherwise: str = "") -> None:
        self.name = name
        hint = f", or {otherwise}" if otherwise else ""
        super().__init__(
            f"{name} (={quoted(value)}) has no meaning with {beside}; leave it out{hint}"
        )


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


class DamagedRecord(StoreError):
    """A small file of the store (a plan, how a run ended, a driver's beat) cannot be understood."""


class TrainingDiverged(GanrayError):
    """A loss or a weight became NaN or infinite; the last good checkpoint is kept."""


def lasts(error: BaseException) -> bool:
    """Whether what ended of this would do so again, however often it is tried."""
    return isinstance(error, TrainingDiverged | RefusedInput)


class Stopped(GanrayError):
    """The run was stopped on request; everything so far is kept (exit code 4)."""

    exit_code = 4
