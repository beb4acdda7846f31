"""Archives of folders."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

MODES = {".zip": "", ".tar": "w", ".tgz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz",
         ".tar.zst": "w", ".tar.lz4": "w"}  # fmt: skip


def packed(folder: Path, to: Path, above: str = "") -> Path:
    """All files below a folder, in an archive by its name's end, in folders `above` them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    named = [(above + path.relative_to(folder).as_posix(), path.read_bytes()) for path in files]
    mode = next(MODES[end] for end in sorted(MODES, key=len)[::-1] if to.name.endswith(end))
    if mode:
        return tarred(named, to, mode)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in named:
            archive.writestr(name, content)
    return to


def tarred(named: Iterable[tuple[str, bytes]], to: Path, mode: str = "w") -> Path:
    """Files, by their names, in a tar."""
    with tarfile.open(to, mode) as archive:
        for name, content in named:
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    codec = {".zst": "zstd", ".lz4": "lz4"}.get(to.suffix)
    if codec:
        whole = to.read_bytes()
        with pa.CompressedOutputStream(str(to), codec) as file:
            file.write(whole)
    return to
