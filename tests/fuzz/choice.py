"""What of a set is damaged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.data.in_memory import (
    Files,
)

OUTSIDE = "outside"
"""A folder beside each source, that no archive may lead to."""


@dataclass(frozen=True)
class Choice:
    """One of a format's sets, and what of it is damaged.

    Attributes:
        whole: what is damaged, undamaged.
        made: a set's files from damaged bytes.
        source: the path of what is read in the set's folder; "." is the folder.
    """

    whole: bytes
    made: Callable[[bytes], Files]
    source: str = "."


def each(
    files: Files,
    source: str = ".",
    packed: Callable[[bytes], bytes] = bytes,
    skipped: tuple[str, ...] = (),
) -> list[Choice]:
    """A choice for each file of a set, which is packed after its bytes were damaged."""

    def made(name: str) -> Callable[[bytes], Files]:
        return lambda data: files | {name: packed(data)}

    return [Choice(data, made(name), source) for name, data in files.items() if name not in skipped]
