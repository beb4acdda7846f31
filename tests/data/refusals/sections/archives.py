"""Archives."""

from __future__ import annotations

import gzip
import io
import lzma
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path

from ganray.data import DatasetSpec, open_source
from tests.data.in_memory import Files, class_folders, picture, tarred, zipped
from tests.data.refusals.row import Row, Section, as_nobody

_FILES = class_folders()
_ZIP, _TAR = zipped(_FILES), tarred(_FILES)
_AGAIN, _PACK = "download it again", "pack it again, from within the folder"
_NAME = next(iter(_FILES))


def _zip(data: bytes) -> Files:
    return {"a.zip": data}


def _tar(data: bytes, name: str = "a.tar") -> Files:
    return {name: data}


def _entry(change: Callable[[zipfile.ZipInfo], object], data: bytes = _FILES[_NAME]) -> Files:
    """A zip in which one more file is described otherwise."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in _FILES.items():
            archive.writestr(name, content)
        archive.writestr("1/more.png", data)
        change(archive.infolist()[-1])
    return _zip(sink.getvalue())


def _set(**fields: int) -> Callable[[zipfile.ZipInfo], object]:
    def change(entry: zipfile.ZipInfo) -> None:
        for name, value in fields.items():
            setattr(entry, name, value)

    return change


def _header(place: slice, field: bytes) -> bytes:
    """A tar whose first header is another one, with its sum."""
    data = bytearray(_TAR)
    data[place] = field
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    return bytes(data)


def _locally(data: bytes) -> bytes:
    """A zip whose last file's own header is damaged."""
    at = data.rindex(b"PK\x03\x04")
    return data[:at] + b"PK\x03\x05" + data[at + 4 :]


def _twice(folder: Path) -> None:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("0/1.png", picture())
        archive.NameToInfo.clear()
        archive.writestr("0/1.png", picture())


def _full(folder: Path) -> None:
    """Read where no file may have more than a kilobyte."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 10, before[1]))
    try:
        open_source(DatasetSpec(source=str(folder / "a.tgz")))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _damaged_xz(folder: Path) -> None:
    data = bytearray(lzma.compress(_TAR))
    data[200:260] = bytes(60)
    (folder / "a.tar.xz").write_bytes(data)


def _one_bomb(folder: Path) -> None:
    """Of a few bytes, beside one of many, whose sum hides it."""
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("0/1.png", bytes(16 << 20))
        archive.writestr("0/2.png", picture())
        archive.infolist()[-1].file_size = (1 << 30) + (1 << 29)


def _replaced(folder: Path) -> None:
    """Sent to another process, which opens it anew."""
    import pickle

    source = open_source(DatasetSpec(source=str(folder / "pets")))
    (folder / "pets").write_bytes(b"text")
    pickle.loads(pickle.dumps(source.rows.stream.items))  # type: ignore[attr-defined]


_OUT = {"../x.png": picture(), **_FILES}
_MANY = "/".join(["a"] * 120) + "/1.png"
_LONG = "/".join(["a" * 200] * 9) + ".png"
_ARCHIVES = (
    Row("a name of an archive, and none in it", _zip(b"text"), "download it again, or name the "
        "folder", source="a.zip"),
    Row("a web page in its place", _zip(b"<html>404</html>"), "download the file itself",
        source="a.zip"),
    Row("a 7z, or a RAR", {"a.7z": b"7z\xbc\xaf\x27\x1c"}, "unpack it and name the folder",
        source="a.7z"),
    Row("an archive of archives", _zip(zipped({"a.tar": _TAR})), "unpack the outer one",
        source="a.zip"),
    Row("an archive that is replaced while it is read", {"pets": _ZIP},
        "start again when nothing writes there any more", call=_replaced),
    Row("an archive that may not be read", _zip(_ZIP), "`chmod +r`, or ask its owner",
        call=lambda folder: as_nobody(folder, "a.zip")),
    Row("paths that lead out", _zip(zipped(_OUT)), _PACK, source="a.zip"),
    Row("absolute paths", _tar(tarred({"/x.png": picture()})), _PACK, source="a.tar"),
    Row("over a hundred folders deep", _zip(zipped({_MANY: picture()})), _PACK, source="a.zip"),
    Row("a path of over 1,024 characters", _zip(zipped({_LONG: picture()})), _PACK,
        source="a.zip"),
    Row("one file twice", _twice, _PACK, source="a.zip"),
    Row("a file and a folder of one name", _tar(tarred({"0": b"x", **_FILES})), _PACK,
        source="a.tar"),
    Row("a file without a name", _tar(_header(slice(0, 100), bytes(100))), _PACK, source="a.tar"),
    Row("a link out of the archive", _tar(tarred(_FILES, links={"0/link.png": "../../x.png"})),
        "pack what it leads to", source="a.tar"),
    Row("a hard link to what is not in it", _tar(tarred(_FILES, hard={"0/link.png": "x.png"})),
        "pack what it leads to", source="a.tar"),
    Row("a zip cut off", _zip(_ZIP[:-30]), _AGAIN, source="a.zip"),
    Row("damage in a zip", _zip(_locally(_ZIP)), _AGAIN, source="a.zip"),
    Row("an encrypted zip", _entry(_set(flag_bits=1)), "unpack it with its password",
        source="a.zip"),
    Row("compressed in a rare way", _entry(_set(compress_type=98)), "pack it by deflate",
        source="a.zip"),
    Row("files that announce a hundred times the archive's bytes", _entry(_set(
        file_size=1 << 40)), "unpack it yourself, if you trust it", source="a.zip"),
    Row("a file that announces more bytes than the archive has", _entry(_set(
        compress_size=1 << 30)), _AGAIN, source="a.zip"),
    Row("one file that announces more than deflate can hold", _one_bomb,
        "download it again", source="a.zip"),
    Row("a damaged link in a zip", _entry(_set(external_attr=0o120777 << 16, CRC=1), b"1.png"),
        _AGAIN, source="a.zip"),
    Row("a tar cut off within a file", _tar(_TAR[:550]), _AGAIN, source="a.tar"),
    Row("a tar cut off between two files", _tar(_TAR[:1024]), _AGAIN, source="a.tar"),
    Row("damage in a tar", _tar(_TAR[:1024] + b"x" * 512 + _TAR[1536:]), _AGAIN, source="a.tar"),
    Row("a size that is no number", _tar(_header(slice(124, 136), b"x" * 12)), _AGAIN,
        source="a.tar"),
    Row("a sparse file", _tar(_header(slice(156, 157), b"S")), "pack it without `-S`",
        source="a.tar"),
    Row("a compressed tar cut off", _tar(gzip.compress(_TAR, mtime=0)[:-20], "a.tgz"), _AGAIN,
        source="a.tgz"),
    Row("damage in a compressed tar", _damaged_xz, _AGAIN,
        source="a.tar.xz"),
    Row("no room for the copy without compression", _tar(gzip.compress(_TAR, mtime=0), "a.tgz"),
        "set `TMPDIR` to a folder with room, or unpack the archive", call=_full),
)  # fmt: skip


SECTIONS = (Section("Archives (zip, tar)", _ARCHIVES),)
