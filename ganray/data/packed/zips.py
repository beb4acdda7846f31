"""What a zip holds: its own directory says so, and is not believed in what no file could be."""

from __future__ import annotations

import lzma
import os
import stat
import struct
import zipfile
import zlib

from ganray.data.packed.members import Member, Members
from ganray.errors import RefusedInput, brief
from ganray.text.wording import AGAIN

RATIO, ALLOWANCE = 100, 1 << 30
"""What is unpacked may be so many times as large as the archive, and so many bytes more."""
STUMBLES = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError,
            RuntimeError, ValueError, KeyError, struct.error, OverflowError)  # fmt: skip
"""What Python's zipfile raises of damaged files."""
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
DIRECTLY = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_AT_ONCE = 1 << 13  # bytes that are read with what stands before a member: a small picture whole
_LOCAL, _LOCAL_MARK = struct.Struct("<26xHH"), b"PK\x03\x04"  # before a member's name
_ENCRYPTED = 1
_LONGEST_LINK = 4096


def refuse_bomb(unpacked: int, packed: int, said: str) -> None:
    """Refuse what is unpacked out of all proportion."""
    if unpacked > RATIO * packed + ALLOWANCE:
        raise RefusedInput(
            f"{said!r}: {packed:,} bytes would be unpacked to {unpacked:,} or more, over "
            f"{RATIO} times as many, as of a zip bomb; unpack it yourself if you trust it"
        )


def zip_members(archive: zipfile.ZipFile, size: int, said: str) -> Members:
    """The members of a zip; `place` is the number of an entry.

    Args:
        size: bytes of the archive.

    Raises:
        RefusedInput: it is encrypted, packed in an unknown way or out of all proportion, or what
            `Members` refuses.
    """
    found, entries = Members(said), archive.infolist()
    refuse_bomb(sum(entry.file_size for entry in entries), size, said)
    for number, entry in enumerate(entries):
        name = _name(entry)
        if entry.flag_bits & _ENCRYPTED:
            raise RefusedInput(f"{said!r} is encrypted ({name!r} needs a password); unpack it")
        if entry.compress_type not in _METHODS:
            raise RefusedInput(
                f"{said!r}: {name!r} is compressed by method {entry.compress_type}, which is not "
                "read; pack it again"
            )
        if entry.compress_size > size:  # it would be asked for in one piece
            raise RefusedInput(
                f"{said!r}: {name!r} announces {entry.compress_size:,} bytes in an archive of "
                f"{size:,}; it is damaged: {AGAIN}"
            )
        if entry.file_size > RATIO * 11 * entry.compress_size + ALLOWANCE:  # more than deflate's
            raise RefusedInput(
                f"{said!r}: {name!r} announces {entry.file_size:,} bytes, more than "
                f"{entry.compress_size:,} can be unpacked to; it is damaged: {AGAIN}"
            )
        found.add(name, _member(archive, number, entry, said))
    return found


def content_of(file: int, entry: zipfile.ZipInfo) -> bytes:
    """A member's content, in a fifth of the time that `zipfile` takes of a small one.

    Args:
        file: number of the archive's file; its place is not moved.
        entry: stored or deflated.

    Raises:
        BadZipFile, zlib.error: it is damaged, or of another size than is announced.
    """
    size = entry.compress_size
    head = os.pread(file, _LOCAL.size + _AT_ONCE, entry.header_offset)
    if len(head) < _LOCAL.size or not head.startswith(_LOCAL_MARK):
        raise zipfile.BadZipFile("Bad magic number for file header")
    name, extra = _LOCAL.unpack_from(head)
    start = _LOCAL.size + name + extra
    content = head[start : start + size]
    if len(content) < size:
        content = os.pread(file, size, entry.header_offset + start)
    if entry.compress_type == zipfile.ZIP_DEFLATED:
        content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, entry.file_size + 1)
    if len(content) != entry.file_size or zlib.crc32(content) != entry.CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {entry.filename!r}")
    return content


def _member(archive: zipfile.ZipFile, number: int, entry: zipfile.ZipInfo, said: str) -> Member:
    if entry.filename.endswith("/"):  # is_dir() stumbles over a name that is empty
        return Member("directory")
    mode = entry.external_attr >> 16
    if stat.S_ISLNK(mode):
        try:
            target = archive.read(entry) if entry.file_size <= _LONGEST_LINK else b""
        except (OSError, *STUMBLES) as error:
            raise RefusedInput(
                f"{said!r}: {entry.filename!r} is damaged ({brief(error)}); {AGAIN}"
            ) from None
        return Member("link", target=target.decode("utf-8", "surrogateescape"))
    if stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        return Member("other")
    return Member("file", entry.file_size, number)


def _name(entry: zipfile.ZipInfo) -> str:
    """As it was meant: macOS writes UTF-8 without a mark, old Windows programs backslashes."""
    name = entry.filename
    if not entry.flag_bits & 0x800 and not name.isascii():
        try:
            name = name.encode("cp437").decode()
        except UnicodeError:
            name = entry.filename
    return name.replace("\\", "/") if "/" not in name and entry.create_system == 0 else name
