"""Files out of a .tar.gz or .zip, by their names and nothing else of it."""

from __future__ import annotations

import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ganray.errors import StoreError, brief

_LARGEST = 1 << 30  # bytes of a file that is taken out


def unpack(archive: Path, to: Path, wanted: Sequence[str]) -> list[Path]:
    """Writes the files that are called so in an archive into the folder `to`, side by side.

    Nothing else in it is looked at: neither links, nor paths that lead elsewhere.

    Raises:
        StoreError: it is damaged, lacks one of them, or holds one of more than `_LARGEST` bytes.
    """
    found: dict[str, Path] = {}
    try:
        for name, size, file in _members(archive):
            if name in wanted:
                if size > _LARGEST:
                    raise StoreError(f"{str(archive)!r}: {name} has {size} bytes; not unpacked")
                found[name] = _written(file, to / PurePosixPath(name).name)
            if len(found) == len(wanted):
                break
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise StoreError(f"{str(archive)!r} cannot be unpacked: {brief(error)}") from None
    missing = [name for name in wanted if name not in found]
    if missing:
        raise StoreError(f"{str(archive)!r} holds no {missing[0]}")
    return [found[name] for name in wanted]


def _members(archive: Path) -> Iterator[tuple[str, int, Any]]:
    """Name, size and content of every file, in the order of the archive."""
    if archive.name.endswith(".zip"):
        with zipfile.ZipFile(archive) as zipped:
            for entry in zipped.infolist():
                if not entry.is_dir():
                    with zipped.open(entry) as file:
                        yield entry.filename, entry.file_size, file
        return
    with tarfile.open(archive, "r|gz") as tar:
        for member in tar:
            if member.isreg() and (content := tar.extractfile(member)):
                yield member.name, member.size, content


def _written(file: Any, target: Path) -> Path:
    """The file under its name only when it is whole."""
    begun = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with begun.open("wb") as sink:
            shutil.copyfileobj(file, sink, 1 << 20)
        begun.replace(target)
    finally:
        begun.unlink(missing_ok=True)
    return target
