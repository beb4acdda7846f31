"""IDX, the format of MNIST and Fashion-MNIST (yann.lecun.com/exdb/mnist): raw or gzip.

A big-endian magic number 0x0000080d (uint8, d dimensions), d 32-bit sizes, then the bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np
from jaxtyping import UInt8

from ganray.data.decoding import MAX_PIXELS
from ganray.data.formats.format import Format
from ganray.data.location import Location
from ganray.data.rows import TEST, TRAIN, Rows, refuse_gaps, rows_per_chunk, shape_text
from ganray.errors import RefusedInput
from ganray.spec import canonical_json

_PUBLISHED = (("train-", TRAIN), ("t10k-", TEST))
_GZIP = b"\x1f\x8b"
_PLAIN = (("", TRAIN),)
_MAGIC = {"images": 2051, "labels": 2049}
_DIMENSIONS = {"images": 3, "labels": 1}


@dataclass(frozen=True)
class _File:
    location: Location
    sizes: tuple[int, ...]
    sha256: str  # of the bytes after decompression: .gz headers hold times and names

    @property
    def header_bytes(self) -> int:
        return 4 + 4 * len(self.sizes)


def has_idx(folder: Location) -> bool:
    """Whether `folder` holds at least one file with an IDX name of the MNIST family."""
    return any(
        _find(folder, prefix + kind, kind)
        for prefix, _ in (*_PUBLISHED, *_PLAIN)
        for kind in _MAGIC
    )


def read_idx(folder: Location) -> Rows:
    """The four published files (or `images` and `labels`) of `folder`, each .gz or raw.

    Every file is read once to its end, so that a truncated one is refused here.

    Raises:
        RefusedInput: for a missing or truncated file, a wrong magic number, or files whose
            counts or image sizes do not match.
    """
    published = any(_find(folder, f"{prefix}images", "images") for prefix, _ in _PUBLISHED)
    parts = [_pair(folder, *part) for part in (_PUBLISHED if published else _PLAIN)]
    images = [part[0] for part in parts]
    _refuse_differing(images[0], images[-1])
    labels = np.concatenate([_labels(part[1]) for part in parts]).astype(np.int32)
    names = [str(k) for k in range(int(labels.max(initial=0)) + 1)]
    refuse_gaps(labels, names, folder.shown)
    return Rows(
        name=folder.name,
        shape=(1, images[0].sizes[1], images[0].sizes[2]),
        class_names=names,
        labels=labels,
        splits=np.concatenate(
            [np.full(part[0].sizes[0], part[2], dtype=np.uint8) for part in parts]
        ),
        stream=lambda: _stream(images),
        fingerprint=lambda: _fingerprint(parts),
        by_class=not published,  # a pair of its own may be sorted by class
    )


def _pair(folder: Location, prefix: str, split: int) -> tuple[_File, _File, int]:
    images = _scan(_require(folder, f"{prefix}images", "images"), "images")
    labels = _scan(_require(folder, f"{prefix}labels", "labels"), "labels")
    if images.sizes[0] != labels.sizes[0]:
        raise RefusedInput(
            f"{images.location.shown!r} has {images.sizes[0]} images, but "
            f"{labels.location.shown!r} has {labels.sizes[0]} labels; they must be as many"
        )
    return images, labels, split


def _refuse_differing(train: _File, test: _File) -> None:
    if train.sizes[1:] != test.sizes[1:]:
        raise RefusedInput(
            f"{test.location.shown!r}: images of {shape_text(test.sizes[1:])} pixels, but "
            f"{train.location.shown!r} has {shape_text(train.sizes[1:])}; they must be equal"
        )


def _find(folder: Location, stem: str, kind: str) -> Location | None:
    ending = f"idx{_DIMENSIONS[kind]}-ubyte"
    names = (f"{stem}-{ending}", f"{stem}.{ending}", stem)
    candidates = (folder.child(name + gz) for name in names for gz in (".gz", ""))
    return next((file for file in candidates if file.is_file()), None)


def _require(folder: Location, stem: str, kind: str) -> Location:
    file = _find(folder, stem, kind)
    if file is None:
        raise RefusedInput(
            f"{folder.shown!r} lacks {stem}-idx{_DIMENSIONS[kind]}-ubyte, with or without .gz"
        )
    return file


def _scan(location: Location, kind: str) -> _File:
    dimensions = _DIMENSIONS[kind]
    digest = hashlib.sha256()
    with _opened(location) as file:
        header = file.read(4 + 4 * dimensions)
        if len(header) < 4 + 4 * dimensions:
            raise RefusedInput(f"{location.shown!r} ends within its header: it is truncated")
        magic, *sizes = struct.unpack(f">{1 + dimensions}I", header)
        if magic != _MAGIC[kind]:
            raise RefusedInput(
                f"{location.shown!r}: magic number (={magic}) must be {_MAGIC[kind]} for {kind}"
            )
        announced = int(np.prod(sizes, dtype=object))
        _refuse_large(sizes[1:], location)
        digest.update(header)
        held = 0
        while held <= announced and (piece := file.read(1 << 20)):
            digest.update(piece)
            held += len(piece)
        beyond = " or more" if held > announced and file.read(1) else ""
    if held != announced or not announced:
        raise RefusedInput(
            f"{location.shown!r}: its header announces {sizes} = {announced} bytes, but "
            f"{held}{beyond} follow; it is truncated or corrupt"
        )
    return _File(location, tuple(sizes), digest.hexdigest())


def _refuse_large(size: list[int], location: Location) -> None:
    if int(np.prod(size, dtype=object)) > MAX_PIXELS:
        raise RefusedInput(
            f"{location.shown!r}: images of {shape_text(size)} pixels, more than {MAX_PIXELS}; "
            f"it is corrupt, or not for this"
        )


@contextmanager
def _opened(location: Location) -> Iterator[BinaryIO]:
    try:
        with location.open() as raw:
            is_gzip = raw.read(2) == _GZIP  # whatever its name: browsers unpack and keep ".gz"
            raw.seek(0)
            yield cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if is_gzip else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RefusedInput(
            f"{location.shown!r} is truncated or corrupt gzip data ({error})"
        ) from None


def _labels(file: _File) -> UInt8[np.ndarray, "n"]:
    with _opened(file.location) as opened:
        opened.read(file.header_bytes)
        return np.frombuffer(opened.read(), dtype=np.uint8)


def _stream(files: list[_File]) -> Iterator[UInt8[np.ndarray, "_ 1 h w"]]:
    for file in files:
        count, height, width = file.sizes
        rows = rows_per_chunk((height, width))
        with _opened(file.location) as opened:
            opened.read(file.header_bytes)
            for start in range(0, count, rows):
                length = min(rows, count - start)
                pixels = opened.read(length * height * width)
                yield np.frombuffer(pixels, dtype=np.uint8).reshape(length, 1, height, width)


def _fingerprint(parts: list[tuple[_File, _File, int]]) -> str:
    layout = [[split, images.sha256, labels.sha256] for images, labels, split in parts]
    return hashlib.sha256(canonical_json({"format": "idx", "parts": layout})).hexdigest()


FORMAT = Format(
    valid="a folder with the IDX files of MNIST",
    fits=lambda found: has_idx(found.location),
    read=lambda location, _: read_idx(location),
)
