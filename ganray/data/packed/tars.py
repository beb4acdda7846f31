"""Where the files of a tar lie in it: POSIX's ustar and pax, and GNU's long names.

Python's tarfile takes twice the time, with a set of a million members some ten seconds more, and an
archive that is cut off between two members for a whole one.
"""

from __future__ import annotations

from typing import Any

from ganray.data.packed.members import Member, Members
from ganray.errors import RefusedInput
from ganray.text.wording import AGAIN

BLOCK = 512
_END = bytes(BLOCK)
_MAGIC = slice(257, 263)
_SIZE = slice(124, 136)
_SUM = slice(148, 156)
_LONGEST = 1 << 20  # bytes of what a header says in another member
_DAMAGED = "is a truncated or damaged tar"


def is_tar(head: bytes) -> bool:
    """Whether the first `BLOCK` bytes of a file are a tar's: those before POSIX had no mark."""
    return len(head) == BLOCK and head != _END and _is_header(head)


def tar_members(file: Any, said: str) -> Members:
    """The members of a tar that is not compressed; `place` is the byte at which each begins.

    Hard links are files with the content of another one.

    Args:
        file: binary and seekable, whichever file system's.

    Raises:
        RefusedInput: it is truncated or damaged, or holds a sparse file, or what `Members` refuses.
    """
    found, total = Members(said), file.seek(0, 2)
    at, told = 0, dict[str, str]()
    while True:
        file.seek(at)
        header = file.read(BLOCK)
        if header == _END:
            return found
        if len(header) < BLOCK or not _is_header(header):
            raise RefusedInput(f"{said!r} {_DAMAGED}, at byte {at:,}; {AGAIN}")
        kind, start = header[156:157], at + BLOCK
        size = _whole(told.get("size", "")) or _number(header[_SIZE])
        if size < 0 or start + size > total:
            raise RefusedInput(f"{said!r} {_DAMAGED}: it ends at byte {total:,}; {AGAIN}")
        if kind in b"xLK" and kind:
            told |= _told(kind, file.read(min(size, _LONGEST)))
        elif kind != b"g":  # git's archives name a commit there
            size = 0 if kind in b"123456" and kind else size
            _add(found, header, Member("file", size, start), told)
            told = {}
        at = start + -(-size // BLOCK) * BLOCK


def _add(found: Members, header: bytes, file: Member, told: dict[str, str]) -> None:
    kind = header[156:157]
    name, target = told.get("path") or _name(header), told.get("linkpath") or _text(header[157:257])
    if kind == b"S" or any(key.startswith("GNU.sparse") for key in told):
        raise RefusedInput(f"{found.said!r} holds a sparse file ({name!r}); pack it without -S")
    if kind == b"5" or (kind in b"\x00" and name.endswith("/")):
        found.add(name, Member("directory"))
    elif kind == b"1":
        same = found.get(found.path_of(target))
        if same is None or same.kind == "directory":
            raise RefusedInput(
                f"{found.said!r}: {name!r} is a link to {target!r}, not in it; pack that, too"
            )
        found.add(name, same)
    elif kind == b"2":
        found.add(name, Member("link", target=target))
    elif kind in b"346":
        found.add(name, Member("other"))
    elif kind in b"07\x00":  # others are of single systems, and no files
        found.add(name, file)


def _is_header(header: bytes) -> bool:
    try:
        _number(header[_SIZE])
        return _number(header[_SUM]) == sum(header) - sum(header[_SUM]) + 8 * ord(" ")
    except ValueError:
        return False


def _number(field: bytes) -> int:
    """Octal digits; GNU's for large ones is binary, by its first bit.

    Raises:
        ValueError: it is neither.
    """
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    return int(field.strip(b" \0") or b"0", 8)


def _whole(digits: str) -> int:
    """A decimal number of a size that a file may have; else 0."""
    return int(digits) if digits.isdecimal() and len(digits) < 20 else 0


def _name(header: bytes) -> str:
    name, prefix = _text(header[:100]), _text(header[345:500])
    return f"{prefix}/{name}" if prefix and header[_MAGIC] == b"ustar\0" else name


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _told(kind: bytes, content: bytes) -> dict[str, str]:
    """What a member says of the next one: pax's records, "27 path=…\\n", or GNU's long name."""
    if kind != b"x":
        return {"path" if kind == b"L" else "linkpath": _text(content)}
    told = {}
    while content:
        length = content.partition(b" ")[0]
        size = _whole(length.decode("latin-1"))
        if not len(length) < size <= len(content):
            break
        key, _, value = content[len(length) + 1 : size - 1].partition(b"=")
        told[key.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
        content = content[size:]
    return told
