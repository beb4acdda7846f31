"""Street View House Numbers as published (ufldl.stanford.edu/housenumbers): cropped digits in .mat.

`X` is height×width×3×n, and `y` has a label for each, of which 10 is the digit 0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32, UInt8

from ganray.data.formats.containers.matlab import Variable, variables
from ganray.data.formats.containers.matlab_hdf5 import arrays, is_hdf5
from ganray.data.formats.format import Format
from ganray.data.location import Location
from ganray.data.pictures.decoding import MAX_PIXELS
from ganray.data.rows import TEST, TRAIN, Rows, numbered, rows_per_chunk, shape_text
from ganray.errors import RefusedInput
from ganray.spec import canonical_json
from ganray.text.wording import AGAIN, short_list

_PARTS = (("train_32x32.mat", TRAIN), ("test_32x32.mat", TEST))
_EXTRA = "extra_32x32.mat"
_LEFT_OUT = "extra_32x32.mat, 531,131 further images of easier digits, is left out."
_MOST = 1 << 24  # images, whose labels are held


@dataclass(frozen=True)
class _Part:
    location: Location
    split: int
    size: tuple[int, int]
    labels: Int32[np.ndarray, "n"]
    stream: Callable[[], Iterator[UInt8[np.ndarray, "_ 3 h w"]]]


def read_svhn(folder: Location) -> Rows:
    """`train_32x32.mat` and, where it is there, `test_32x32.mat`; images are streamed.

    Raises:
        RefusedInput: a file is missing or damaged, or has other variables than X and y.
    """
    there = [folder.child(name).is_file() for name, _ in _PARTS]
    files = [part for part, is_there in zip(_PARTS, there, strict=True) if is_there or part[1] == 0]
    parts = [_part(folder.child(name), split) for name, split in files]
    first, last = parts[0], parts[-1]
    if first.size != last.size:
        raise RefusedInput(
            f"{last.location.shown!r}: images of {shape_text(last.size)} pixels, but "
            f"{first.location.shown!r} has {shape_text(first.size)}; they must be equal"
        )
    values = np.concatenate([part.labels for part in parts])
    labels, names = numbered(values, [], folder.shown)
    return Rows(
        name=folder.name,
        shape=(3, *first.size),
        class_names=names,
        labels=labels,
        splits=np.repeat(
            [part.split for part in parts], [len(part.labels) for part in parts]
        ).astype(np.uint8),
        stream=lambda: (images for part in parts for images in part.stream()),
        fingerprint=lambda: _fingerprint(parts),
        by_class=False,
        notes=_LEFT_OUT if folder.child(_EXTRA).is_file() else "",
    )


def _part(location: Location, split: int) -> _Part:
    read = _read_hdf5 if is_hdf5(location) else _read_v5
    size, count, values, stream = read(location)
    where = repr(location.shown)
    if len(values) != count or not count:
        raise RefusedInput(
            f"{where} has {count} images, but {len(values)} labels; they must be as many"
        )
    known = np.isin(values, np.arange(11))
    if not known.all():
        strange = [f"{value:g}" for value in np.unique(values[~known])]
        raise RefusedInput(f"{where}: labels (={short_list(strange)}) must be 1 … 10")
    return _Part(location, split, size, (values.astype(np.int32) % 10), stream)


def _checked(
    shape: tuple[int, ...], is_uint8: bool, labels: tuple[int, ...], location: Location
) -> tuple[int, int, int]:
    """Height, width and number of images, by the sizes of X and y as MATLAB has them."""
    where = repr(location.shown)
    height, width, channels, count = (*shape, 1)[:4] if len(shape) in (3, 4) else (0, 0, 0, 0)
    if channels != 3 or not is_uint8 or not 0 < height * width <= MAX_PIXELS:
        raise RefusedInput(
            f"{where}: 'X' ({shape_text(shape)}) must be height×width×3×images of uint8"
        )
    if max(labels, default=0) > _MOST or sum(side > 1 for side in labels) > 1:
        raise RefusedInput(
            f"{where}: 'y' ({shape_text(labels)}) must hold a label for each image, {_MOST} at most"
        )
    return height, width, count


def _read_v5(location: Location) -> tuple:
    found = variables(location)
    if not {"X", "y"} <= set(found):
        raise RefusedInput(
            f"{location.shown!r} lacks the variables X and y; it has {short_list(sorted(found))}"
        )
    pixels, labels = found["X"], found["y"]
    is_uint8 = pixels.kind[1:] == "u1"
    height, width, count = _checked(pixels.shape, is_uint8, labels.shape, location)
    if not labels.kind:
        raise RefusedInput(f"{location.shown!r}: 'y' must hold numbers")
    dtype = np.dtype(labels.kind)
    needed = int(np.prod(labels.shape)) * dtype.itemsize
    with labels.values() as stream:
        data = stream.read(needed)
    if len(data) < needed:
        raise RefusedInput(
            f"{location.shown!r}: 'y' ends after {len(data)} of {needed} bytes; {AGAIN}"
        )
    values = np.frombuffer(data, dtype).astype(np.float64)
    return (height, width), count, values, lambda: _stream_v5(pixels, count, (3, width, height))


def _stream_v5(
    pixels: Variable, count: int, turned: tuple[int, int, int]
) -> Iterator[UInt8[np.ndarray, "_ 3 h w"]]:
    step = rows_per_chunk(turned)
    with pixels.values() as stream:
        for start in range(0, count, step):
            length = min(step, count - start)
            data = stream.read(length * int(np.prod(turned)))
            if len(data) < length * int(np.prod(turned)):
                raise RefusedInput(
                    f"{pixels.location.shown!r}: 'X' ends within image {start + length}; it is "
                    f"truncated; {AGAIN}"
                )
            images = np.frombuffer(data, np.uint8).reshape(length, *turned)
            yield np.ascontiguousarray(images.transpose(0, 1, 3, 2))


def _read_hdf5(location: Location) -> tuple:
    with arrays(location) as found:
        if not {"X", "y"} <= set(found):
            raise RefusedInput(
                f"{location.shown!r} lacks the variables X and y; it has "
                f"{short_list([repr(name) for name in sorted(found)])}"
            )
        pixels, labels = found["X"], found["y"]
        if labels.dtype.kind not in "iuf":
            raise RefusedInput(f"{location.shown!r}: 'y' must hold numbers")
        height, width, count = _checked(
            pixels.shape[::-1], pixels.dtype == np.uint8, labels.shape, location
        )
        values = np.asarray(labels[()], np.float64).reshape(-1)
    return (height, width), count, values, lambda: _stream_hdf5(location, count, (3, width, height))


def _stream_hdf5(
    location: Location, count: int, turned: tuple[int, int, int]
) -> Iterator[UInt8[np.ndarray, "_ 3 h w"]]:
    step = rows_per_chunk(turned)
    with arrays(location) as found:
        for start in range(0, count, step):
            images = found["X"][start : start + step].reshape(-1, *turned)
            yield np.ascontiguousarray(images.transpose(0, 1, 3, 2))


def _fingerprint(parts: list[_Part]) -> str:
    layout = [[part.split, part.location.sha256()] for part in parts]
    return hashlib.sha256(canonical_json({"format": "svhn", "files": layout})).hexdigest()


FORMAT = Format(
    valid=f"a folder with SVHN's {_PARTS[0][0]}",
    fits=lambda found: any(found.has(name) for name, _ in _PARTS),
    read=lambda location, _: read_svhn(location),
)
