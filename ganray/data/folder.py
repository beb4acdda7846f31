"""Image folders: `<class>/*.png|jpg`, `train/<class>/…` and `test/<class>/…`, or CycleGAN's.

The sets of CycleGAN (monet2photo, summer2winter) are two classes in `trainA`, `trainB`, `testA`
and `testB`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from ganray.data.decoding import JPEG_NOTE, SUFFIXES, decode_image, is_jpeg
from ganray.data.location import Location
from ganray.data.rows import (
    SPLITS,
    TRAIN,
    Rows,
    natural_order,
    rows_per_chunk,
    shape_text,
    split_code,
)
from ganray.errors import RefusedInput
from ganray.spec import canonical_json

_CYCLEGAN = re.compile("(train|test)[AB]")


@dataclass(frozen=True)
class _Image:
    split: int
    class_name: str
    path: str


def read_folder(root: Location) -> Rows:
    """Class folders of PNG or JPEG images; classes and files in natural order (2 before 10).

    The first image of each class is decoded here, the others as they are streamed.

    Raises:
        RefusedInput: for other files among the images, a class without images, or images of
            differing shapes.
    """
    contents = root.contents()
    images = _images(contents, root)
    names = natural_order(sorted({image.class_name for image in images}))
    rank = {name: k for k, name in enumerate(names)}
    shape, note = _probe(root, images)
    return Rows(
        name=root.name,
        shape=shape,
        class_names=names,
        labels=np.asarray([rank[image.class_name] for image in images], dtype=np.int32),
        splits=np.asarray([image.split for image in images], dtype=np.uint8),
        stream=lambda: _stream(root, images, shape),
        fingerprint=lambda: _fingerprint(root, images),
        notes=note,
    )


def _images(contents: dict[str, str], root: Location) -> list[_Image]:
    folders = _class_folders(contents)
    if not folders:
        raise RefusedInput(
            f"{root.shown!r} has no class folders of images; valid: <class>/*.png|jpg, or "
            f"train/<class>/… and test/<class>/…"
        )
    depth = next(iter(folders)).count("/") + 1
    files: dict[str, list[str]] = {folder: [] for folder in folders}
    for path in filter(_is_seen, contents):
        folder = "/".join(path.split("/")[:depth])
        if folder in files and path != folder:
            files[folder].append(_image_path(path, root))
    for folder, paths in files.items():
        if not paths:
            raise RefusedInput(f"{root.child(folder).shown!r} holds no images; remove the class")
    return [
        _Image(*folders[folder], path)
        for folder, paths in files.items()
        for path in natural_order(paths)
    ]


def _class_folders(contents: dict[str, str]) -> dict[str, tuple[int, str]]:
    """Path → (split, class name) of the folders that hold the images, in natural order."""
    found = [path for path, kind in contents.items() if kind == "directory" and _is_seen(path)]
    folders = natural_order(found)
    top = [path for path in folders if "/" not in path]
    if top and all(_CYCLEGAN.fullmatch(name) for name in top):
        return {path: (split_code(path[:-1]) or TRAIN, path[-1]) for path in top}
    if top and all(split_code(name) is not None for name in top):
        below = [path.split("/") for path in folders if path.count("/") == 1]
        return {f"{top}/{name}": (split_code(top) or TRAIN, name) for top, name in below}
    return {path: (TRAIN, path) for path in top}


def _is_seen(path: str) -> bool:
    return not any(part.startswith(".") for part in path.split("/"))


def _image_path(path: str, root: Location) -> str:
    if not path.lower().endswith(SUFFIXES):
        raise RefusedInput(
            f"{root.child(path).shown!r} is no image; a class folder holds {', '.join(SUFFIXES)}"
        )
    return path


def _probe(root: Location, images: list[_Image]) -> tuple[tuple[int, int, int], str]:
    firsts = {(image.split, image.class_name): image for image in reversed(images)}
    data = {image.path: root.child(image.path).read() for image in firsts.values()}
    shape = decode_image(data[images[0].path], images[0].path).shape
    for path, content in data.items():
        _decoded(content, root.child(path), shape)
    return shape, JPEG_NOTE if any(map(is_jpeg, data.values())) else ""


def _decoded(data: bytes, file: Location, shape: tuple[int, ...]) -> UInt8[np.ndarray, "c h w"]:
    pixels = decode_image(data, repr(file.shown))
    if pixels.shape != shape:
        raise RefusedInput(
            f"{file.shown!r}: image of {shape_text(pixels.shape)} among images of "
            f"{shape_text(shape)} (channels×height×width); they must be equal"
        )
    return pixels


def _stream(
    root: Location, images: list[_Image], shape: tuple[int, int, int]
) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
    rows = rows_per_chunk(shape)
    for start in range(0, len(images), rows):
        files = [root.child(image.path) for image in images[start : start + rows]]
        yield np.stack([_decoded(file.read(), file, shape) for file in files])


def _fingerprint(root: Location, images: list[_Image]) -> str:
    digest = hashlib.sha256(b"folder")
    for image in images:
        content = root.child(image.path).sha256()
        digest.update(canonical_json([SPLITS[image.split], image.class_name, content]))
    return digest.hexdigest()
