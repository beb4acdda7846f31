"""LSUN."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import lmdb

from tests.data.in_memory import picture
from tests.data.refusals.row import Row, Section

_AGAIN = "download it again"


def _lmdb(values: list[bytes], name: str = "bedroom_train_lmdb") -> Callable[[Path], None]:
    def made(folder: Path) -> None:
        environment = lmdb.open(str(folder / name), map_size=1 << 24)
        with environment.begin(write=True) as transaction:
            for number, value in enumerate(values):
                transaction.put(b"%06d" % number, value)
        environment.close()
        (folder / name / "lock.mdb").unlink()

    return made


def _entries(folder: Path) -> None:
    _lmdb([picture()] * 5)(folder)
    path = folder / "bedroom_train_lmdb" / "data.mdb"
    data = bytearray(path.read_bytes())
    for page in (0, 4096):
        data[page + 16 + 104 : page + 16 + 112] = struct.pack("<Q", 9)
    path.write_bytes(data)


def _large_value(folder: Path) -> None:
    """One that announces more than is read, in a file with holes."""
    _lmdb([picture(), picture("BMP") * 40])(folder)
    path = folder / "bedroom_train_lmdb" / "data.mdb"
    data, length = bytearray(path.read_bytes()), len(picture("BMP") * 40)
    place = data.find(struct.pack("<HH", length & 0xFFFF, length >> 16) + b"\x01\0\x06\0")
    data[place : place + 4] = struct.pack("<I", (1 << 30) + 1)
    with path.open("wb") as file:
        file.write(data)
        file.truncate(3 << 30)


def _cut_lmdb(folder: Path) -> None:
    _lmdb([picture()] * 5, ".")(folder)
    path = folder / "data.mdb"
    path.write_bytes(path.read_bytes()[:-4096])


_LSUN = (
    Row("`format: lmdb`, and no `data.mdb`", {"a.txt": b"x"}, "name the folder with it",
        spec={"format": "lmdb"}),
    Row("no LMDB file", {"data.mdb": b"x" * 9000}, _AGAIN),
    Row("a file cut off", _cut_lmdb, _AGAIN),
    Row("fewer values than the file announces", _entries, _AGAIN),
    Row("a category without images", _lmdb([]), "remove its folder"),
    Row("a value of more than a gigabyte", _large_value, "it is no picture; remove it"),
    Row("values that are no pictures", _lmdb([b"text"] * 5), "write pictures' files as values"),
)  # fmt: skip

SECTIONS = (Section("LSUN (LMDB)", _LSUN),)
