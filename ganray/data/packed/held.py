"""An archive as a file that can be read at any place: itself, or a copy without compression.

A copy has no name, so that nothing is left of it, whatever ends the process.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from ganray.data.formats.containers.unpacking import refuse_web_page
from ganray.data.listing import ARCHIVES
from ganray.data.location import Location
from ganray.data.packed.tars import BLOCK, is_tar
from ganray.data.packed.zips import refuse_bomb
from ganray.errors import RefusedInput, brief
from ganray.wording import AGAIN

_UNREAD = (".7z", ".rar", ".tar.zst", ".tzst", ".tar.lz4")
_OF_A_FORMAT = (".npz",)  # a zip by its bytes, and a format's file by its name
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
_COMPRESSED: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
_PIECE = 1 << 20
_VALID = "valid: .zip, .tar, .tar.gz, .tar.bz2, .tar.xz"


@dataclass(frozen=True)
class Held:
    """A file on this machine that holds a zip, or a tar that is not compressed."""

    file: BinaryIO
    kind: Literal["zip", "tar"]


def is_called_archive(name: str) -> bool:
    """Whether a file's name says that it is an archive."""
    return name.lower().endswith((*ARCHIVES, *_UNREAD))


def held(location: Location) -> Held | None:
    """The archive that lies there, by its bytes; None where that is no file, or another one.

    Elsewhere than on this machine only what is called an archive is one. It is copied: sets are
    read in another order than archives have.

    Raises:
        RefusedInput: it is called an archive, but is none that is read; or what is compressed in it
            is damaged, or out of all proportion.
    """
    named, here = is_called_archive(location.name), "file" in location.fs.protocol
    if location.name.lower().endswith(_OF_A_FORMAT) or not (here or named):
        return None
    if not (Path(location.path).is_file() if here else location.kind() == "file"):
        return None
    file = _opened(location) if here else _copied(location)
    head = file.read(BLOCK)
    if head.startswith(_ZIPS):
        return Held(file, "zip")
    if is_tar(head):
        return Held(file, "tar")
    if head and not head.strip(b"\0") and named:
        return Held(file, "tar")  # without members
    for mark, reader in _COMPRESSED.items():
        if head.startswith(mark) and (unpacked := _unpacked(file, reader, location)):
            return Held(unpacked, "tar")
    file.close()
    if named:
        refuse_web_page(head, location, "an archive")
        raise RefusedInput(f"{location.shown!r} is no archive that is read here; {_VALID}")
    return None


def _opened(location: Location) -> BinaryIO:
    try:
        return Path(location.path).open("rb")
    except OSError as error:
        raise RefusedInput(f"{location.shown!r} cannot be read: {brief(error)}") from None


def _copied(location: Location) -> BinaryIO:
    copy = tempfile.TemporaryFile()  # noqa: SIM115
    with location.open() as file:
        while piece := file.read(_PIECE):
            _write(copy, piece, location)
    copy.seek(0)
    return cast(BinaryIO, copy)


def _unpacked(
    file: BinaryIO, reader: Callable[[BinaryIO], Any], location: Location
) -> BinaryIO | None:
    """A copy without compression; None where that is no tar, but one file, say."""
    size, written = os.fstat(file.fileno()).st_size, 0
    file.seek(0)
    try:
        stream = reader(file)
        piece = stream.read(BLOCK)
        if not is_tar(piece):
            return None
        copy = tempfile.TemporaryFile()  # noqa: SIM115
        while piece:
            written += len(piece)
            refuse_bomb(written, size, location.shown)
            _write(copy, piece, location)
            piece = stream.read(_PIECE)
    except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
        if not written and not is_called_archive(location.name):
            return None  # whoever reads it has better words
        raise RefusedInput(
            f"{location.shown!r} is truncated or damaged ({brief(error)}); {AGAIN}"
        ) from None
    copy.seek(0)
    return cast(BinaryIO, copy)


def _write(copy: Any, piece: bytes, location: Location) -> None:
    try:
        copy.write(piece)
    except OSError as error:
        room = " (TMPDIR names another folder)" if error.errno == errno.ENOSPC else ""
        raise RefusedInput(
            f"{location.shown!r} cannot be copied to {tempfile.gettempdir()!r}: "
            f"{brief(error)}{room}"
        ) from None
