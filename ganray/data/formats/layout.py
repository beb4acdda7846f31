"""Which folders hold which class and split: `<class>/`, `train/<class>/`, or CycleGAN's.

The sets of CycleGAN (monet2photo, summer2winter) are two domains in `trainA`, `trainB`, `testA` and
`testB`. Pictures in no class folder, alone or in `train/` and `test/`, are a set without labels.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from ganray.data.listing import Listing
from ganray.data.pictures.decoding import is_picture
from ganray.data.rows import (
    TRAIN,
    class_name,
    is_class_name,
    refuse_equal_names,
    split_code,
    split_words,
)
from ganray.data.spec import UNLABELLED, Labels
from ganray.errors import RefusedInput
from ganray.wording import short_list

NAMES_FILE = "class_names.json"
"""Beside the class folders that `ganray sample` writes: `{"class_names": {folder: name}}`."""
_MOST_BYTES = 1 << 24
_CYCLEGAN = re.compile("(train|test|val)([AB])")
_ALL_CYCLEGAN = re.compile(_CYCLEGAN.pattern, re.IGNORECASE)  # where all folders are called so
# Beside "train" these are no classes: what is to be found in re-identification, Kaggle's rest, ….
_BESIDE_TRAIN = {
    *("query", "gallery", "probe", "extra", "unlabeled", "unlabelled", "unseen", "predict"),
    *("tests", "validations", "submission", "public", "private", "ood"),
}


class ClassFolder(NamedTuple):
    """What the images in one folder are: their split, as an index into `SPLITS`, and class."""

    split: int
    class_name: str


@dataclass(frozen=True)
class Layout:
    """The folders that hold the images, by their paths ("" is the root), in natural order."""

    folders: dict[str, ClassFolder]
    labels: Labels


def unwrapped(listing: Listing) -> tuple[Listing, str]:
    """What is in the one folder that an archive was unpacked in; and what is to be noted.

    A folder that holds pictures is none, but a class.
    """
    through = ""
    while True:
        top = listing.folders_in("")
        if len(top) != 1 or any(map(is_picture, listing.files_in(""))):
            break
        (only,) = top
        if split_code(only) is not None or any(map(is_picture, listing.files_in(only))):
            break
        if not listing.folders_in(only):
            break
        listing, through = listing.below(only), f"{through}{only}/"
    return listing, f"Read from {through}, the only folder." if through else ""


def class_folders(listing: Listing) -> Layout:
    """Where the images are, and what their folders say of them.

    Raises:
        RefusedInput: there are none; some folders, but not all, are called as splits; two are
            called as the same split; or a class has no proper name.
    """
    kept = _names_kept(listing)
    folders, labels = _by_names(listing, kept)
    if not folders:
        raise RefusedInput(
            f"{listing.root.shown!r} has no class folders of images and no images; valid: "
            f"<class>/*.png|jpg, train/<class>/… and test/<class>/…, or *.png|jpg without classes"
        )
    is_web = "http" in listing.root.fs.protocol  # where paths are quoted: "T%20shirt"
    return Layout(
        {
            path: ClassFolder(
                split,
                class_name(
                    kept.get(path) or (unquote(name) if is_web else name),
                    repr(listing.root.child(path).shown if path else listing.root.shown),
                ),
            )
            for path, (split, name) in folders.items()
        },
        labels,
    )


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


def _by_names(listing: Listing, kept: dict[str, str]) -> tuple[dict[str, tuple[int, str]], Labels]:
    top = listing.folders_in("")
    if not top:
        flat = any(map(is_picture, listing.files))
        return ({"": (TRAIN, UNLABELLED)} if flat else {}), "none"
    if kept and kept.keys() >= set(top):  # whatever they are called
        return {name: (TRAIN, name) for name in top}, "classes"
    if all(_ALL_CYCLEGAN.fullmatch(name) for name in top):
        return {name: (split_code(name[:-1]) or TRAIN, name[-1].upper()) for name in top}, "domains"
    codes = {name: code for name in top if (code := split_code(name)) is not None}
    if len(codes) < len(top):
        _refuse_half_a_split(top, listing)
        _refuse_several_sources(top, listing)
        _refuse_more_beside(top, listing)
        if splits := _splits_within(top, listing):
            return splits, "classes"
        return {name: (TRAIN, name) for name in top}, "classes"
    if len(set(codes.values())) < len(codes):
        raise RefusedInput(
            f"{listing.root.shown!r}: two of the folders {short_list(top)} are called as one "
            f"split; join them, or remove one"
        )
    classes = {
        f"{split}/{name}": (code, name)
        for split, code in codes.items()
        for name in listing.folders_in(split)
    }
    if not classes and any(map(is_picture, listing.files)):
        return {split: (code, UNLABELLED) for split, code in codes.items()}, "none"
    return classes, "classes"


def _splits_within(top: Sequence[str], listing: Listing) -> dict[str, tuple[int, str]]:
    """`<class>/train/…` and the like; empty where classes are not so divided."""
    found = {
        f"{name}/{split}": (split_code(split), name)
        for name in top
        for split in listing.folders_in(name)
    }
    known = {path: (code, name) for path, (code, name) in found.items() if code is not None}
    divided = {name for _, name in known.values()}
    bare = not any(is_picture(path) for name in top for path in listing.files_in(name))
    return known if len(known) == len(found) and divided == set(top) and bare else {}


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
            f"name one of them: {short_list(shown)}"
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


def _refuse_half_a_split(top: Sequence[str], listing: Listing) -> None:
    """Folders that look like splits beside others would be taken for classes.

    One called `train` that holds no folders is one: the vehicle, in CIFAR-100 and elsewhere.
    """
    looks = [name for name in top if split_words(name) or _CYCLEGAN.fullmatch(name)]
    whole = [name for name in top if split_code(name) is not None]
    codes = {split_code(word) for name in looks for word in split_words(name)}
    is_class = all(split_code(name) == TRAIN and not listing.folders_in(name) for name in whole)
    others = [name for name in top if name.lower() in _BESIDE_TRAIN]
    if whole and others:
        is_class, looks = False, [*looks, *others]
    if len(codes) > 1 or not is_class or any(map(_CYCLEGAN.fullmatch, looks)):
        raise RefusedInput(
            f"{listing.root.shown!r}: {short_list(looks)} among the folders {short_list(top)} look "
            f"like splits; valid: train/, test/ and validation/ alone, with class folders in "
            f"them, or class folders of other names"
        )
