"""NumPy's .npz as image sets are published in it: MedMNIST, Keras, KMNIST and others.

An array's name, or where that is `arr_0` its file's, says what it holds and of which split:
`train_images`, `x_test`, `k49-train-labels.npz`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32

from ganray.data.formats.containers.npz_members import Member, members
from ganray.data.formats.containers.pixel_arrays import image_shape, stream_images
from ganray.data.formats.format import Format, Found
from ganray.data.location import Location
from ganray.data.pictures.decoding import is_picture
from ganray.data.rows import (
    TRAIN,
    Rows,
    numbered,
    shape_text,
    split_code,
    split_words,
    words_of,
)
from ganray.data.spec import SPLITS, UNLABELLED
from ganray.errors import RefusedInput
from ganray.spec import canonical_json
from ganray.text.wording import short_list

SUFFIX = ".npz"
_IMAGES = {"images", "image", "imgs", "img", "x", "data", "pixels"}
_LABELS = {"labels", "label", "y", "targets", "target", "classes"}
_UNNAMED = ("arr_0", "arr_1")  # as numpy.savez calls arrays that are given without names
_LARGEST_LABELS = 256 << 20  # bytes, which are held


@dataclass(frozen=True)
class _Part:
    split: int
    images: Member
    labels: Member | None


def read_npz(location: Location) -> Rows:
    """A file with all arrays of a set, or a folder with its files.

    Labels are read; images are only measured by their headers, and streamed.

    Raises:
        RefusedInput: an array lacks its counterpart, is there twice, or is of a shape or type that
            is not images' or labels'.
    """
    files = _files(location)
    parts, others = _parts([one for file in files for one in members(file)], location)
    shapes = {part.images.where: image_shape(part.images) for part in parts}
    shape = next(iter(shapes.values()))
    for where, other in shapes.items():
        if other != shape:
            raise RefusedInput(
                f"{where}: images of {shape_text(other)}, but others are {shape_text(shape)} "
                "(channels×height×width); they must be equal"
            )
    labels, names = _labels(parts, location)
    return Rows(
        name=location.name.removesuffix(SUFFIX),
        shape=shape,
        class_names=names,
        labels=labels,
        splits=np.repeat(
            [part.split for part in parts], [part.images.shape[0] for part in parts]
        ).astype(np.uint8),
        stream=lambda: (chunk for part in parts for chunk in stream_images(part.images)),
        fingerprint=lambda: _fingerprint(parts),
        by_class=len(parts) == 1,  # an array of its own may be sorted by class
        notes=f"Arrays that are neither images nor labels are left out: {short_list(others)}."
        if others
        else "",
        told="classes" if parts[0].labels else "none",
    )


def _files(location: Location) -> list[Location]:
    if location.name.lower().endswith(SUFFIX):
        return [location]
    names = [name for name in location.children() if _is_npz(name)]
    if not names:
        raise RefusedInput(f"{location.shown!r} holds no {SUFFIX} files")
    return [location.child(name) for name in names]


def _is_npz(path: str) -> bool:
    return path.lower().endswith(SUFFIX) and "/" not in path and not path.startswith(".")


def _parts(found: list[Member], location: Location) -> tuple[list[_Part], list[str]]:
    """The splits of a set, training first, and the names of what is in none."""
    kinds: dict[tuple[int, str], Member] = {}
    others = []
    for one in found:
        kind = _kind(one)
        if not kind:
            others.append(one.name if one.name.isprintable() else repr(one.name))
            continue
        key = (_split(one, location), kind)
        if first := kinds.get(key):
            raise RefusedInput(
                f"{location.shown!r} holds {kind} of {SPLITS[key[0]]} twice: {first.where}, and "
                f"{one.where}; name one file, or remove one"
            )
        kinds[key] = one
    parts = [
        _Part(split, images, kinds.get((split, "labels")))
        for (split, kind), images in sorted(kinds.items(), key=lambda item: item[0])
        if kind == "images"
    ]
    _refuse_halves(parts, kinds, location)
    return parts, others


def _kind(one: Member) -> str:
    """What an array holds: "images", "labels" or neither."""
    words = _words(one.location.name if one.name == _UNNAMED[0] else one.name)
    is_images, is_labels = bool(words & _IMAGES), bool(words & _LABELS)
    if is_images != is_labels:
        return "images" if is_images else "labels"
    return dict(zip(_UNNAMED, ("images", "labels"), strict=True)).get(one.name, "")


def _words(name: str) -> set[str]:
    return {word for word in words_of(name.removesuffix(SUFFIX)) if split_code(word) is None}


def _split(one: Member, source: Location) -> int:
    """By the array's name, or its file's, unless that file alone is the source."""
    names = [one.name] if one.location is source else [one.name, one.location.name]
    for name in names:
        if words := split_words(name):
            return split_code(words[0]) or TRAIN
    return TRAIN


def _refuse_halves(
    parts: list[_Part], kinds: dict[tuple[int, str], Member], location: Location
) -> None:
    bare = [one for key, one in kinds.items() if (key[0], "images") not in kinds]
    unlabelled = [part for part in parts if part.labels is None]
    if not parts:
        raise RefusedInput(
            f"{location.shown!r} holds no array of images; valid: arrays such as train_images and "
            "train_labels, x_train and y_train, images and labels"
        )
    if bare:
        raise RefusedInput(
            f"{bare[0].where} has labels, but there are no images to them; save them, too"
        )
    if 0 < len(unlabelled) < len(parts):
        raise RefusedInput(
            f"{unlabelled[0].images.where} has no labels, but the images of other splits have; "
            "save those of all, or of none"
        )


def _labels(parts: list[_Part], location: Location) -> tuple[Int32[np.ndarray, "n"], list[str]]:
    count = sum(part.images.shape[0] for part in parts)
    if parts[0].labels is None:
        return np.zeros(count, np.int32), [UNLABELLED]
    labels = np.concatenate([_labels_of(part.images, part.labels) for part in parts if part.labels])
    return numbered(labels, [], location.shown)


def _labels_of(images: Member, labels: Member) -> np.ndarray:
    several = [side for side in labels.shape[1:] if side != 1]
    if several:
        raise RefusedInput(
            f"{labels.where} ({shape_text(labels.shape)}) has several labels for each image, but "
            "every image is of one class; choose a column, or numpy.argmax where one of each row "
            "is 1"
        )
    if labels.dtype.kind not in "iu":
        raise RefusedInput(f"{labels.where} holds {labels.dtype}; labels are whole numbers")
    if labels.shape[:1] != images.shape[:1] or labels.size > _LARGEST_LABELS:
        raise RefusedInput(
            f"{labels.where} is {shape_text(labels.shape)}, but {images.where} has "
            f"{images.shape[0]} images; as many labels are needed, of {_LARGEST_LABELS} bytes at "
            "most"
        )
    return np.concatenate([rows.reshape(-1).astype(np.int64) for rows in labels.rows(1 << 20)])


def _fingerprint(parts: list[_Part]) -> str:
    files = {one.location.shown: one.location for part in parts
             for one in (part.images, part.labels) if one}  # fmt: skip
    sums = {shown: file.sha256() for shown, file in files.items()}
    layout = [
        [part.split, *([sums[one.location.shown], one.name] for one in (part.images, part.labels)
                       if one)]
        for part in parts
    ]  # fmt: skip
    return hashlib.sha256(canonical_json({"format": "npz", "parts": layout})).hexdigest()


def _fits(found: Found) -> bool:
    files = found.listing.files
    return any(map(_is_npz, files)) and not any(map(is_picture, files))


FORMAT = Format(
    valid="an .npz file, or a folder with some",
    fits=_fits,
    read=lambda location, _: read_npz(location),
    suffixes=(SUFFIX,),
)
