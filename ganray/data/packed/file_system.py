"""An archive as a file system of fsspec, which every format reads like a folder."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from fsspec.spec import AbstractFileSystem

from ganray.data.location import PACKED, Location, refuse_large
from ganray.data.packed.held import Held, held
from ganray.data.packed.members import Member, Members
from ganray.data.packed.tars import tar_members
from ganray.data.packed.zips import DIRECTLY, STUMBLES, content_of, zip_members
from ganray.errors import RefusedInput, brief
from ganray.text.wording import AGAIN

_IN_MEMORY = 1 << 26  # bytes of a compressed member; of a larger one a copy is unpacked


class Archive(AbstractFileSystem):
    """The files in a zip or a tar, by their paths in it.

    Pickled, it is the archive's location alone, and opened anew where it arrives. The archive is
    one file on this machine, which is closed, and gone where it is a copy, with the last use.
    """

    protocol = PACKED
    cachable = False

    def __init__(self, location: Location, kept: Held | None = None) -> None:
        """Reads where all lies.

        Args:
            kept: the archive, where it is open already.

        Raises:
            RefusedInput: it is no archive, or a damaged, encrypted or hostile one.
        """
        super().__init__()
        self.location, said = location, location.shown
        kept = kept or held(location)
        if kept is None:
            raise RefusedInput(f"{said!r} is no archive any more; it changed, start again")
        self._file = kept.file
        self._zip: zipfile.ZipFile | None = None
        if kept.kind == "zip":
            try:
                self._zip = zipfile.ZipFile(self._file)
            except (OSError, *STUMBLES) as error:
                raise RefusedInput(
                    f"{said!r} is a truncated or damaged zip ({brief(error)}); {AGAIN}"
                ) from None
            self._members = zip_members(self._zip, os.fstat(self._file.fileno()).st_size, said)
        else:
            self._members = tar_members(self._file, said)

    def __reduce__(self) -> tuple[type[Archive], tuple[Location]]:
        return Archive, (self.location,)

    @property
    def members(self) -> Members:
        """All that it holds."""
        return self._members

    def real_path(self, path: str) -> str:
        """A path without links."""
        return f"archive:/{self._members.followed(path)}".rstrip("/")

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """What lies in a folder, as fsspec tells it."""
        path = path.strip("/")
        inside = self._members.within(path)
        if inside is None:
            return [self.info(path)] if detail else [path]
        start = f"{path}/" if path else ""
        if not detail:
            return [start + name for name in inside]
        return [_told(start + name, member) for name, member in inside.items()]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Kind and size of what is there, behind any link."""
        path = path.strip("/")
        return _told(path, self._member(path)) | {"name": path}

    def size(self, path: str) -> int:
        """Bytes of a file."""
        return self._member(path.strip("/")).size

    def cat_file(
        self,
        path: str,
        start: int | None = None,
        end: int | None = None,
        most: int | None = None,
        shown: str = "",
        **_: Any,
    ) -> bytes:
        """A file's content, or bytes of it; one of more than `most` bytes is refused."""
        member = self._file_at(path)
        if most is not None:
            refuse_large(member.size, most, repr(shown))
        return self.content(member)[start:end]

    def _open(self, path: str, mode: str = "rb", *_: Any, **__: Any) -> Any:
        if mode != "rb":
            raise OSError("archives are read only")
        member = self._file_at(path)
        if self._zip is None:
            return io.BufferedReader(_Window(self._file, member))
        if member.size <= _IN_MEMORY:
            return io.BytesIO(self.content(member))
        # A compressed stream is read from its start at every jump backwards.
        copy = tempfile.TemporaryFile()  # noqa: SIM115
        with _unpacking(), self._zip.open(self._zip.infolist()[member.place]) as packed:
            while piece := packed.read(1 << 20):
                copy.write(piece)
        copy.seek(0)
        return copy

    def content(self, member: Member) -> bytes:
        """A member's content."""
        if self._zip is None:
            return os.pread(self._file.fileno(), member.size, member.place)
        entry = self._zip.infolist()[member.place]
        with _unpacking():
            if entry.compress_type in DIRECTLY:
                return content_of(self._file.fileno(), entry)
            return self._zip.read(entry)

    def _member(self, path: str) -> Member:
        member = self._members.get(path)
        if member is None or member.kind == "link":
            member = self._members.get(self._members.followed(path))
        assert member is not None  # or it would not have been followed
        return member

    def _file_at(self, path: str) -> Member:
        member = self._member(path.strip("/"))
        if member.kind != "file":
            raise IsADirectoryError(path)
        return member


@contextmanager
def _unpacking() -> Iterator[None]:
    try:
        yield
    except STUMBLES as error:
        raise OSError(f"damaged in the archive ({brief(error)})") from None


def _told(name: str, member: Member) -> dict[str, Any]:
    told = {"name": name, "size": member.size, "type": member.kind}
    return told | {"islink": True} if member.kind == "link" else told


class _Window(io.RawIOBase):
    """A member of a tar as a file; several are read at once, as none moves the archive's place."""

    mode = "rb"

    def __init__(self, file: BinaryIO, member: Member) -> None:
        self._file, self._member, self._at = file, member, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self._member.size)[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), max(0, self._member.size - self._at))
        found = os.pread(self._file.fileno(), wanted, self._member.place + self._at)
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)
