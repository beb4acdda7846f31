"""Image folders: PNG or JPEG files in a folder for each class, as `layout` finds them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from ganray.data.decoding import JPEG_NOTE, MAX_BYTES, SUFFIXES, decode_image, is_jpeg, is_picture
from ganray.data.fitting import AS_THEY_ARE, Reading, note_of_skipped
from ganray.data.formats.format import Format
from ganray.data.formats.layout import ClassFolder, class_folders
from ganray.data.listing import Listing, list_below
from ganray.data.location import Location
from ganray.data.rows import (
    SPLITS,
    Rows,
    joined_notes,
    natural_order,
    rows_per_chunk,
    shape_text,
    split_code,
    split_words,
)
from ganray.errors import RefusedInput
from ganray.spec import canonical_json
from ganray.wording import short_list


@dataclass(frozen=True)
class _Image:
    split: int
    class_name: str
    path: str


def read_folder(root: Location, reading: Reading = AS_THEY_ARE) -> Rows:
    """Class folders of PNG or JPEG images; classes and files in natural order (2 before 10).

    The first image of each class is decoded here, the others as they are streamed; all of them
    where those that cannot be read are to be left out.

    Raises:
        RefusedInput: for folders that may be splits or classes, other files among the images, a
            class without images, or images of differing shapes.
    """
    listing = list_below(root)
    layout = class_folders(listing)
    folders = layout.folders
    images = _images(listing, folders, reading.skip)
    count, skipped = len(images), _unreadable(root, images) if reading.skip else set()
    images = [image for image in images if image.path not in skipped]
    if not images:
        raise RefusedInput(f"{root.shown!r}: none of {count} images can be read")
    names = natural_order(sorted({image.class_name for image in images}))
    rank = {name: k for k, name in enumerate(names)}
    shape, note = _probe(root, images, reading)
    return Rows(
        name=root.name,
        shape=shape,
        class_names=names,
        labels=np.asarray([rank[image.class_name] for image in images], dtype=np.int32),
        splits=np.asarray([image.split for image in images], dtype=np.uint8),
        stream=lambda: _stream(root, images, shape, reading),
        fingerprint=lambda: _fingerprint(root, images),
        notes=joined_notes(
            note,
            note_of_skipped(natural_order(sorted(skipped)), count),
            _note_of_strays(listing, folders),
            listing.note,
        ),
        told=layout.labels,
    )


def _unreadable(root: Location, images: list[_Image]) -> set[str]:
    """The paths of pictures that cannot be decoded."""
    found = set()
    for path in (image.path for image in images):
        file = root.child(path)
        try:
            decode_image(file.read(MAX_BYTES), repr(file.shown))
        except RefusedInput:
            found.add(path)
    return found


def _images(listing: Listing, folders: dict[str, ClassFolder], skip: bool) -> list[_Image]:
    files: dict[str, list[str]] = {folder: [] for folder in folders}
    if "" in files:
        files[""] = [path for path in listing.files if is_picture(path)]
    depth = next(iter(folders)).count("/") + 1
    for path in listing.kinds:
        folder = "/".join(path.split("/")[:depth])
        if folder in files and path != folder:
            files[folder].append(path if skip else _image_path(path, listing))
    for folder, paths in files.items():
        if not paths:
            raise RefusedInput(
                f"{listing.root.child(folder).shown!r} holds no images; remove the class"
            )
    images = [
        _Image(*folders[folder], path)
        for folder, paths in files.items()
        for path in natural_order(paths)
    ]
    _refuse_splits_in_file_names(images, listing.root)
    listing.refuse_twice([image.path for image in images])
    return images


def _image_path(path: str, listing: Listing) -> str:
    shown = listing.root.child(path).shown
    if listing.kinds[path] == "directory":
        (first, *others) = listing.folders_in("")
        hint = "" if others else f"; was {listing.root.child(first).shown!r} meant?"
        raise RefusedInput(f"{shown!r} is a folder where images of a class are expected{hint}")
    if not is_picture(path):
        raise RefusedInput(f"{shown!r} is no image; a class folder holds {', '.join(SUFFIXES)}")
    return path


def _refuse_splits_in_file_names(images: list[_Image], root: Location) -> None:
    """Where no folder names a split, but each file does, the split would be lost."""
    words = [split_words(image.path.rsplit("/", 1)[-1])[:1] for image in images]
    named = sorted({word[0] for word in words if word})
    is_told = all(words) and len({split_code(word) for word in named}) > 1
    if is_told and not any(image.split for image in images):
        raise RefusedInput(
            f"{root.shown!r}: the files' names tell splits ({short_list(named)}), which are not "
            f"read there; put the files into train/<class>/ and test/<class>/"
        )


def _note_of_strays(listing: Listing, folders: dict[str, ClassFolder]) -> str:
    """What is said of pictures beside the class folders, and of folders in which no class is."""
    parents = [path.rpartition("/")[0] for path in listing.files if is_picture(path)]
    strays = Counter(parent for parent in parents if parent not in folders)
    used = {folder.split("/")[0] for folder in folders}
    bare = [name for name in listing.folders_in("") if name not in used and name not in strays]
    unread = [path for path in listing.files if "/" not in path and not is_picture(path)]
    counted = [f"{count} in {name or listing.root.name}/" for name, count in strays.items()]
    return joined_notes(
        f"Images in no class folder are left out: {', '.join(counted)}." if counted else "",
        f"Left out, as no class folder is in it: {', '.join(bare)}." if bare else "",
        listing.note_of_unread(unread),
    )


def _probe(
    root: Location, images: list[_Image], reading: Reading
) -> tuple[tuple[int, int, int], str]:
    firsts = {(image.split, image.class_name): image for image in reversed(images)}
    data = {image.path: root.child(image.path).read(MAX_BYTES) for image in firsts.values()}
    first = images[0].path
    shape = reading(decode_image(data[first], repr(root.child(first).shown))).shape
    for path, content in data.items():
        _decoded(content, root.child(path), shape, reading)
    return shape, JPEG_NOTE if any(map(is_jpeg, data.values())) else ""


def _decoded(
    data: bytes, file: Location, shape: tuple[int, ...], reading: Reading
) -> UInt8[np.ndarray, "c h w"]:
    pixels = reading(decode_image(data, repr(file.shown)))
    if pixels.shape != shape:
        raise RefusedInput(
            f"{file.shown!r}: image of {shape_text(pixels.shape)} among images of "
            f"{shape_text(shape)} (channels×height×width); set {_setting(pixels.shape, shape)}, "
            "or make them equal"
        )
    return pixels


def _setting(one: tuple[int, ...], other: tuple[int, ...]) -> str:
    """What would bring pictures of two shapes to one."""
    named = ["channels"] if one[0] != other[0] else []
    return " and ".join([*(["size"] if one[1:] != other[1:] else []), *named])


def _stream(
    root: Location, images: list[_Image], shape: tuple[int, int, int], reading: Reading
) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
    rows = rows_per_chunk(shape)
    for start in range(0, len(images), rows):
        files = [root.child(image.path) for image in images[start : start + rows]]
        yield np.stack([_decoded(file.read(MAX_BYTES), file, shape, reading) for file in files])


def _fingerprint(root: Location, images: list[_Image]) -> str:
    digest = hashlib.sha256(b"folder")
    for image in images:
        content = root.child(image.path).sha256()
        digest.update(canonical_json([SPLITS[image.split], image.class_name, content]))
    return digest.hexdigest()


FORMAT = Format(
    valid="a folder with class folders or with pictures",
    fits=lambda found: (
        "directory" in found.listing.kinds.values() or any(map(is_picture, found.listing.files))
    ),
    read=read_folder,
)
