"""How much of a Parquet file is in memory while a column is read: by the headers of its pages.

A page is the least that can be read, and pyarrow, which does not tell how large pages are, writes a
thousand rows into one before it looks at its size. Headers are in Thrift's compact protocol
(https://github.com/apache/parquet-format, `parquet.thrift`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from ganray.data.location import Location

_UNTOLD = 8 << 20  # bytes of a row group that takes little memory, whatever its pages are
_MANY = 256 << 20  # bytes of a row group whose pages are all looked at, and not its first alone
_HEADER = 1 << 16  # bytes that hold a page's header
# Fields of the structures, by their numbers.
_GROUPS, _CHUNKS, _META = 4, 1, 3
_PATH, _CODEC, _PACKED, _DATA, _DICTIONARY = 3, 4, 7, 9, 11
_UNPACKED_SIZE, _PACKED_SIZE, _VALUES = 2, 3, 1
_OF_DICTIONARY, _OF_DATA = 7, (5, 8)


@dataclass(frozen=True)
class Held:
    """What reading a column takes.

    Attributes:
        pages: bytes of what is held of pages at once, where that is most.
        value: mean bytes of a value, where that is most.
    """

    pages: int = 0
    value: int = 0


def held_by(file: Location, column: str, sizes: list[int]) -> Held:
    """What the largest row groups of a file take.

    Args:
        column: or a field of one, as `image.bytes`.
        sizes: of the row groups.
    """
    wanted = [place for place, size in enumerate(sizes) if size > _UNTOLD]
    if not wanted:
        return Held()
    try:
        with file.open() as raw:
            groups = _footer(raw)[_GROUPS]
            found = [_held(raw, chunk[_META], sizes[place] > _MANY)
                     for place in wanted for chunk in groups[place][_CHUNKS]
                     if _is_of(chunk[_META], column)]  # fmt: skip
    except (LookupError, TypeError, AttributeError, RecursionError):
        return Held()  # damage, which pyarrow tells of
    return Held(
        max((one.pages for one in found), default=0), max((one.value for one in found), default=0)
    )


def _is_of(chunk: dict[int, Any], column: str) -> bool:
    path = b".".join(chunk[_PATH]).decode(errors="replace")
    return path == column or path.startswith(f"{column}.")


def _held(raw: BinaryIO, chunk: dict[int, Any], whole: bool) -> Held:
    """Of one column in one row group: a dictionary stays, in two forms, while data follow."""
    dictionary, most, value = 0, 0, 0
    for header in _pages(raw, chunk):
        unpacked = header[_UNPACKED_SIZE]
        size = unpacked + (header[_PACKED_SIZE] if chunk[_CODEC] else 0)
        kinds = (_OF_DICTIONARY, *_OF_DATA)
        told: dict[int, int] = next((header[kind] for kind in kinds if kind in header), {})
        value = max(value, unpacked // max(1, told.get(_VALUES, 1)))
        if _OF_DICTIONARY in header:
            dictionary, most = 2 * unpacked, max(most, size)
        else:
            most = max(most, dictionary + size)
        if not whole:
            break
    return Held(max(most, dictionary), value)


def _pages(raw: BinaryIO, chunk: dict[int, Any]) -> Iterator[dict[int, Any]]:
    place = chunk.get(_DICTIONARY) or chunk[_DATA]
    end = place + chunk[_PACKED]
    while place < end:
        if place < 0:
            raise LookupError(place)
        raw.seek(place)
        header, length = _structure(raw.read(_HEADER), 0)
        place += length + max(0, header[_PACKED_SIZE])
        yield header


def _footer(raw: BinaryIO) -> dict[int, Any]:
    end = raw.seek(0, 2)
    raw.seek(end - 8)
    length = int.from_bytes(raw.read(4), "little")
    raw.seek(max(0, end - 8 - length))
    return _structure(raw.read(length), 0)[0]


def _structure(data: bytes, place: int) -> tuple[dict[int, Any], int]:
    """Number of a field → its value; and where the structure ends."""
    found: dict[int, Any] = {}
    number = 0
    while kind := data[place]:
        place += 1
        if kind >> 4:
            number += kind >> 4
        else:
            number, place = _whole(data, place)
        found[number], place = _value(data, place, kind & 15)
    return found, place + 1


def _value(data: bytes, place: int, kind: int) -> tuple[Any, int]:
    if kind in (1, 2):  # true and false
        return kind == 1, place
    if kind == 3:
        return data[place], place + 1
    if kind in (4, 5, 6):
        return _whole(data, place)
    if kind == 7:  # a floating-point number, of which there is none to be told
        return None, place + 8
    if kind == 8:
        length, place = _unsigned(data, place)
        return data[place : place + length], place + length
    if kind in (9, 10):
        return _values(data, place)
    if kind == 12:
        return _structure(data, place)
    raise LookupError(kind)


def _values(data: bytes, place: int) -> tuple[list[Any], int]:
    kind, count = data[place] & 15, data[place] >> 4
    place += 1
    if count == 15:
        count, place = _unsigned(data, place)
    found = []
    for _ in range(count):
        # In a list a truth value takes a byte of its own.
        one, place = _value(data, place, 3 if kind in (1, 2) else kind)
        found.append(one)
    return found, place


def _unsigned(data: bytes, place: int) -> tuple[int, int]:
    found, shift = 0, 0
    while True:
        byte = data[place]
        place += 1
        found |= (byte & 127) << shift
        if byte < 128:
            return found, place
        shift += 7


def _whole(data: bytes, place: int) -> tuple[int, int]:
    found, place = _unsigned(data, place)
    return (found >> 1) ^ -(found & 1), place
