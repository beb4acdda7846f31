"""EMNIST as published (nist.gov/itl/products-and-services/emnist-dataset): IDX, images transposed.

Cohen and others, "EMNIST: an extension of MNIST to handwritten letters" (arXiv:1702.05373).
"""

from __future__ import annotations

import string
from collections.abc import Iterator

import numpy as np
from jaxtyping import Int32, UInt8

from ganray.data.formats.format import Format, Found
from ganray.data.formats.idx import (
    IdxFile,
    Place,
    after,
    find_idx,
    fingerprint_of_pairs,
    labels_of_pairs,
    read_pairs,
    splits_of_pairs,
    stream_idx,
)
from ganray.data.location import Location
from ganray.data.rows import TEST, TRAIN, Rows, class_name, joined_notes, numbered
from ganray.errors import RefusedInput
from ganray.text.wording import short_list

_PARTS = (("train-", TRAIN), ("test-", TEST))
_UPPER, _LOWER = string.ascii_uppercase, string.ascii_lowercase
_MERGED = string.digits + _UPPER + "abdefghnqrt"  # the other letters look alike in both cases
_NAMES = {
    "balanced": dict(enumerate(_MERGED)),
    "byclass": dict(enumerate(string.digits + _UPPER + _LOWER)),
    "bymerge": dict(enumerate(_MERGED)),
    "digits": dict(enumerate(string.digits)),
    "letters": dict(enumerate(_UPPER, start=1)),
    "mnist": dict(enumerate(string.digits)),
}
"""Of each variant what a label stands for, as its mapping.txt has it."""
_BOTH_CASES = "Each class of letters has capital and small ones."
_UPRIGHT = "EMNIST's files hold every image transposed; here all are turned upright."
_LONGEST = 1 << 14  # bytes of a mapping


def read_emnist(location: Location) -> Rows:
    """One variant: a folder in which it is alone, or `folder/emnist-letters`.

    Raises:
        RefusedInput: several variants are there, or the files are damaged.
    """
    places = _variants(location)
    if not places:
        raise RefusedInput(
            f"{location.shown!r} lacks emnist-letters-train-images-idx3-ubyte (or that of another "
            "variant), with or without .gz"
        )
    if len(places) > 1:
        several = [f"{location.child(f'emnist-{name}').shown}" for name in places]
        raise RefusedInput(
            f"{location.shown!r} holds {len(places)} variants of EMNIST, each a set of its own; "
            f"name one: {short_list(several)}"
        )
    ((variant, place),) = places.items()
    pairs = read_pairs(place, _PARTS)
    names = _mapping(place("mapping.txt")) or _NAMES[variant]
    images = [pair.images for pair in pairs]
    labels, known = _known(labels_of_pairs(pairs), names, repr(pairs[0].labels.location.shown))
    return Rows(
        name=f"emnist-{variant}",
        shape=(1, images[0].sizes[2], images[0].sizes[1]),
        class_names=known,
        labels=labels,
        splits=splits_of_pairs(pairs),
        stream=lambda: _upright(images),
        fingerprint=lambda: fingerprint_of_pairs(pairs, "emnist"),
        by_class=False,
        notes=joined_notes(_UPRIGHT, _BOTH_CASES if variant == "letters" else ""),
    )


def _variants(location: Location) -> dict[str, Place]:
    """The variants that lie in a folder, or the one whose files' names begin so."""
    variant = location.name.removeprefix("emnist-")
    begun = after(location)
    if variant in _NAMES and variant != location.name and find_idx(begun, "train-images", "images"):
        return {variant: begun}
    inside = {name: after(location.child(f"emnist-{name}")) for name in _NAMES}
    return {name: at for name, at in inside.items() if find_idx(at, "train-images", "images")}


def _fits(found: Found) -> bool:
    names = [f"emnist-{name}-train-images-idx3-ubyte" for name in _NAMES]
    inside = any(found.has(name + gz) for name in names for gz in (".gz", ""))
    return inside or bool(found.location.name.startswith("emnist-") and _variants(found.location))


def _mapping(file: Location) -> dict[int, str]:
    """label → character, by a file of lines "1 65 97": the label, the code of its character (and
    of a small letter in the same class, for which the capital one stands)."""
    if not file.is_file():
        return {}
    names: dict[int, str] = {}
    for number, line in enumerate(_text(file).splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        whole = all(word.isdecimal() and len(word) < 5 for word in words[:4])
        if len(words) < 2 or not whole or int(words[0]) in names:
            raise RefusedInput(
                f"{file.shown!r}, line {number} (={line[:40]!r}) must be a label and the codes of "
                "its characters, such as 1 65 97"
            )
        names[int(words[0])] = class_name(chr(int(words[1])), repr(file.shown))
    return dict(sorted(names.items()))


def _text(file: Location) -> str:
    with file.open() as opened:
        return opened.read(_LONGEST).decode("latin-1")


def _known(
    labels: Int32[np.ndarray, "n"], names: dict[int, str], where: str
) -> tuple[Int32[np.ndarray, "n"], list[str]]:
    """Labels as 0 … k-1 in the order of the mapping; those of letters begin with 1."""
    known = np.asarray(list(names))
    strange = sorted(set(np.unique(labels).tolist()) - set(names))
    if strange:
        raise RefusedInput(
            f"{where}: labels (={short_list(strange)}) are not in the mapping, which has "
            f"{known.min()} … {known.max()}"
        )
    return numbered(np.searchsorted(known, labels), list(names.values()), where)


def _upright(files: list[IdxFile]) -> Iterator[UInt8[np.ndarray, "_ 1 w h"]]:
    for images in stream_idx(files):
        yield np.ascontiguousarray(images.transpose(0, 1, 3, 2))


FORMAT = Format(
    valid="a folder with EMNIST's IDX files",
    fits=_fits,
    read=lambda location, _: read_emnist(location),
)
