"""Image folders: picture files in a folder for each class, as `layout` finds them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from ganray.data.formats.format import Format
from ganray.data.formats.layout import ClassFolder, class_folders, unwrapped
from ganray.data.listing import Listing, list_below, refuse_packed
from ganray.data.location import Location
from ganray.data.pictures.decoding import MAX_BYTES, SUFFIXES, is_picture
from ganray.data.pictures.encoded import Encoded
from ganray.data.rows import (
    SPLITS,
    Table,
    joined_notes,
    natural_order,
    split_code,
    split_words,
)
from ganray.errors import RefusedInput
from ganray.spec import canonical_json
from ganray.wording import short_list

_AT_ONCE = 64
"""Files that are asked for at once where each takes a journey: on object stores and the web."""


_TABLES = (".csv", ".tsv", ".jsonl", ".xlsx")
"""Ends of files that may tell classes of pictures, as `metadata.jsonl` does."""


@dataclass(frozen=True)
class _Image:
    split: int
    class_name: str
    path: str


@dataclass(frozen=True)
class _Files:
    """Picture files below a folder, as `Items`."""

    root: Location
    paths: Sequence[str]

    def said(self, item: int) -> str:
        return repr(self.root.child(self.paths[item]).shown)

    def bytes_of(self, chosen: Int64[np.ndarray, "n"]) -> Iterator[bytes | RefusedInput]:
        for start in range(0, len(chosen), _AT_ONCE):
            files = [self.root.child(self.paths[item]) for item in chosen[start : start + _AT_ONCE]]
            yield from self.root.read_several(files, MAX_BYTES)


def read_folder(root: Location) -> Encoded:
    """Class folders of pictures; classes and files in natural order (2 before 10).

    Raises:
        RefusedInput: for folders that may be splits or classes, or a class without pictures.
    """
    listed = list_below(root)
    if not any(map(is_picture, listed.files)):
        refuse_packed(listed)
    listing, gone_through = unwrapped(listed)
    layout = class_folders(listing)
    images, strangers = _images(listing, layout.folders)
    names = natural_order(sorted({image.class_name for image in images}))
    rank = {name: k for k, name in enumerate(names)}
    return Encoded(
        name=root.name,
        class_names=names,
        labels=np.asarray([rank[image.class_name] for image in images], dtype=np.int32),
        splits=np.asarray([image.split for image in images], dtype=np.uint8),
        items=_Files(listing.root, [image.path for image in images]),
        chosen=np.arange(len(images)),
        strangers=strangers,
        root=f"{listing.root.shown.rstrip('/')}/",
        layout=_fingerprint,
        fingerprint=lambda: "",
        notes=joined_notes(gone_through, _note_of_strays(listing, layout.folders), listing.note),
        told=layout.labels,
    )


def _images(
    listing: Listing, folders: dict[str, ClassFolder]
) -> tuple[list[_Image], tuple[str, ...]]:
    """The pictures in some folders, and what else lies there, a line each."""
    files: dict[str, list[str]] = {folder: [] for folder in folders}
    if "" in files:
        files[""] = [path for path in listing.files if is_picture(path)]
    depth, strangers = next(iter(folders)).count("/") + 1, []
    for path, kind in listing.kinds.items():
        folder = "/".join(path.split("/")[:depth])
        if folder not in files or path == folder:
            continue
        shown = listing.root.child(path).shown
        if kind == "directory":
            raise RefusedInput(
                f"{shown!r} is a folder where images of a class are expected; move its images up"
            )
        if is_picture(path):
            files[folder].append(path)
        else:
            strangers.append(f"{shown!r} is no picture by its name")
    for folder, paths in files.items():
        if not paths:
            raise RefusedInput(_no_images(listing, folder))
    images = [
        _Image(*folders[folder], path)
        for folder, paths in files.items()
        for path in natural_order(paths)
    ]
    _refuse_splits_in_file_names(images, listing.root)
    listing.refuse_twice([image.path for image in images])
    return images, tuple(natural_order(strangers))


def _no_images(listing: Listing, folder: str) -> str:
    """One line on a class without pictures, and what is there instead."""
    shown, others = listing.root.child(folder).shown, listing.files_in(folder)
    if not others:
        return f"{shown!r} holds no images; remove the class"
    named = repr(others[0]) + (f" (and {len(others) - 1:,} more)" if len(others) > 1 else "")
    return (
        f"{shown!r} holds no images, but {named}, no pictures by their names ("
        f"{' '.join(SUFFIXES)}); rename or convert them, or remove the class"
    )


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
    tables = [
        path
        for path in listing.files
        if path.lower().endswith(_TABLES) and not (path in unread and split_words(path))
    ]
    counted = [f"{count} in {name or listing.root.name}/" for name, count in strays.items()]
    return joined_notes(
        f"Images in no class folder are left out: {', '.join(counted)}." if counted else "",
        f"Left out, as no class folder is in it: {', '.join(bare)}." if bare else "",
        listing.note_of_unread(unread),
        f"Not read, as folders alone tell classes: {short_list(tables, 3)}." if tables else "",
    )


def _fingerprint(digests: Sequence[bytes], table: Table) -> str:
    digest = hashlib.sha256(b"folder")
    for content, split, label in zip(digests, table.splits, table.labels, strict=True):
        digest.update(canonical_json([SPLITS[split], table.class_names[label], content.hex()]))
    return digest.hexdigest()


FORMAT = Format(
    valid="a folder with class folders or with pictures",
    fits=lambda found: (
        "directory" in found.listing.kinds.values() or any(map(is_picture, found.listing.files))
    ),
    read=lambda location, _: read_folder(location),
)
