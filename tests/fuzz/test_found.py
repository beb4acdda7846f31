"""Inputs that fuzzing found, made as small as they go: each is read, or refused in one line."""

from __future__ import annotations

import struct
import zipfile

import pytest
from PIL import Image

from tests.data.in_memory import (
    IMAGES,
    LABELS,
    Files,
    class_folders,
    npy,
    picture,
    tarred,
    write,
    zipped,
)
from tests.fuzz.mending import mended_tar
from tests.fuzz.watched import answer, watched

_TAR, _FILES = tarred(class_folders()), class_folders()
_ZIP, _BZIP = (zipped(_FILES, method) for method in (zipfile.ZIP_STORED, zipfile.ZIP_BZIP2))


def _changed(data: bytes, place: int, new: bytes) -> bytes:
    return data[:place] + new + data[place + len(new) :]


def _told_by(record: bytes) -> bytes:
    """A tar that begins with pax's records on its first file."""
    told = bytearray(_TAR[:512])
    told[124:136], told[156:157] = b"%011o\0" % len(record), b"x"
    return mended_tar(bytes(told)) + record.ljust(-(-len(record) // 512) * 512, b"\0") + _TAR


def _unnamed() -> bytes:
    """A zip whose directory calls its first file nothing."""
    at = _ZIP.index(b"PK\x01\x02")
    length = int.from_bytes(_ZIP[at + 28 : at + 30], "little")
    data = _ZIP[: at + 28] + b"\0\0" + _ZIP[at + 30 : at + 46] + _ZIP[at + 46 + length :]
    end = data.rindex(b"PK\x05\x06")
    (size,) = struct.unpack("<I", data[end + 12 : end + 16])
    return _changed(data, end + 12, struct.pack("<I", size - length))


def _npz(header: str) -> bytes:
    line = header.encode().ljust(117) + b"\n"
    values = IMAGES[:, 0].tobytes()
    images = b"\x93NUMPY\x01\0" + struct.pack("<H", len(line)) + line + values
    return zipped({"images.npy": images, "labels.npy": npy(LABELS)})


def _pictures(data: bytes, ending: str) -> Files:
    return {f"{split}/{name}/1.{ending}": data for split in ("train", "test") for name in "ab"}


def _turned(count: int) -> bytes:
    """A picture whose tag of how it is turned has so many values."""
    tag = Image.Exif()
    tag[0x0112] = 6
    one, several = (struct.pack(">HHI", 0x0112, 3, number) for number in (1, count))
    return picture("JPEG", exif=tag.tobytes().replace(one, several))


_BITS = struct.pack("<HHI", 258, 3, 3)
_TIFF, _CHANNELS = picture("TIFF", compression="jpeg"), struct.pack("<HHI", 277, 3, 1)
FOUND: dict[str, tuple[Files, str, str]] = {
    "a size that is no number": (
        {"a.tar": mended_tar(_changed(_TAR, 1024 + 124, b"8"))}, "a.tar", "damaged tar, at byte 1"),
    "a record of 5,000 digits": (
        {"a.tar": _told_by(b"9" * 5000 + b" path=a\n")}, "a.tar", ""),
    "a size of 5,000 digits": (
        {"a.tar": _told_by(b"5020 size=" + b"9" * 5009 + b"\n")}, "a.tar", ""),
    "a zip's file without a name": ({"a.zip": _unnamed()}, "a.zip", "a file without a name"),
    "a zip's own name in no UTF-8": (
        {"a.zip": _changed(_changed(_BZIP, 6, b"\0\x08"), 30, b"\xff")}, "a.zip", "cannot be read"),
    "a zip's own name of many bytes": (
        {"a.zip": _changed(_BZIP, 26, b"\0\x08")}, "a.zip", "header b'1/0.png"),
    "four gigabytes in two kilobytes": (
        {"a.zip": _changed(_ZIP, _ZIP.rindex(b"PK\x01\x02") + 20, b"\xfe\xff\xff\xff")}, "a.zip",
        "4,294,967,294 bytes in an archive of"),
    "paths of 60,000 characters": (
        {"a.zip": zipped({f"0/{'a' * 60_000}.png": picture()})}, "a.zip", "and 60,006 characters"),
    "numbers of Python 2": (
        {"a.npz": _npz("{'descr': '|u1', 'fortran_order': False, 'shape': (14L, 4L, 5L), }")},
        "a.npz", ""),
    "a TIFF whose strip is no JPEG": (
        _pictures(_TIFF.replace(b"\xff\xd8", b"\xff\0"), "tif"), ".", "is a TIFF that is damaged"),
    "a TIFF of 65,283 channels": (
        _pictures(_changed(_TIFF, _TIFF.index(_CHANNELS) + 8, b"\x03\xff"), "tif"), ".",
        "65283 channels"),
    "a TIFF whose bits are text": (
        _pictures(_TIFF.replace(_BITS, _BITS[:2] + b"\x02\0" + _BITS[4:]), "tif"), ".",
        "is a TIFF that is damaged, or of a kind"),
    "a JPEG with two orientations": (_pictures(_turned(2), "jpg"), ".", ""),
    "a folder that a terminal obeys": (
        {"a.tar": tarred(class_folders("se\x7f\x1b[2J/"))}, "a.tar", ""),
    "a set's description without end": ({"dataset.json": b"[" * 100_000}, ".", "no valid JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_it_is_read_or_refused_in_one_line(name, tmp_path):
    files, source, said = FOUND[name]
    place = write(files, tmp_path / "case") / source
    (tmp_path / "temporary").mkdir()
    with watched(place, tmp_path / "temporary"):
        found = answer(place)
    assert said in found
    assert bool(said) == bool(found)
