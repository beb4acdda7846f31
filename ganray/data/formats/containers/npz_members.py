"""The arrays of an .npz file (numpy.lib.format in a zip), streamed: objects are never unpickled."""

from __future__ import annotations

import math
import struct
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib import format as npy

from ganray.data.formats.containers.unpacking import refuse_web_page
from ganray.data.location import Location
from ganray.data.packed.zips import STUMBLES
from ganray.errors import RefusedInput, brief
from ganray.text.wording import AGAIN

_MOST_MEMBERS = 1000
_MOST_PACKED = 1100  # bytes that deflate can make of one
_LONGEST_HEADER = 10_000  # bytes
_LENGTHS = {(1, 0): "<H", (2, 0): "<I"}
_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


@dataclass(frozen=True)
class Member:
    """One array of a file, whose values were not read yet; its name is without ".npy"."""

    location: Location
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    by_columns: bool

    @property
    def size(self) -> int:
        """Bytes of its values."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def where(self) -> str:
        """What messages call it."""
        return f"{self.location.shown!r}, array {self.name!r}"

    def rows(self, count: int) -> Iterator[np.ndarray]:
        """The values, so many of the first index at a time.

        Raises:
            RefusedInput: the file is damaged there.
        """
        row = self.size // max(1, self.shape[0])
        with _opened(self.location) as archive, archive.open(f"{self.name}.npy") as file:
            _header(file)
            for start in range(0, self.shape[0], count):
                length = min(count, self.shape[0] - start)
                data = file.read(length * row)
                if len(data) < length * row:
                    raise zipfile.BadZipFile(f"{self.name!r} ends early")
                yield np.frombuffer(data, self.dtype).reshape(length, *self.shape[1:])
            file.read(1)  # at the end its sum is checked


def members(location: Location) -> list[Member]:
    """The arrays of a file, with their sizes checked.

    Raises:
        RefusedInput: it is none, or damaged, or an array holds Python objects or announces another
            size than it has.
    """
    with location.open() as file:
        refuse_web_page(file.read(256), location, "an .npz file")
    with _opened(location) as archive:
        entries = [one for one in archive.infolist() if one.filename.endswith(".npy")]
        if not 0 < len(entries) <= _MOST_MEMBERS:
            raise RefusedInput(
                f"{location.shown!r} holds {len(entries)} arrays; valid: numpy.savez of images "
                "and labels"
            )
        return [_member(archive, entry, location) for entry in entries]


@contextmanager
def _opened(location: Location) -> Iterator[zipfile.ZipFile]:
    try:
        with location.open() as raw, zipfile.ZipFile(raw) as archive:
            yield archive
    except (*STUMBLES, MemoryError) as error:
        if isinstance(error, RefusedInput):
            raise
        raise RefusedInput(
            f"{location.shown!r} is no readable .npz file ({brief(error)}); {AGAIN}"
        ) from None


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, location: Location) -> Member:
    name = entry.filename.removesuffix(".npy")
    where = f"{location.shown!r}, array {name!r}"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise RefusedInput(f"{where} is packed in a way that NumPy does not use; save it again")
    with archive.open(entry) as file:
        shape, by_columns, dtype = _header(file)
        held = entry.file_size - file.tell()
    if dtype.hasobject:
        raise RefusedInput(
            f"{where} holds Python objects, which are not unpickled; save numbers, of one shape"
        )
    if any(not isinstance(side, int) or side < 0 for side in shape):
        raise RefusedInput(f"{where}: its shape {shape} is none; save it again")
    announced = math.prod(shape) * dtype.itemsize
    if announced != held or entry.file_size > _MOST_PACKED * entry.compress_size + 1000:
        raise RefusedInput(
            f"{where} announces {shape} of {dtype} = {announced} bytes, but {held} are in it; it "
            f"is damaged: {AGAIN}"
        )
    return Member(location, name, shape, dtype, by_columns)


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = npy.read_magic(file)
    if version not in _READERS:
        raise ValueError(f"an array of version {version}; 1.0 and 2.0 are read")
    (length,) = struct.unpack(_LENGTHS[version], file.peek(4)[: 2 * version[0]])
    if length > _LONGEST_HEADER:
        raise ValueError(f"a header of {length} bytes, more than {_LONGEST_HEADER}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python 2's numbers, 30L, which are read
            return _READERS[version](file)
    except ValueError:
        raise
    except Exception as error:  # whatever Python's parser stumbles over
        raise ValueError(f"a header that cannot be read: {brief(error)}") from None
