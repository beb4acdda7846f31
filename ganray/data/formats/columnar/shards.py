"""Which Parquet files, or other shards, are one set, and of which split, by names alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import PurePosixPath
from urllib.parse import unquote

from ganray.data.formats.folder_names import Kind, called
from ganray.data.listing import Listing, list_below
from ganray.data.location import Location
from ganray.data.pictures.decoding import is_picture
from ganray.data.rows import joined_notes, natural_order, split_code, split_words
from ganray.errors import RefusedInput
from ganray.text.wording import short_list

SUFFIX = ".parquet"

_PARTITION = re.compile("([^=]+)=(.*)")  # a folder of Hive and Spark: column=value
_SET = re.compile("(?:config|config_name|dataset)=.*", re.IGNORECASE)  # one that is a set
_COUNTED = re.compile(r"(.*?)([0-9]{1,9})-of-([0-9]{1,9})\b.*")
_HASHED = re.compile("[0-9a-f-]{8,}")  # a name that is a hash or UUID, and says nothing
_HASH = re.compile(r"\b(?=[a-f-]*[0-9])[0-9a-f]{4,}\b|\b[0-9a-f]{8,}\b")
# What is said behind the word for a split, and is nobody's name: "train-part-0-of-2.snappy".
_COUNTERS = {"of", "part", "shard", "chunk", "file", "c", "snappy", "zstd", "gzip", "gz", "lz"}


@dataclass(frozen=True)
class Shard:
    """One file of a set.

    Attributes:
        split: None where no name tells it.
        partitions: columns whose one value its folders tell, as Hive and Spark write them.
    """

    location: Location
    split: int | None
    partitions: dict[str, str] = field(default_factory=dict)


def find_shards(location: Location, suffix: str = SUFFIX) -> tuple[list[Shard], str]:
    """One file, or every one of a suffix below a folder in natural order; and what is to be noted.

    The split is what the file's name says ("test-00000-of-00001"), else the nearest folder above
    it. Hidden files and those that begin with "_" (Spark's) are passed over.

    Raises:
        RefusedInput: there is none; names contradict each other, tell the split of some files
            only, or tell of several sets; or one file is found under two names.
    """
    if location.name.lower().endswith(suffix) and location.kind() == "file":
        return [Shard(location, None)], ""
    listing = list_below(location)
    found = [path for path in listing.files if path.lower().endswith(suffix)]
    names = natural_order([path for path in found if not _is_sparks(path)])
    if not names:
        raise RefusedInput(f"{location.shown!r} holds no *{suffix} file")
    words = {name: _split_word(name, location) for name in names}
    _refuse_half_named(words, location)
    if location.selected is None:  # else someone has said which files are one set
        _refuse_several_sets(names, location)
    listing.refuse_twice(names)
    shards = [
        Shard(location.child(name), split_code(words[name] or ""), _partitions(name))
        for name in names
    ]
    shown = {*found, *filter(is_picture, listing.files)}
    unread = [path for path in listing.files if path not in shown]
    notes = (
        _note_of_missing(names, location),
        _note_of_pictures(listing, suffix),
        listing.note_of_unread(unread),
        listing.note,
    )
    return shards, joined_notes(*notes)


def is_parquet(name: str) -> bool:
    """Whether a file of this name is to be read as Parquet."""
    return name.lower().endswith(SUFFIX)


def _note_of_pictures(listing: Listing, suffix: str) -> str:
    count = sum(map(is_picture, listing.files))
    kind = "Parquet" if suffix == SUFFIX else suffix
    return f"Left out: the image files beside the {kind} ones, {count} in all." if count else ""


def _note_of_missing(names: list[str], root: Location) -> str:
    """What is said of files that others count: `train-00000-of-00002` without its second.

    Raises:
        RefusedInput: files that are otherwise called alike count differently: one set was
            divided twice, and its images are there more than once.
    """
    counted: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for name in names:
        if match := _COUNTED.fullmatch(name.lower()):
            counted[match[1]][int(match[3])].add(int(match[2]))
    missing = []
    for start, totals in counted.items():
        said = [f"{start}…-of-{total}" for total in sorted(totals)]
        if len(totals) > 1:
            raise RefusedInput(
                f"{root.shown!r} holds files of one set that was divided several times "
                f"({short_list(said)}); keep those of one"
            )
        ((total, found),) = totals.items()
        if len(found) < total:
            missing.append(f"{total - len(found):,} of {total:,} files {said[0]}")
    return f"Not there, though others count them: {short_list(missing, 3)}." if missing else ""


def _partitions(path: str) -> dict[str, str]:
    parts = (_PARTITION.fullmatch(part) for part in path.split("/")[:-1])
    return {match[1]: unquote(match[2]) for match in parts if match}


def _is_sparks(path: str) -> bool:
    return any(part.startswith("_") for part in path.split("/"))


def _stem(path: str) -> str:
    return PurePosixPath(path).stem


def _split_word(path: str, root: Location) -> str | None:
    """The word that names the split of a file: one of its name, or the nearest folder."""
    own = sorted(set(split_words(_stem(path))))
    folders = [_PARTITION.sub(r"\2", part).lower() for part in path.split("/")[:-1]]
    above = [name for name in folders if split_code(name) is not None][-1:]
    codes = {split_code(word) for word in (*own, *above)}
    if len(codes) > 1:
        raise RefusedInput(
            f"{root.child(path).shown!r}: its name and folder tell several splits "
            f"({short_list([*own, *above])}); rename it, or move it"
        )
    return next(iter((*own, *above)), None)


def _refuse_abbreviations(names: list[str], root: Location) -> None:
    """`tr.parquet` and `te.parquet`, or such folders, would be one split."""
    parts = [(*name.split("/")[:-1], _stem(name)) for name in names]
    for level in zip_longest(*parts):
        said = called([name for name in dict.fromkeys(level) if name])
        splits = {one.split for one in said.values() if one.kind is Kind.SPLIT}
        if len(splits) > 1:
            raise RefusedInput(
                f"{root.shown!r}: {short_list(list(said))} look like splits; rename them to train, "
                "test or validation"
            )


def _refuse_half_named(words: dict[str, str | None], root: Location) -> None:
    unnamed = [name for name, word in words.items() if word is None]
    if len(unnamed) == len(words):
        _refuse_abbreviations(unnamed, root)
    if unnamed and len(unnamed) < len(words):
        raise RefusedInput(
            f"{root.shown!r}: neither the name nor a folder of {unnamed[0]!r} tells train, test "
            f"or validation, as those of other files do; rename it, or name one file"
        )
    for split in {split_code(word) for word in words.values() if word}:
        used = {word for word in words.values() if word and split_code(word) == split}
        if len(used) > 1:
            raise RefusedInput(
                f"{root.shown!r}: files called {short_list(sorted(used))} would be one split; "
                f"remove one, or rename them alike"
            )


def _refuse_several_sets(names: list[str], root: Location) -> None:
    """Configurations, as the Hugging Face Hub's, lie side by side and are sets of their own."""
    sets = _distinct(_set_folder(name) for name in names)
    if len(sets) > 1:
        shown = [root.child(folder).shown if folder else root.shown for folder in sets]
        raise RefusedInput(
            f"{root.shown!r} holds several sets; name one of them, or put their files into one "
            f"folder: {short_list(shown)}"
        )
    firsts: dict[tuple[str, ...], str] = {}
    for name in names:
        firsts.setdefault(_said_of_set(name), name)
    if len(firsts) > 1:
        raise RefusedInput(
            f"{root.shown!r} holds files of several sets ({short_list(list(firsts.values()))}); "
            f"name one file, or put each set into a folder of its own"
        )


def _distinct(values: Iterable[str]) -> list[str]:
    return natural_order(list(set(values)))


def _set_folder(path: str) -> str:
    """The folder of a file, less the parts that tell its split or are partitions of one table."""
    parts = path.split("/")[:-1]
    return "/".join(
        part
        for part in parts
        if split_code(part) is None and (_SET.fullmatch(part) or not _PARTITION.fullmatch(part))
    )


def _said_of_set(path: str) -> tuple[str, ...]:
    """What a file's name says beside its split, its number and hashes: "cifar10", "fashion".

    A number counts as a name's part where it stands at a word: cifar10-train is not cifar100-train.
    Without a word for the split, shard1 and shard2 are one set: all ends at the first digit.
    """
    stem = _stem(path).lower()
    words = split_words(stem)
    if not words:
        named = "" if _HASHED.fullmatch(stem) else re.split("[0-9]", stem, maxsplit=1)[0]
        return tuple(re.findall("[^-_.]+", named))
    place, word = min((stem.index(word), word) for word in words)
    before = re.findall(r"[^\W_]+", stem[:place])
    behind = re.findall("[a-z]+", _HASH.sub("", stem[place + len(word) :].replace("_", "-")))
    return (
        *(part for part in before if not part.isdecimal()),
        *(part for part in behind if part not in _COUNTERS),
    )
