"""LSUN's LMDB (Yu and others, arXiv:1506.03365): a folder for each category, of pictures."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from ganray.data.decoding import JPEG_NOTE, MAX_BYTES, decode_image, is_jpeg
from ganray.data.fitting import AS_THEY_ARE, Reading, note_of_skipped
from ganray.data.formats.format import Format, Found
from ganray.data.formats.lmdb_index import Values, find_values
from ganray.data.location import Location
from ganray.data.rows import (
    TRAIN,
    Rows,
    class_name,
    joined_notes,
    natural_order,
    rows_per_chunk,
    shape_text,
    short_list,
    split_code,
)
from ganray.data.spec import UNLABELLED
from ganray.errors import RefusedInput
from ganray.spec import canonical_json

FILE = "data.mdb"
_FORMATS = ("JPEG", "PNG", "WEBP")
_WEBP_NOTE = "WebP-compressed images: pixels differ slightly from an uncompressed original."
_FOLDER = re.compile(r"(?P<category>.*?)((^|_)(?P<split>train|val|test))?(_lmdb)?", re.IGNORECASE)


@dataclass(frozen=True)
class _Category:
    """One `data.mdb`, its values in the order of their places in it."""

    file: Location
    name: str
    split: int
    values: Values

    def where(self, number: int) -> str:
        """What messages call a value."""
        return f"{self.file.shown!r}, value at byte {self.values.starts[number]}"


def read_lmdb(location: Location, reading: Reading = AS_THEY_ARE) -> Rows:
    """A folder with `data.mdb`, or one with such folders, whose names are the classes.

    `bedroom_train_lmdb` is of the class bedroom and its training split, `_val_lmdb` is held out.
    Images come in the order in which they lie in the file, so that it is read from its start to
    its end. Only one is decoded here, all where those that cannot be read are to be left out.

    Raises:
        RefusedInput: a file is damaged, or a folder empty.
    """
    folders, left_out = _folders(location)
    found = [_category(folder, alone=folder is location) for folder in folders]
    count = sum(len(one.values.starts) for one in found)
    found, skipped = _readable(found) if reading.skip else (found, [])
    found = [one for one in found if len(one.values.starts)]
    if not found:
        raise RefusedInput(f"{location.shown!r}: none of {count} images can be read")
    names = natural_order(sorted({one.name for one in found}))
    lengths = [len(one.values.starts) for one in found]
    first = next(_data(found[0]))
    shape = reading(decode_image(first, found[0].where(0), formats=_FORMATS)).shape
    return Rows(
        name=location.name,
        shape=shape,
        class_names=names if len(names) > 1 else [UNLABELLED],
        labels=np.repeat([names.index(one.name) for one in found], lengths).astype(np.int32),
        splits=np.repeat([one.split for one in found], lengths).astype(np.uint8),
        stream=lambda: _stream(found, shape, reading),
        fingerprint=lambda: _fingerprint(found, skipped),
        notes=joined_notes(
            JPEG_NOTE if is_jpeg(first) else _WEBP_NOTE if first[:4] == b"RIFF" else "",
            note_of_skipped(skipped, count),
            f"Left out, as no category: {short_list(left_out)}." if left_out else "",
        ),
        told="classes" if len(names) > 1 else "none",
    )


def _folders(location: Location) -> tuple[list[Location], list[str]]:
    """The folders of categories, and the names of those that are none (`test_lmdb`)."""
    if location.child(FILE).is_file():
        return [location], []
    names = [name for name, kind in location.children().items() if kind in ("directory", "link")]
    names = [name for name in natural_order(names) if location.child(name).child(FILE).is_file()]
    named = [name for name in names if _parts(name)[0]]
    if not named:
        raise RefusedInput(f"{location.shown!r} holds no folder of a category with {FILE} in it")
    return [location.child(name) for name in named], [name for name in names if name not in named]


def _parts(folder: str) -> tuple[str, int]:
    """Category and split by a folder's name."""
    match = _FOLDER.fullmatch(folder)
    assert match
    split = split_code(match["split"]) if match["split"] else TRAIN
    return match["category"], split or TRAIN


def _category(folder: Location, alone: bool) -> _Category:
    file = folder.child(FILE)
    values = find_values(file)
    if not len(values.starts):
        raise RefusedInput(f"{file.shown!r} holds no images; remove the category")
    if int(values.lengths.max()) > MAX_BYTES:
        raise RefusedInput(f"{file.shown!r} holds a value of {values.lengths.max()} bytes")
    name, split = _parts(folder.name)
    split = TRAIN if alone else split  # what is named alone is all there is
    return _Category(file, class_name(name or folder.name, repr(folder.shown)), split, values)


def _readable(found: list[_Category]) -> tuple[list[_Category], list[str]]:
    """The same without the values that cannot be decoded, and what those are called."""
    kept, skipped = [], []
    for one in found:
        readable = []
        for number, data in enumerate(_data(one)):
            try:
                decode_image(data, one.where(number), formats=_FORMATS)
            except RefusedInput:
                skipped.append(f"{one.name}, value at byte {one.values.starts[number]}")
                readable.append(False)
            else:
                readable.append(True)
        mask = np.asarray(readable, bool)
        values = Values(one.values.starts[mask], one.values.lengths[mask])
        kept.append(_Category(one.file, one.name, one.split, values))
    return kept, skipped


def _data(one: _Category) -> Iterator[bytes]:
    with one.file.open() as file:
        for start, length in zip(one.values.starts, one.values.lengths, strict=True):
            file.seek(int(start))
            yield file.read(int(length))


def _stream(
    found: list[_Category], shape: tuple[int, ...], reading: Reading
) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
    held: list[np.ndarray] = []
    for one in found:
        for number, data in enumerate(_data(one)):
            image = reading(decode_image(data, one.where(number), formats=_FORMATS))
            if image.shape != shape:
                raise RefusedInput(
                    f"{one.where(number)}: image of {shape_text(image.shape)} among images of "
                    f"{shape_text(shape)} (channels×height×width); set size or channels"
                )
            held.append(image)
            if len(held) == rows_per_chunk(shape):
                yield np.stack(held)
                held = []
    if held:
        yield np.stack(held)


def _fingerprint(found: list[_Category], skipped: list[str]) -> str:
    layout: dict[str, list[str]] = defaultdict(list)
    for one in found:
        layout[f"{one.split}/{one.name}"].append(one.file.sha256())
    content = {"format": "lmdb", "files": layout, "skipped": skipped}
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _fits(found: Found) -> bool:
    if found.has(FILE):
        return True
    return any(path.endswith(f"/{FILE}") and path.count("/") == 1 for path in found.listing.files)


FORMAT = Format(
    valid=f"a folder with LMDB's {FILE} of pictures, or one with such folders",
    fits=_fits,
    read=read_lmdb,
)
