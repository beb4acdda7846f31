"""Which folders hold which class and split: `<class>/`, `train/<class>/`, or CycleGAN's.

The sets of CycleGAN (monet2photo, summer2winter) are two classes in `trainA`, `trainB`, `testA`
and `testB`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote

from ganray.data.listing import Listing
from ganray.data.rows import TRAIN, class_name, short_list, split_code, split_words
from ganray.errors import RefusedInput

_CYCLEGAN = re.compile("(train|test|val)([AB])")


class ClassFolder(NamedTuple):
    """What the images in one folder are: their split, as an index into `SPLITS`, and class."""

    split: int
    class_name: str


def class_folders(listing: Listing) -> dict[str, ClassFolder]:
    """The folders that hold the images, by their paths, in natural order.

    Raises:
        RefusedInput: there is none; some folders, but not all, are called as splits; two are
            called as the same split; or a class has no proper name.
    """
    folders = _by_names(listing)
    if not folders:
        raise RefusedInput(
            f"{listing.root.shown!r} has no class folders of images; valid: <class>/*.png|jpg, or "
            f"train/<class>/… and test/<class>/…"
        )
    is_web = "http" in listing.root.fs.protocol  # where paths are quoted: "T%20shirt"
    return {
        path: ClassFolder(
            split,
            class_name(unquote(name) if is_web else name, repr(listing.root.child(path).shown)),
        )
        for path, (split, name) in folders.items()
    }


def _by_names(listing: Listing) -> dict[str, tuple[int, str]]:
    top = listing.folders_in("")
    if top and all(_CYCLEGAN.fullmatch(name) for name in top):
        return {name: (split_code(name[:-1]) or TRAIN, name[-1]) for name in top}
    codes = {name: code for name in top if (code := split_code(name)) is not None}
    if len(codes) < len(top):
        _refuse_half_a_split(top, listing)
        return {name: (TRAIN, name) for name in top}
    if len(set(codes.values())) < len(codes):
        raise RefusedInput(
            f"{listing.root.shown!r}: two of the folders {short_list(top)} are called as one "
            f"split; join them, or remove one"
        )
    return {
        f"{split}/{name}": (code, name)
        for split, code in codes.items()
        for name in listing.folders_in(split)
    }


def _refuse_half_a_split(top: Sequence[str], listing: Listing) -> None:
    """Folders that look like splits beside others would be taken for classes.

    One called `train` that holds no folders is one: the vehicle, in CIFAR-100 and elsewhere.
    """
    looks = [name for name in top if split_words(name) or _CYCLEGAN.fullmatch(name)]
    whole = [name for name in top if split_code(name) is not None]
    codes = {split_code(word) for name in looks for word in split_words(name)}
    is_class = all(split_code(name) == TRAIN and not listing.folders_in(name) for name in whole)
    if len(codes) > 1 or not is_class or any(map(_CYCLEGAN.fullmatch, looks)):
        raise RefusedInput(
            f"{listing.root.shown!r}: {short_list(looks)} among the folders {short_list(top)} look "
            f"like splits; valid: train/, test/ and validation/ alone, with class folders in "
            f"them, or class folders of other names"
        )
