"""One bad input, and how its line is found."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ganray.data import DatasetSpec, open_source
from ganray.errors import RefusedInput
from ganray.spec import parse
from tests.data.in_memory import Files, write

FOLDER = "SRC"
"""What the page calls a source."""


@dataclass(frozen=True)
class Row:
    """Something that is refused.

    Attributes:
        given: what is wrong, in words.
        made: files of the source's folder, or what makes it.
        do: what helps.
        source: what is named, below the folder; several: a list; with "://" as it is.
        spec: further fields of `data`.
        meanwhile: what happens to the folder between opening the source and reading it.
        call: what is done instead of reading the source, of the folder.
    """

    given: str
    made: Files | Callable[[Path], object]
    do: str
    source: str | tuple[str, ...] = "."
    spec: Mapping[str, object] = field(default_factory=dict)
    meanwhile: Callable[[Path], object] | None = None
    call: Callable[[Path], object] | None = None


@dataclass(frozen=True)
class Section:
    """Rows of one kind."""

    title: str
    rows: tuple[Row, ...]


def line(row: Row) -> str:
    """What is printed of a row's input, its place called `FOLDER`.

    Raises:
        AssertionError: nothing is refused.
    """
    # Not pytest's folders, into which no other user may look.
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        folder = Path(name) / FOLDER
        folder.mkdir()
        if callable(row.made):
            row.made(folder)
        else:
            write(row.made, folder)
        try:
            (row.call or _reader(row))(folder)
        except RefusedInput as refusal:
            said = str(refusal).replace(str(folder), FOLDER).replace(name, "…")
            return said.replace(repr(tempfile.gettempdir()), "'TMPDIR'")
    raise AssertionError(f"read: {row.given}")


def _reader(row: Row) -> Callable[[Path], None]:
    def read(folder: Path) -> None:
        values = {"source": _named(row.source, folder), **row.spec}
        source = open_source(parse(DatasetSpec, values, "data"))
        if row.meanwhile:
            row.meanwhile(folder)
        for _ in source.batches():
            pass
        source.fingerprint()

    return read


def _named(source: str | tuple[str, ...], folder: Path) -> str | list[str]:
    if isinstance(source, tuple):
        return [str(_named(one, folder)) for one in source]
    return source if "://" in source or not source else str(folder / source)


def as_nobody(folder: Path, name: str) -> None:
    """Reads a file as a user who may not."""
    me, path = os.geteuid(), folder / name
    folder.chmod(0o755)
    path.chmod(0o600 if me == 0 else 0)
    if me == 0:
        os.seteuid(65534)
    try:
        open_source(DatasetSpec(source=str(path)))
    finally:
        os.seteuid(me)
