"""The folders of one level judged together: splits, classes, parts of one set, or none of these.

- All are called as splits: they are, and what is called otherwise than `train`, `test` and the like
  is noted.
- Some are called as splits, masks or copies of others: that is refused, naming what helps; but
  `train` alone among other names, without folders in it, is a class (the vehicle), and noted.
- Else they are classes. Those that hold a word for a split or for masks, or are called as a copy of
  another one, are noted.

What somebody has named by `data.classes` is a class, whatever it is called.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ganray.data.formats.folder_names import Called, Kind, called, words
from ganray.data.listing import Listing
from ganray.data.location import PACKED
from ganray.data.rows import TRAIN, natural_order, split_code
from ganray.data.spec import SPLITS
from ganray.errors import RefusedInput
from ganray.text.wording import short_list

Folders = Mapping[str, Sequence[str]]
"""Names of folders and for each the paths of the folders that are called so."""
_SAYS = {
    Kind.SPLIT: "a split",
    Kind.KIN: "what lies beside splits",
    Kind.COMPANION: "masks or labels",
    Kind.PICTURES: "pictures of any class",
    Kind.COPY: "a copy",
    Kind.PART: "a part",
}
_NO_PATTERN = re.compile(r"[^*?\[\]{},]*")


@dataclass(frozen=True)
class Level:
    """What folders side by side are.

    Attributes:
        splits: of each its split, where they are splits; where they are parts of one set, all are
            training ones.
        classes: those that are classes.
    """

    splits: dict[str, int] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)
    notes: str = ""


def judged(folders: Folders, listing: Listing, asked: Collection[str] = ()) -> Level:
    """What folders of one level are.

    Args:
        asked: names that somebody has called classes.

    Raises:
        RefusedInput: two are called as one split; or some, but not all, are called as splits, as
            masks or labels of the others' pictures, or as copies of them.
    """
    said = called(folders, asked)
    kinds = {one.kind for one in said.values()}
    if kinds == {Kind.SPLIT}:
        return _splits(said, folders, listing)
    if kinds and kinds <= {Kind.PART, Kind.PICTURES} and _are_parts(kinds, folders, listing):
        parts = natural_order(list(folders))
        note = f"Read as parts of one set by their names: {short_list(parts)}."
        return Level(splits=dict.fromkeys(parts, TRAIN), notes=note)
    _refuse_mixed(said, folders, listing)
    return Level(classes=natural_order(list(folders)), notes=_note_of_classes(said))


def where(folders: Folders, listing: Listing) -> str:
    """The folder in which they lie, for messages."""
    first = next(iter(folders.values()))[0].rpartition("/")[0]
    return listing.root.child(first).shown if first else listing.root.shown


def _splits(said: Mapping[str, Called], folders: Folders, listing: Listing) -> Level:
    order = natural_order(list(said))
    splits = {name: code for name in order if (code := said[name].split) is not None}
    if len(set(splits.values())) < len(splits):
        raise RefusedInput(
            f"{where(folders, listing)!r}: two of the folders {short_list(order)} are called as "
            f"one split; join them, or remove one; if all are classes, name them in data.classes"
        )
    guessed = [f"{name} ({SPLITS[code]})" for name, code in splits.items()
               if split_code(name) is None]  # fmt: skip
    note = f"Read as splits by their names: {short_list(guessed)}." if guessed else ""
    return Level(splits=splits, notes=note)


def _are_parts(kinds: Collection[Kind], folders: Folders, listing: Listing) -> bool:
    """Where nothing but `part1` and `part2` holds pictures, these may be classes."""
    nested = any(listing.folders_in(path) for paths in folders.values() for path in paths)
    return len(folders) > 1 and (nested or Kind.PART not in kinds)


def _refuse_mixed(said: Mapping[str, Called], folders: Folders, listing: Listing) -> None:
    by_kind = {kind: [name for name, one in said.items() if one.kind is kind] for kind in Kind}
    splits, beside = by_kind[Kind.SPLIT] + by_kind[Kind.CROSSED], by_kind[Kind.KIN]
    aside = by_kind[Kind.COMPANION] + by_kind[Kind.COPY]
    own = by_kind[Kind.OWN] + by_kind[Kind.PART]
    if aside and not own and not beside and (splits or by_kind[Kind.PICTURES]):
        raise RefusedInput(_said_of_masks(aside, folders, listing))
    vehicles = [name for name in splits if _may_be_vehicle(name, folders, listing)]
    if splits and (len(vehicles) < len(splits) or beside or not own):
        most = splits if len(splits) >= max(len(own), 1 + any(own)) else own
        kept = most if most == splits or len(own) > 1 else []
        looks = natural_order(splits) + natural_order(beside)
        raise RefusedInput(
            _said_of_splits(looks, folders, listing) + _advice(kept, folders, listing)
        )


def _may_be_vehicle(name: str, folders: Folders, listing: Listing) -> bool:
    told = [word for word in words(name) if not word.isdecimal()]
    nested = any(listing.folders_in(path) for path in folders[name])
    return not nested and all(split_code(word) == TRAIN for word in told)


def _said_of_masks(aside: Sequence[str], folders: Folders, listing: Listing) -> str:
    kept = [name for name in folders if name not in aside]
    are = "is" if len(aside) == 1 else "are"
    return (
        f"{where(folders, listing)!r}: {short_list(aside)} beside {short_list(kept)} {are} called "
        "as masks, labels or copies are, not as classes" + _advice(kept, folders, listing)
    )


def _said_of_splits(looks: Sequence[str], folders: Folders, listing: Listing) -> str:
    return (
        f"{where(folders, listing)!r}: {short_list(looks)} among the folders "
        f"{short_list(natural_order(list(folders)))} look like splits; valid: train/, test/ and "
        "validation/ alone, with class folders in them, or class folders of other names"
    )


def _advice(kept: Sequence[str], folders: Folders, listing: Listing) -> str:
    """By which setting the others are left out, and by which all are classes."""
    left = [name for name in folders if name not in kept]
    source = only_source([path for name in kept for path in folders[name]], listing)
    out = f"; data.source={source!r} leaves {short_list(left, 3)} out" if source and left else ""
    if kept and left and PACKED in listing.root.fs.protocol:
        out = f"; unpack it to leave {short_list(left, 3)} out"
    return f"{out}; if all are classes, name them in data.classes"


def only_source(paths: Sequence[str], listing: Listing) -> str:
    """What names some folders alone as a source; nothing in an archive, or of patterns' letters."""
    paths = [path for path in paths if path in listing.above_pictures]
    root, plain = listing.root, all(map(_NO_PATTERN.fullmatch, [*paths, listing.root.shown]))
    heads = list(dict.fromkeys(path.rpartition("/")[0] for path in paths))
    tails = list(dict.fromkeys(path.rpartition("/")[2] for path in paths))
    whole = len(heads) * len(tails) == len(paths) and len(paths) <= 20
    if not paths or not whole or not plain or PACKED in root.fs.protocol or root.selected:
        return ""
    above, below = (part[0] if len(part) == 1 else "{" + ",".join(part) + "}"
                    for part in (heads, tails))  # fmt: skip
    return root.child(f"{above}/{below}" if above else below).shown


def _note_of_classes(said: Mapping[str, Called]) -> str:
    told = []
    for name, one in said.items():
        kind = Kind.SPLIT if one.kind is Kind.OWN and one.split is not None else one.kind
        if kind in _SAYS and {other.kind for other in said.values()} != {Kind.COMPANION}:
            of = f" of {one.other}" if one.other else ""
            told.append(f"{name} ({_SAYS[kind]}{of})")
    said_so = "Read as classes, though by their names they may be something else"
    return f"{said_so}: {short_list(told, 5)}." if told else ""
