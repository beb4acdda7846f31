"""Variables of a MATLAB file of version 5, streamed (MathWorks, "MAT-File Format").

A header of 128 bytes, then elements: a type, a length and so many bytes. A variable is an element
of type 14, mostly packed by zlib in one of type 15; in it lie its flags, sizes, name and values,
which stand column by column: the last index moves slowest. `scipy.io.loadmat` reads such a file
whole, and believes its lengths.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ganray.data.location import Location
from ganray.errors import RefusedInput
from ganray.text.wording import AGAIN

_HEADER = 128
_PIECE = 1 << 18
_MATRIX, _PACKED = 14, 15
_KINDS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8",
          13: "u8"}  # fmt: skip
_NUMBERS = range(6, 16)  # classes of variables: double, single, int8 … uint64
_COMPLEX = 0x0800
_MOST_VARIABLES = 1000
_LONGEST = 512  # bytes of a name or of a list of sizes


@dataclass(frozen=True)
class Variable:
    """One variable of a file, whose values were not read yet.

    Attributes:
        kind: NumPy's name of its values as they are stored; empty where it holds no numbers.
        place: of its element in the file.
    """

    location: Location
    name: str
    shape: tuple[int, ...]
    kind: str
    place: int

    @contextmanager
    def values(self) -> Iterator[Any]:
        """What its values are read from by `read(bytes)`, one after another.

        Raises:
            RefusedInput: the file is damaged.
        """
        with _reading(self.location) as file:
            order = _order(file)
            file.seek(self.place)
            yield _variable(file, order, self.location, self.place)[1]


class _Packed:
    """The bytes of an element that zlib packed, no more at a time than are asked for."""

    def __init__(self, file: Any, length: int) -> None:
        self._file, self._left = file, length
        self._inflating = zlib.decompressobj()

    def read(self, count: int) -> bytes:
        parts: list[bytes] = []
        while count:
            packed = self._inflating.unconsumed_tail
            if not packed:
                packed = self._file.read(min(_PIECE, self._left))
                self._left -= len(packed)
            part = self._inflating.decompress(packed, count)
            if not (part or packed):
                break
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


def variables(location: Location) -> dict[str, Variable]:
    """The variables of a file, by name.

    Raises:
        RefusedInput: it is none of version 5, truncated or damaged.
    """
    found: dict[str, Variable] = {}
    with _reading(location) as file:
        order = _order(file)
        size, place = file.seek(0, 2), _HEADER
        while place < size:
            if len(found) > _MOST_VARIABLES:
                raise _Damaged(f"more than {_MOST_VARIABLES} variables")
            file.seek(place)
            _, length = struct.unpack(f"{order}II", file.read(8))
            if place + 8 + length > size:
                raise RefusedInput(
                    f"{location.shown!r} ends at byte {size}, within a variable that goes on to "
                    f"{place + 8 + length}; it is truncated: {AGAIN}"
                )
            file.seek(place)
            variable, _ = _variable(file, order, location, place)
            if variable.name in found:
                raise _Damaged(f"{variable.name!r} is twice in it")
            found[variable.name] = variable
            place += 8 + length
    return found


@contextmanager
def _reading(location: Location) -> Iterator[Any]:
    try:
        with location.open() as file:
            yield file
    except (struct.error, zlib.error, UnicodeError, _Damaged) as error:
        raise RefusedInput(
            f"{location.shown!r} is a damaged MATLAB file ({error}); {AGAIN}"
        ) from None


class _Damaged(Exception):
    pass


def _order(file: Any) -> str:
    """Of bytes, as `struct` writes it."""
    file.seek(0)
    header = file.read(_HEADER)
    order = {b"IM": "<", b"MI": ">"}.get(header[126:128])
    if order is None or struct.unpack(f"{order}H", header[124:126]) != (0x0100,):
        raise _Damaged("it does not begin as one of version 5")
    return order


def _variable(file: Any, order: str, location: Location, place: int) -> tuple[Variable, Any]:
    """The variable whose element begins here, and where its values are read from."""
    kind, length = struct.unpack(f"{order}II", file.read(8))
    stream: Any = file
    if kind == _PACKED:
        stream = _Packed(file, length)
        kind, length = struct.unpack(f"{order}II", stream.read(8))
    if kind != _MATRIX:
        raise _Damaged(f"an element of type {kind} where a variable is expected")
    flags = struct.unpack(f"{order}II", _small(stream, order))[0]
    sizes = _small(stream, order)
    shape = struct.unpack(f"{order}{len(sizes) // 4}i", sizes)
    name = _small(stream, order).decode("ascii")
    if not name.isprintable():
        raise _Damaged(f"a variable that is called {name!r}")
    if flags & 0xFF not in _NUMBERS or flags & _COMPLEX or min(shape, default=-1) < 0:
        return Variable(location, name, shape, "", place), None
    stored, bytes_, values = _values(stream, order)
    if math.prod(shape) * int(stored[1]) != bytes_ or bytes_ > length:
        raise _Damaged(f"{name!r} has {bytes_} bytes for its sizes {shape}")
    return Variable(location, name, shape, f"{order}{stored}", place), values


def _small(stream: Any, order: str) -> bytes:
    """The bytes of a short element: flags, sizes or a name."""
    tag = stream.read(8)
    kind, length = struct.unpack(f"{order}II", tag)
    if kind >> 16:  # up to four bytes lie in the tag itself
        return bytes(tag[4 : 4 + (kind >> 16)])
    if length > _LONGEST:
        raise _Damaged(f"{length} bytes where a name or sizes are expected")
    return bytes(stream.read(length + -length % 8)[:length])


def _values(stream: Any, order: str) -> tuple[str, int, Any]:
    """How values are stored, in how many bytes, and what they are read from."""
    tag = stream.read(8)
    kind, length = struct.unpack(f"{order}II", tag)
    if small := kind >> 16:
        kind, length, stream = kind & 0xFFFF, small, io.BytesIO(tag[4 : 4 + small])
    if kind not in _KINDS:
        raise _Damaged(f"values of type {kind}")
    return _KINDS[kind], length, stream
