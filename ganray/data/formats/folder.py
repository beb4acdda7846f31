"""Image folders: picture files in a folder for each class, as `layout` finds them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from ganray.data.formats.file_names import note_of_classes, note_of_masks, refuse_splits
from ganray.data.formats.folder_names import is_pictures
from ganray.data.formats.format import Format
from ganray.data.formats.layout import (
    ClassFolder,
    class_folders,
    unwrapped,
    without_annotations,
)
from ganray.data.formats.levels import only_source
from ganray.data.listing import Listing, list_below, refuse_packed
from ganray.data.location import PACKED, Location
from ganray.data.pictures.decoding import MAX_BYTES, SUFFIXES, is_picture
from ganray.data.pictures.encoded import Encoded
from ganray.data.rows import (
    SPLITS,
    TRAIN,
    Table,
    joined_notes,
    natural_order,
    split_words,
)
from ganray.errors import RefusedInput
from ganray.spec import canonical_json
from ganray.text.wording import short_list

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


def read_folder(root: Location, asked: Collection[str] = ()) -> Encoded:
    """Class folders of pictures; classes and files in natural order (2 before 10).

    Args:
        asked: names of folders that somebody has called classes.

    Raises:
        RefusedInput: for folders that may be splits or classes, or a class without pictures.
    """
    listed = list_below(root)
    if not listed.picture_folders:
        refuse_packed(listed)
    listing, left_out = without_annotations(listed)
    listing, gone_through = unwrapped(listing)
    layout = class_folders(listing, asked)
    images, strangers = images_in(listing, layout.folders)
    names = natural_order(sorted({image.class_name for image in images}))
    rank = {name: k for k, name in enumerate(names)}
    paths = [image.path for image in images]
    training = [image.path for image in images if image.split == TRAIN]
    by_names = note_of_classes(training) if layout.labels == "none" else ""
    noted = (left_out, gone_through, layout.notes, by_names, note_of_masks(paths))
    return Encoded(
        name=root.name,
        class_names=names,
        labels=np.asarray([rank[image.class_name] for image in images], dtype=np.int32),
        splits=np.asarray([image.split for image in images], dtype=np.uint8),
        items=_Files(listing.root, paths),
        chosen=np.arange(len(images)),
        strangers=strangers,
        root=f"{listing.root.shown.rstrip('/')}/",
        layout=_fingerprint,
        fingerprint=lambda: "",
        notes=joined_notes(*noted, _note_of_strays(listing, layout.folders), listing.note),
        told=layout.labels,
    )


def images_in(
    listing: Listing, folders: dict[str, ClassFolder]
) -> tuple[list[_Image], tuple[str, ...]]:
    """The pictures in some folders, and what else lies there, a line each.

    Raises:
        RefusedInput: a folder lies in one of them; or one holds no pictures, or one by links that
            is there already; or the files' names tell splits.
    """
    files: dict[str, list[str]] = {folder: [] for folder in folders}
    strangers = []
    for path, kind in listing.kinds.items():
        folder = path.rpartition("/")[0]
        if folder not in folders:
            continue
        if kind == "directory":
            raise RefusedInput(_said_of_folder(path, folder, listing))
        if is_picture(path):
            files[folder].append(path)
        elif folder:
            strangers.append(f"{listing.root.child(path).shown!r} is no picture by its name")
    for folder, paths in files.items():
        if not paths:
            raise RefusedInput(_no_images(listing, folder))
    images = [
        _Image(*folders[folder], path)
        for folder, paths in files.items()
        for path in natural_order(paths)
    ]
    refuse_splits([image.path for image in images], [one.split for one in images], listing.root)
    listing.refuse_twice([image.path for image in images])
    return images, tuple(natural_order(strangers))


def _said_of_folder(path: str, owner: str, listing: Listing) -> str:
    """One line on a folder in a class's, and what it may be there for."""
    shown, inside = listing.root.child(path).shown, listing.folders_in(owner)
    above, _, own = owner.rpartition("/")
    beside = [name for name in listing.folders_in(above) if name != own]
    if beside and {*beside} <= {*inside}:
        source = only_source([f"{above}/{name}".lstrip("/") for name in beside], listing)
        leaves = f", or leave it out by data.source={source!r}" if source else ""
        shown = listing.root.child(owner).shown
        return f"{shown!r} holds the folders beside it again; remove it{leaves}"
    said = f"{shown!r} is a folder where images of a class are expected"
    pictures = [name for name in inside if is_pictures(name)]
    pattern = "/".join(["*"] * (owner.count("/") + 1) + pictures)
    if len(pictures) == 1 and PACKED not in listing.root.fs.protocol:
        return (
            f"{said}; data.source={listing.root.child(pattern).shown!r} reads {pictures[0]}/ alone"
        )
    return f"{said}; name the folder that holds the class folders as data.source"


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


def _note_of_strays(listing: Listing, folders: dict[str, ClassFolder]) -> str:
    """What is said of pictures beside the class folders, and of folders in which no class is."""
    parents = [path.rpartition("/")[0] for path in listing.files if is_picture(path)]
    strays = Counter(parent for parent in parents if parent not in folders)
    used = {folder.split("/")[0] for folder in (*folders, *strays)}
    bare = [name for name in listing.folders_in("") if name not in used]
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
    read=lambda location, spec: read_folder(location, spec.named_classes),
)
