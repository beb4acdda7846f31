"""Where an import sorts raw pixels, and how far it came: kept over a kill where there is a folder.

Only what is told to be done counts. Whatever a killed import wrote after that is written again, to
the same places.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from filelock import FileLock, Timeout

from ganray.errors import RefusedInput, StoreError

FOLDER = ".ganray-import"
"""Of a set that is being imported, in its own folder."""
_RAW, _DIGESTS, _DONE = "pixels", "digests", "done.json"
_SECONDS = 2.0  # between two notes of how far it is


@dataclass
class Scratch:
    """Files of an import on its way.

    Attributes:
        pixels: records of the images, each at its place.
        digests: 8 bytes for each row.
        rows: how many are in both.
    """

    pixels: BinaryIO
    digests: BinaryIO
    rows: int = 0
    _note: Path | None = None
    _of: str = ""
    _noted: float = field(default_factory=time.monotonic)

    def add_digests(self, row: int, digests: bytes) -> None:
        """Of some rows from that one on."""
        with scratch_failures(_folder(self.digests)):
            self.digests.seek(8 * row)
            self.digests.write(digests)

    def done(self, rows: int) -> None:
        """So many rows are there, now and after a kill."""
        self.rows = rows
        if self._note is None or time.monotonic() - self._noted < _SECONDS:
            return
        with scratch_failures(self._note.parent):
            self.pixels.flush()
            self.digests.flush()
            new = self._note.with_suffix(".new")
            new.write_text(json.dumps({"of": self._of, "rows": rows}))
            new.replace(self._note)
        self._noted = time.monotonic()

    def all_digests(self) -> bytes:
        """Of all rows."""
        with scratch_failures(_folder(self.digests)):
            self.digests.seek(0)
            return self.digests.read(8 * self.rows)


@contextmanager
def scratch(folder: Path | None, of: str) -> Iterator[Scratch]:
    """Files to import through; what a killed import left in `folder` is gone on with.

    Args:
        folder: of this import alone, removed at its end; none: nothing is kept over a kill.
        of: says what is imported; what another one left is thrown away.

    Raises:
        RefusedInput: another process imports there at present.
        StoreError: the folder cannot be written.
    """
    if folder is None:
        with scratch_failures(None):
            room = tempfile.TemporaryDirectory(prefix="ganray-import-")
        with room as name, _opened(Path(name), "", None) as files:
            yield files
        return
    with scratch_failures(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise RefusedInput(
                f"another process imports into {str(folder.parent)!r} at present; wait for it"
            ) from None
    try:
        with _opened(folder, of, folder / _DONE) as files:
            yield files
        shutil.rmtree(folder, ignore_errors=True)
    except RefusedInput:  # the same set will be refused again
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        lock.release()


@contextmanager
def _opened(folder: Path, of: str, note: Path | None) -> Iterator[Scratch]:
    rows = _rows_done(note, of)
    mode: Literal["r+b", "w+b"] = "r+b" if rows else "w+b"
    with ExitStack() as closing:
        with scratch_failures(folder):
            pixels, digests = (_file(folder / name, mode) for name in (_RAW, _DIGESTS))
        for file in (pixels, digests):
            closing.callback(_close, file)
        yield Scratch(pixels, digests, rows, note, of)


def _file(path: Path, mode: Literal["r+b", "w+b"]) -> BinaryIO:
    return path.open(mode)


def _folder(file: BinaryIO) -> Path:
    return Path(file.name).parent


def _close(file: BinaryIO) -> None:
    with suppress(OSError):  # a full disk, told before, refuses the last flush once more
        file.close()


def _rows_done(note: Path | None, of: str) -> int:
    if note is None:
        return 0
    try:
        told = json.loads(note.read_text())
        files = [note.with_name(name).exists() for name in (_RAW, _DIGESTS)]
        return int(told["rows"]) if told["of"] == of and all(files) else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0


@contextmanager
def scratch_failures(folder: Path | None) -> Iterator[None]:
    """What a full or forbidden disk says, in one line.

    Args:
        folder: in which the files are; none: it is still to be made.
    """
    try:
        yield
    except OSError as error:
        if folder is not None and folder.name == FOLDER:
            raise StoreError(
                f"{str(folder.parent)!r} cannot be written: {error}; while a set is imported, its "
                "raw images need room there"
            ) from None
        raise StoreError(
            f"importing through {tempfile.gettempdir()!r} failed: {error}; set TMPDIR to a folder "
            f"with room for the raw images"
        ) from None
