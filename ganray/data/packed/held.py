"""An archive as a file that can be read at any place: itself, or a copy without compression.

Processes of one node share a copy, in its cache, where that has room for it.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, NoReturn

import pyarrow as pa

from ganray.data.copies import Copy, shared_copy
from ganray.data.formats.containers.unpacking import refuse_web_page
from ganray.data.listing import ARCHIVES
from ganray.data.location import Location
from ganray.data.packed.tars import BLOCK, is_tar
from ganray.data.packed.zips import refuse_bomb
from ganray.errors import RefusedInput, brief
from ganray.spec import canonical_json
from ganray.text.wording import AGAIN

_UNREAD = (".7z", ".rar")
_OF_A_FORMAT = (".npz",)  # a zip by its bytes, and a format's file by its name
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
_COMPRESSED: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": lambda file: _by_arrow(file, "zstd"),
    b"\x04\x22\x4d\x18": lambda file: _by_arrow(file, "lz4"),
}
_PIECE = 1 << 20
_VALID = "valid: .zip, .tar, .tar.gz, .tar.bz2, .tar.xz, .tar.zst, .tar.lz4"
_DAMAGE = (EOFError, zlib.error, lzma.LZMAError, OSError, pa.ArrowException)
_TOLD = ("ETag", "etag", "Content-MD5", "Digest", "md5Hash", "generation", "VersionId", "blob_id")
"""By which file systems tell that a file is another one than before."""


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
    is_named, here = is_called_archive(location.name), "file" in location.fs.protocol
    if location.name.lower().endswith(_OF_A_FORMAT) or not (here or is_named):
        return None
    if not (Path(location.path).is_file() if here else location.kind() == "file"):
        return None
    if not here:
        file = shared_copy(_state_elsewhere(location), lambda copy: _fetch(location, copy))
        return _as_it_is(file, True)
    file = _opened(location)
    head = file.read(BLOCK)
    if found := _as_it_is(file, is_named):
        return found
    stream = _uncompressed(file, head, location)
    if stream is not None:
        made_of = canonical_json(["unpacked", *_state(file)]).decode()
        copy = shared_copy(made_of, lambda copy: _unpack(stream, file, copy, location))
        return Held(copy, "tar")
    file.close()
    if is_named:
        _refuse_unknown(head, location)
    return None


def _as_it_is(file: BinaryIO, is_named: bool) -> Held | None:
    """A file that needs no other copy."""
    file.seek(0)
    head = file.read(BLOCK)
    if head.startswith(_ZIPS):
        return Held(file, "zip")
    bare = is_named and head and not head.strip(b"\0")  # a tar without members
    return Held(file, "tar") if bare or is_tar(head) else None


def _refuse_unknown(head: bytes, location: Location) -> NoReturn:
    refuse_web_page(head, location, "an archive")
    raise RefusedInput(f"{location.shown!r} is no archive that is read here; {_VALID}")


def _opened(location: Location) -> BinaryIO:
    try:
        return Path(location.path).open("rb")
    except OSError as error:
        raise RefusedInput(f"{location.shown!r} cannot be read: {brief(error)}") from None


def _state(file: BinaryIO) -> tuple[int, ...]:
    """What changes with a file of this machine."""
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _state_elsewhere(location: Location) -> str | None:
    """What changes with a file on another machine; None where nothing is known to."""
    info = location.info()
    told = {name: str(info[name]) for name in _TOLD if info.get(name)}
    said = [location.fs.unstrip_protocol(location.path), info.get("size"), told]
    return canonical_json(["copied", *said]).decode() if told else None


def _fetch(location: Location, copy: Copy) -> None:
    """An archive from another machine, without its compression."""
    packed: Any = None
    with location.open() as file:
        head = file.read(BLOCK)
        if not (head.startswith(_ZIPS) or is_tar(head) or not head.strip(b"\0")):
            packed = tempfile.TemporaryFile()  # noqa: SIM115
        piece = head
        while piece:
            _write(packed or copy, piece, location)
            piece = file.read(_PIECE)
    if packed is not None:
        stream = _uncompressed(packed, head, location)
        if stream is None:
            _refuse_unknown(head, location)
        _unpack(stream, packed, copy, location)
    elif not head:
        _refuse_unknown(head, location)


def _uncompressed(file: BinaryIO, head: bytes, location: Location) -> Any | None:
    """A compressed tar as a stream from its start; None where it is no tar, but one file, say."""
    reader = next((one for mark, one in _COMPRESSED.items() if head.startswith(mark)), None)
    if reader is None:
        return None
    try:
        file.seek(0)
        holds_tar = is_tar(reader(file).read(BLOCK))
    except _DAMAGE as error:
        if not is_called_archive(location.name):
            return None  # whoever reads it has better words
        raise _damaged(location, error) from None
    file.seek(0)
    return reader(file) if holds_tar else None


def _unpack(stream: Any, packed: BinaryIO, copy: Copy, location: Location) -> None:
    size, piece = os.fstat(packed.fileno()).st_size, b"begin"
    while piece:
        try:
            piece = stream.read(_PIECE)
        except _DAMAGE as error:
            raise _damaged(location, error) from None
        refuse_bomb(copy.size + len(piece), size, location.shown)
        _write(copy, piece, location)


def _damaged(location: Location, error: Exception) -> RefusedInput:
    return RefusedInput(f"{location.shown!r} is truncated or damaged ({brief(error)}); {AGAIN}")


def _by_arrow(file: BinaryIO, codec: str) -> Any:
    return pa.CompressedInputStream(pa.PythonFile(_Lent(file), mode="r"), codec)


class _Lent(io.RawIOBase):
    """A file that stays open when its reader goes, which Arrow's close otherwise."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._file.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def _write(copy: Any, piece: bytes, location: Location) -> None:
    try:
        copy.write(piece)
    except OSError as error:
        room = " (TMPDIR names another folder)" if error.errno == errno.ENOSPC else ""
        raise RefusedInput(
            f"{location.shown!r} cannot be copied to {tempfile.gettempdir()!r}: "
            f"{brief(error)}{room}"
        ) from None
