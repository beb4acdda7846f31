"""IDX, the format of MNIST and Fashion-MNIST (yann.lecun.com/exdb/mnist): raw or gzip.

A big-endian magic number 0x0000080d (uint8, d dimensions), d 32-bit sizes, then the bytes.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32, UInt8

from ganray.data.formats.containers.unpacking import opened
from ganray.data.formats.format import Format
from ganray.data.location import Location
from ganray.data.pictures.decoding import MAX_PIXELS
from ganray.data.rows import TEST, TRAIN, Rows, numbered, rows_per_chunk, shape_text
from ganray.errors import RefusedInput
from ganray.spec import canonical_json
from ganray.text.urls import is_url
from ganray.text.wording import AGAIN

_PUBLISHED = (("train-", TRAIN), ("t10k-", TEST))
_PLAIN = (("", TRAIN),)
_WHAT = "an IDX file"
_MAGIC = {"images": 2051, "labels": 2049}
_DIMENSIONS = {"images": 3, "labels": 1}
_MOST = 1 << 27  # images, whose labels are held

Place = Callable[[str], Location]
"""Where a file of some name lies: in a folder, or after what all names of the set begin with."""


@dataclass(frozen=True)
class IdxFile:
    """A file whose header and length agree.

    Attributes:
        sizes: (n, h, w) of images, (n,) of labels.
        sha256: of the bytes after decompression: .gz headers hold times and names.
    """

    location: Location
    sizes: tuple[int, ...]
    sha256: str

    @property
    def header_bytes(self) -> int:
        """After which the values begin."""
        return 4 + 4 * len(self.sizes)


@dataclass(frozen=True)
class IdxPair:
    """Images and labels of one split."""

    images: IdxFile
    labels: IdxFile
    split: int


def read_idx(location: Location) -> Rows:
    """The four published files (or `images` and `labels`) of a folder, each .gz or raw.

    Of several sets in one folder, one is named by what its files' names begin with:
    `digits/mine` is of `digits/mine-train-images-idx3-ubyte` and the others.

    Every file is read once to its end, so that a truncated one is refused here.

    Raises:
        RefusedInput: for a missing or truncated file, a wrong magic number, or files whose
            counts or image sizes do not match.
    """
    place = _place(location)
    if place is None:
        raise RefusedInput(
            f"{location.shown!r} lacks train-images-idx3-ubyte (or images-idx3-ubyte), with or "
            "without .gz"
        )
    published = any(find_idx(place, f"{prefix}images", "images") for prefix, _ in _PUBLISHED)
    pairs = read_pairs(place, _PUBLISHED if published else _PLAIN)
    labels, names = numbered(labels_of_pairs(pairs), [], location.shown)
    images = [pair.images for pair in pairs]
    return Rows(
        name=location.name,
        shape=(1, images[0].sizes[1], images[0].sizes[2]),
        class_names=names,
        labels=labels,
        splits=splits_of_pairs(pairs),
        stream=lambda: stream_idx(images),
        fingerprint=lambda: fingerprint_of_pairs(pairs, "idx"),
        by_class=not published,  # a pair of its own may be sorted by class
    )


def _place(location: Location) -> Place | None:
    """Where files with IDX names of the MNIST family lie; None where there are none."""
    stems = [(prefix + kind, kind) for prefix, _ in (*_PUBLISHED, *_PLAIN) for kind in _MAGIC]
    if any(find_idx(location.child, *stem) for stem in stems):
        return location.child
    begun = after(location)
    is_host = is_url(location.shown) and "/" not in location.shown.partition("://")[2].rstrip("/")
    return begun if not is_host and find_idx(begun, *stems[0]) else None


def after(location: Location) -> Place:
    """Files whose names begin as the location's does."""
    return lambda name: location.extended(f"-{name}")


def read_pairs(place: Place, parts: Sequence[tuple[str, int]]) -> list[IdxPair]:
    """The pairs of a set, each named by its prefix and of a split.

    Raises:
        RefusedInput: as `read_idx`.
    """
    pairs = [_pair(place, *part) for part in parts]
    _refuse_differing(pairs[0].images, pairs[-1].images)
    return pairs


def _pair(place: Place, prefix: str, split: int) -> IdxPair:
    images = _scan(_require(place, f"{prefix}images", "images"), "images")
    labels = _scan(_require(place, f"{prefix}labels", "labels"), "labels")
    if images.sizes[0] != labels.sizes[0]:
        raise RefusedInput(
            f"{images.location.shown!r} has {images.sizes[0]} images, but "
            f"{labels.location.shown!r} has {labels.sizes[0]} labels; they must be as many"
        )
    return IdxPair(images, labels, split)


def _refuse_differing(train: IdxFile, test: IdxFile) -> None:
    if train.sizes[1:] != test.sizes[1:]:
        raise RefusedInput(
            f"{test.location.shown!r}: images of {shape_text(test.sizes[1:])} pixels, but "
            f"{train.location.shown!r} has {shape_text(train.sizes[1:])}; they must be equal"
        )


def find_idx(place: Place, stem: str, kind: str) -> Location | None:
    """The file of images or labels that is called so, in any of the ways that are in use."""
    ending = f"idx{_DIMENSIONS[kind]}-ubyte"
    names = (f"{stem}-{ending}", f"{stem}.{ending}", stem)
    candidates = (place(name + gz) for name in names for gz in (".gz", ""))
    return next((file for file in candidates if file.is_file()), None)


def _require(place: Place, stem: str, kind: str) -> Location:
    file = find_idx(place, stem, kind)
    if file is None:
        raise RefusedInput(
            f"{place(f'{stem}-idx{_DIMENSIONS[kind]}-ubyte').shown!r} does not exist, with or "
            "without .gz"
        )
    return file


def _scan(location: Location, kind: str) -> IdxFile:
    dimensions = _DIMENSIONS[kind]
    digest = hashlib.sha256()
    with opened(location, _WHAT) as file:
        header = file.read(4 + 4 * dimensions)
        if len(header) < 4 + 4 * dimensions:
            raise RefusedInput(
                f"{location.shown!r} ends within its header: it is truncated; {AGAIN}"
            )
        magic, *sizes = struct.unpack(f">{1 + dimensions}I", header)
        if magic != _MAGIC[kind]:
            raise RefusedInput(
                f"{location.shown!r}: magic number (={magic}) must be {_MAGIC[kind]} for {kind}"
            )
        announced = int(np.prod(sizes, dtype=object))
        _refuse_large(sizes, location)
        digest.update(header)
        held = 0
        while held <= announced and (piece := file.read(1 << 20)):
            digest.update(piece)
            held += len(piece)
        beyond = " or more" if held > announced and file.read(1) else ""
    if not announced:
        raise RefusedInput(
            f"{location.shown!r}: its header announces {sizes}: no values; remove it"
        )
    if held != announced:
        raise RefusedInput(
            f"{location.shown!r}: its header announces {sizes} = {announced} bytes, but "
            f"{held}{beyond} follow; it is truncated or corrupt: {AGAIN}"
        )
    return IdxFile(location, tuple(sizes), digest.hexdigest())


def _refuse_large(sizes: list[int], location: Location) -> None:
    if sizes[0] > _MOST:
        raise RefusedInput(
            f"{location.shown!r}: its header announces {sizes[0]} images, more than {_MOST}; it is "
            "corrupt, or not for this"
        )
    if int(np.prod(sizes[1:], dtype=object)) > MAX_PIXELS:
        raise RefusedInput(
            f"{location.shown!r}: images of {shape_text(sizes[1:])} pixels, more than "
            f"{MAX_PIXELS}; it is corrupt, or not for this"
        )


def labels_of_pairs(pairs: list[IdxPair]) -> Int32[np.ndarray, "n"]:
    """The labels of all pairs, in order."""
    return np.concatenate([_labels(pair.labels) for pair in pairs]).astype(np.int32)


def splits_of_pairs(pairs: list[IdxPair]) -> UInt8[np.ndarray, "n"]:
    """The split of each image of all pairs."""
    counts = [pair.images.sizes[0] for pair in pairs]
    return np.repeat([pair.split for pair in pairs], counts).astype(np.uint8)


def _labels(file: IdxFile) -> UInt8[np.ndarray, "n"]:
    with opened(file.location, _WHAT) as unpacked:
        unpacked.read(file.header_bytes)
        return np.frombuffer(unpacked.read(file.sizes[0]), dtype=np.uint8)


def stream_idx(files: list[IdxFile]) -> Iterator[UInt8[np.ndarray, "_ 1 h w"]]:
    """The images of some files, in chunks."""
    for file in files:
        count, height, width = file.sizes
        rows = rows_per_chunk((height, width))
        with opened(file.location, _WHAT) as unpacked:
            unpacked.read(file.header_bytes)
            for start in range(0, count, rows):
                length = min(rows, count - start)
                pixels = unpacked.read(length * height * width)
                if len(pixels) < length * height * width:
                    raise RefusedInput(f"{file.location.shown!r} changed meanwhile; start again")
                yield np.frombuffer(pixels, dtype=np.uint8).reshape(length, 1, height, width)


def fingerprint_of_pairs(pairs: list[IdxPair], name: str) -> str:
    """SHA-256 of the files of a format of that name."""
    layout = [[pair.split, pair.images.sha256, pair.labels.sha256] for pair in pairs]
    return hashlib.sha256(canonical_json({"format": name, "parts": layout})).hexdigest()


FORMAT = Format(
    valid="a folder with the IDX files of MNIST",
    fits=lambda found: _place(found.location) is not None,
    read=lambda location, _: read_idx(location),
)
