"""What names of picture files say beside their folders': splits, classes, and masks of others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from ganray.data.formats.folder_names import (
    OF_PICTURES,
    is_of_pictures,
    stem_of,
    words,
)
from ganray.data.location import Location
from ganray.data.rows import natural_order, split_code, split_words
from ganray.errors import RefusedInput
from ganray.text.wording import short_list

_SAMPLE = 2000  # names that are looked at for classes
_MOST_CLASSES = 1000
_TOKEN = re.compile(r"[^\W_]+")
_NUMBERED = re.compile(r"([^\W\d_]+)(\d+)")


def refuse_splits(paths: Sequence[str], splits: Sequence[int], root: Location) -> None:
    """Where no folder names a split, but each file does, the split would be lost.

    Raises:
        RefusedInput: naming the words.
    """
    told = [split_words(_name(path))[:1] for path in paths]
    named = sorted({word[0] for word in told if word})
    is_told = all(told) and len({split_code(word) for word in named}) > 1
    if is_told and not any(splits):
        raise RefusedInput(
            f"{root.shown!r}: the files' names tell splits ({short_list(named)}), which are not "
            f"read there; put the files into train/<class>/ and test/<class>/"
        )


def note_of_classes(paths: Sequence[str]) -> str:
    """What is said of pictures without labels whose names may tell classes: `cat.0.jpg`."""
    some = paths[:: max(1, len(paths) // _SAMPLE)]
    values = _classes([_tokens(_stem(path)) for path in some])
    if not values:
        return ""
    return (
        f"No folders tell classes, so that there are none, but the files' names may "
        f"({short_list(values, 3)}): put the files into folders called so, one for each class."
    )


def note_of_masks(paths: Sequence[str]) -> str:
    """What is said of pictures called as masks of others beside them: `a_mask.png`."""
    masks = [path for path in _with_any(paths, OF_PICTURES) if is_of_pictures(words(_stem(path)))]
    beside = {_folder(path) for path in masks}
    others = {_picture(path) for path in {*paths}.difference(masks) if _folder(path) in beside}
    found = [path for path in masks if _picture(path) in others]
    if not found:
        return ""
    return (
        f"Read as pictures, though called as masks or labels of others: {short_list(found, 3)}; if "
        "they are, move them elsewhere."
    )


def _with_any(paths: Sequence[str], parts: Collection[str]) -> list[str]:
    """Those that hold one of some parts: of a million names a glance at all of them together."""
    whole = "\n".join(paths).lower()
    there = [part for part in parts if part in whole]
    return [path for path in paths if any(part in path.lower() for part in there)]


def _picture(path: str) -> tuple[str, tuple[str, ...]]:
    """What a picture and its mask have in common."""
    return _folder(path), stem_of(words(_stem(path)))


def _tokens(stem: str) -> list[str]:
    """Runs of letters and digits; "cat0" is two, a hash stays one."""
    found: list[str] = []
    for token in _TOKEN.findall(stem):
        numbered = _NUMBERED.fullmatch(token)
        found += numbered.groups() if numbered else [token]
    return found


def _classes(names: Sequence[Sequence[str]]) -> list[str]:
    """The values of the first place in names that may tell a class; words rather than numbers."""
    shortest = min(map(len, names), default=0)
    columns = [[name[place] for name in names]
               for place in (*range(shortest), *range(-shortest, 0))]  # fmt: skip
    for is_kind, each in ((str.isalpha, 2), (str.isdecimal, 4)):
        for column in columns:
            counts = Counter(column)
            fits = 1 < len(counts) <= min(_MOST_CLASSES, len(column) // each)
            if fits and all(map(is_kind, counts)):
                return natural_order(list(counts))
    return []


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _stem(path: str) -> str:
    return _name(path).rpartition(".")[0]
