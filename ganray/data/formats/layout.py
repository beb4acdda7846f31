"""Which folders hold which class and split: `<class>/`, `train/<class>/`, or CycleGAN's.

The sets of CycleGAN (monet2photo, summer2winter) are two domains in `trainA`, `trainB`, `testA` and
`testB`. Pictures in no class folder, alone or in `train/` and `test/`, are a set without labels.
Whether a folder is a split or a class its name says beside the others' (`levels`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from ganray.data.formats.folder_names import Kind, all_splits, called, is_pictures
from ganray.data.formats.levels import judged
from ganray.data.listing import Listing
from ganray.data.pictures.decoding import is_picture
from ganray.data.rows import (
    TRAIN,
    class_name,
    is_class_name,
    joined_notes,
    refuse_equal_names,
    split_code,
)
from ganray.data.spec import UNLABELLED, Labels
from ganray.errors import RefusedInput
from ganray.text.wording import short_list

NAMES_FILE = "class_names.json"
"""Beside the class folders that `ganray sample` writes: `{"class_names": {folder: name}}`."""
_MOST_BYTES = 1 << 24
_CYCLEGAN = re.compile("(train|test|val)[AB]", re.IGNORECASE)


class ClassFolder(NamedTuple):
    """What the images in one folder are: their split, as an index into `SPLITS`, and class."""

    split: int
    class_name: str


@dataclass(frozen=True)
class Layout:
    """The folders that hold the images, by their paths ("" is the root), in natural order.

    Attributes:
        through: those that are the only one in their folder, which is the split's or the class's.
    """

    folders: dict[str, ClassFolder]
    labels: Labels
    notes: str = ""
    through: tuple[str, ...] = ()


def unwrapped(listing: Listing) -> tuple[Listing, str]:
    """What is in the one folder that an archive was unpacked in; and what is to be noted.

    A folder that holds pictures is none, but a class; unless it is called `images` or the like.
    """
    through = ""
    while True:
        top = listing.folders_in("")
        if len(top) != 1 or listing.has_pictures_in(""):
            break
        (only,) = top
        flat = listing.has_pictures_in(only)
        if all_splits(top) or (flat and not is_pictures(only)):
            break
        if not (flat or listing.folders_in(only)):
            break
        listing, through = listing.below(only), f"{through}{only}/"
    return listing, f"Read from {through}, the only folder." if through else ""


def without_annotations(listing: Listing) -> tuple[Listing, str]:
    """A listing without folders that hold no pictures where those beside them are no classes, as
    YOLO's `labels` beside `images`, or `docs` beside `train` or the one folder of all classes; and
    what is to be noted.
    """
    full, bare = listing.above_pictures, dict[str, list[str]]()
    for path, kind in listing.kinds.items():
        if kind == "directory" and path not in full:
            bare.setdefault(path.rpartition("/")[0], []).append(path)
    left: list[str] = []
    for above, paths in bare.items():
        start = f"{above}/" if above else ""
        told = called(listing.folders_in(above))
        said = {f"{start}{name}": one.kind for name, one in told.items()}
        beside = {path: kind for path, kind in said.items() if path in full}
        is_wrapper = len(beside) == 1 and not beside.keys() & listing.picture_folders
        if beside and (is_wrapper or Kind.OWN not in beside.values()):
            left += [path for path in paths if said[path] not in (Kind.SPLIT, Kind.PICTURES)]
    note = f"Left out, as no pictures are in it: {short_list(left, 3)}." if left else ""
    return listing.without(left), note


def class_folders(listing: Listing, asked: Collection[str] = ()) -> Layout:
    """Where the images are, and what their folders say of them.

    Args:
        asked: names of folders that somebody has called classes.

    Raises:
        RefusedInput: there are none; folders are called as what `judged` refuses; or a class has
            no proper name.
    """
    kept = _names_kept(listing)
    found = _by_names(listing, kept, asked)
    if not found.folders:
        raise RefusedInput(
            f"{listing.root.shown!r} has no class folders of images and no images; valid: "
            f"<class>/*.png|jpg, train/<class>/… and test/<class>/…, or *.png|jpg without classes"
        )
    is_web = "http" in listing.root.fs.protocol  # where paths are quoted: "T%20shirt"
    named = {
        path: ClassFolder(
            split,
            class_name(
                kept.get(path) or (unquote(name) if is_web else name),
                repr(listing.root.child(path).shown if path else listing.root.shown),
            ),
        )
        for path, (split, name) in found.folders.items()
    }
    places = {path: _innermost(path, listing) for path in named}
    folders = {places[path]: told for path, told in named.items()}
    through = _moved(places) or found.through
    note = f"Read from the only folder in each: {short_list(through, 3)}." if through else ""
    return Layout(folders, found.labels, joined_notes(found.notes, note))


def _names_kept(listing: Listing) -> dict[str, str]:
    """Folder → name of the class, where `ganray sample` wrote them down; a file of another form is
    somebody else's.

    Raises:
        RefusedInput: two folders have one name.
    """
    if NAMES_FILE not in listing.files:
        return {}
    file = listing.root.child(NAMES_FILE)
    try:
        names = json.loads(file.read(_MOST_BYTES))["class_names"]
        known = {str(path): name for path, name in names.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    if not all(isinstance(name, str) and is_class_name(name) for name in known.values()):
        return {}
    refuse_equal_names(list(known.values()), repr(file.shown))
    return known


def _by_names(listing: Listing, kept: dict[str, str], asked: Collection[str]) -> Layout:
    top = listing.folders_in("")
    if not top:
        flat = any(map(is_picture, listing.files))
        return Layout({"": ClassFolder(TRAIN, UNLABELLED)} if flat else {}, "none")
    if kept and kept.keys() >= set(top):  # whatever they are called
        return _classes(top)
    if all(map(_CYCLEGAN.fullmatch, top)):
        domains = {name: ClassFolder(split_code(name[:-1]) or TRAIN, name[-1].upper())
                   for name in top}  # fmt: skip
        return Layout(domains, "domains")
    level = judged({name: [name] for name in top}, listing, asked)
    if level.splits:
        return _in_splits(level.splits, listing, asked, level.notes)
    _refuse_several_sources(top, listing)
    _refuse_more_beside(top, listing)
    if splits := _splits_within(top, listing):
        return Layout(splits, "classes", level.notes)
    return _classes(top, level.notes)


def _classes(names: Sequence[str], notes: str = "") -> Layout:
    return Layout({name: ClassFolder(TRAIN, name) for name in names}, "classes", notes)


def _in_splits(
    splits: dict[str, int], listing: Listing, asked: Collection[str], notes: str
) -> Layout:
    """Class folders, or pictures, in the folders of splits or in the parts of a set."""
    places = {name: _within_split(name, listing) for name in splits}
    inner: dict[str, list[str]] = {}
    for place in places.values():
        for name in listing.folders_in(place):
            inner.setdefault(name, []).append(f"{place}/{name}")
    if not inner and any(map(is_picture, listing.files)):
        flat = {places[name]: ClassFolder(code, UNLABELLED) for name, code in splits.items()}
        return Layout(flat, "none", notes, _moved(places))
    level = judged(inner, listing, asked) if inner else None
    if level and level.splits:
        inside, above = short_list(list(level.splits)), short_list(list(splits))
        raise RefusedInput(
            f"{listing.root.shown!r}: {inside} in {above} are called as splits or parts, too; name "
            "the folder in which the classes are"
        )
    classes = {
        f"{places[split]}/{name}": ClassFolder(code, name)
        for split, code in splits.items()
        for name in listing.folders_in(places[split])
    }
    said = joined_notes(notes, level.notes if level else "")
    return Layout(classes, "classes", said, _moved(places))


def _within_split(folder: str, listing: Listing) -> str:
    """What of a split's folder holds the classes or pictures.

    That may be the one folder of the same split in it, as where `train.zip` holds `train/` or
    `dataset/train/`; or the one called `images`.
    """
    own, place, found = all_splits([folder]), folder, folder
    while len(inside := listing.folders_in(place)) == 1 and not listing.has_pictures_in(place):
        (only,) = inside
        again = _alike(only, folder) or (own and [*all_splits([only]).values()] == [*own.values()])
        is_next, place = place == found, f"{place}/{only}"
        if again or (is_next and is_pictures(only)):
            found = place
    return found


def _innermost(folder: str, listing: Listing) -> str:
    """The folder in a class's that holds its pictures: `Cats/Cats`, `dog/images`, `*/front`."""
    while folder and len(inside := listing.folders_in(folder)) == 1:
        (only,) = inside
        is_for_nothing = (
            _alike(only, folder.rpartition("/")[2])
            or is_pictures(only)
            or listing.is_named(f"{folder}/{only}")
        )
        if listing.has_pictures_in(folder) or not is_for_nothing:
            break
        folder = f"{folder}/{only}"
    return folder


def _alike(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _moved(places: dict[str, str]) -> tuple[str, ...]:
    return tuple(f"{place}/" for name, place in places.items() if place != name)


def _splits_within(top: Sequence[str], listing: Listing) -> dict[str, ClassFolder]:
    """`<class>/train/…` and the like; empty where classes are not so divided."""
    known: dict[str, ClassFolder] = {}
    for name in top:
        codes = all_splits(listing.folders_in(name))
        if not codes or listing.has_pictures_in(name):
            return {}
        known |= {f"{name}/{split}": ClassFolder(code, name) for split, code in codes.items()}
    return known


def _refuse_several_sources(top: Sequence[str], listing: Listing) -> None:
    """Sets that lie side by side, each with splits of its own, would be mixed up."""
    sets = [
        name
        for name in top
        if any(split_code(inner) is not None and listing.folders_in(f"{name}/{inner}")
               for inner in listing.folders_in(name))
    ]  # fmt: skip
    if sets:
        shown = [listing.root.child(name).shown for name in sets]
        raise RefusedInput(
            f"{listing.root.shown!r} holds {len(sets)} sets of images with splits of their own; "
            f"name one of them: {short_list(shown)} (a list of several is read as one set)"
        )


def _refuse_more_beside(top: Sequence[str], listing: Listing) -> None:
    """One folder beside many pictures is hardly the one class of them."""
    beside = sum(map(is_picture, listing.files_in("")))
    within = sum(is_picture(path) for name in top for path in listing.files_in(name))
    if beside > within:
        raise RefusedInput(
            f"{listing.root.shown!r}: {beside:,} pictures lie beside the folders "
            f"{short_list(top)}, in which {within:,} are; put them into folders of their classes, "
            "or the folders elsewhere"
        )
