"""WebDataset's shards: tars of `key.jpg` with `key.cls`, or with `key.json` that has a label."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

import numpy as np
from jaxtyping import Int32, Int64

from ganray.data.formats.columnar.shards import Shard, find_shards
from ganray.data.formats.containers.webdataset_samples import (
    Samples,
    are_samples,
    members_of,
    samples_of,
)
from ganray.data.formats.format import Format, Found
from ganray.data.location import Location
from ganray.data.packed.file_system import Archive
from ganray.data.pictures.decoding import is_picture
from ganray.data.pictures.encoded import Encoded
from ganray.data.rows import (
    NO_LABEL,
    SPLITS,
    TRAIN,
    Table,
    class_name,
    joined_notes,
    natural_order,
    numbered,
)
from ganray.data.spec import UNLABELLED
from ganray.errors import RefusedInput
from ganray.spec import canonical_json

SUFFIX = ".tar"
NAMES_FILES = ("classnames.txt", "classes.txt", "labels.txt")
"""Beside the shards: the names of the classes 0, 1, …, a line each."""
_MOST_BYTES = 1 << 24


@dataclass(frozen=True)
class _Pictures:
    """The pictures of all shards, as `Items`."""

    shards: Sequence[Samples]
    ends: Sequence[int]

    def said(self, item: int) -> str:
        place = bisect_right(self.ends, item)
        one = self.shards[place]
        return one.said(item - self.ends[place] + len(one.places))

    def bytes_of(self, chosen: Int64[np.ndarray, "n"]) -> Iterator[bytes | RefusedInput]:
        for one, end in zip(self.shards, self.ends, strict=True):
            first = end - len(one.places)
            own = chosen[np.searchsorted(chosen, first) : np.searchsorted(chosen, end)] - first
            if len(own):
                yield from one.contents(own)


def read_webdataset(location: Location) -> Encoded:
    """One shard, or every `*.tar` below a folder, whose splits are told as those of Parquet's.

    Samples come in the order in which they lie in the shards, and those in natural order.

    Raises:
        RefusedInput: as `find_shards` and `samples_of`; there are no pictures; labels are numbers
            in one shard and names in another; or a number has no name where there are names.
    """
    shards, passed_over = _shards(location)
    found = [samples_of(shard.location) for shard in shards]
    counts = [len(one.places) for one in found]
    if not sum(counts):
        raise RefusedInput(f"{location.shown!r} holds no pictures; valid: key.jpg beside key.cls")
    labels, names = _labels(found, location)
    return Encoded(
        name=location.name.removesuffix(SUFFIX),
        class_names=names,
        labels=labels,
        splits=np.repeat([shard.split or TRAIN for shard in shards], counts).astype(np.uint8),
        items=_Pictures(found, list(accumulate(counts))),
        chosen=np.arange(sum(counts)),
        root=f"{location.shown.rstrip('/')}/",
        layout=_fingerprint,
        fingerprint=lambda: "",
        notes=joined_notes(_note_of_unread(found), passed_over),
        told="none" if names == [UNLABELLED] else "classes",
    )


def _shards(location: Location) -> tuple[list[Shard], str]:
    if _is_entered(location) and not any(name.endswith(SUFFIX) for name in location.children()):
        return [Shard(location, None)], ""
    return find_shards(location, SUFFIX)


def _is_entered(location: Location) -> bool:
    return isinstance(location.fs, Archive) and not location.path


def _labels(
    found: Sequence[Samples], location: Location
) -> tuple[Int32[np.ndarray, "n"], list[str]]:
    """The class of each picture, `NO_LABEL` where it has none, and the classes' names."""
    values = list(chain.from_iterable(one.labels for one in found))
    kinds = {type(value) for value in values} - {type(None)}
    if not kinds:
        return np.zeros(len(values), np.int32), [UNLABELLED]
    if len(kinds) > 1:
        number = _first(found, int)
        raise RefusedInput(
            f"{location.shown!r}: labels are numbers, as of {number}, and names, as of "
            f"{_first(found, str)}; they must be one"
        )
    if kinds == {int}:
        numbers = np.asarray([NO_LABEL if value is None else value for value in values], np.int64)
        missing = np.asarray([value is None for value in values])
        return numbered(numbers, _names_beside(location), repr(location.shown), missing)
    kept = {name: class_name(str(name), repr(location.shown)) for name in {*values} - {None}}
    names = natural_order(sorted(set(kept.values())))
    rank = {name: k for k, name in enumerate(names)}
    ranks = [NO_LABEL if value is None else rank[kept[value]] for value in values]
    return np.asarray(ranks, np.int32), names


def _first(found: Sequence[Samples], kind: type) -> str:
    """The first picture whose label is of a kind."""
    return next(
        one.said(place)
        for one in found
        for place, value in enumerate(one.labels)
        if isinstance(value, kind)
    )


def _names_beside(location: Location) -> list[str]:
    """Names of the classes by a file in the folder, or where the one shard lies; none without."""
    places = [location.child(name) for name in NAMES_FILES]
    if isinstance(location.fs, Archive):
        places += [location.fs.location.beside(name) for name in NAMES_FILES]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        return []
    try:
        lines = file.read(_MOST_BYTES).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise RefusedInput(f"{file.shown!r} is no UTF-8; save it so") from None
    while lines and not lines[-1].strip():
        lines.pop()
    return [class_name(line.strip(), repr(file.shown)) for line in lines]


def _note_of_unread(found: Sequence[Samples]) -> str:
    bare = sum(one.bare for one in found)
    unread: Counter[str] = sum((one.unread for one in found), Counter())
    said = [f"{count:,} .{ending}" for ending, count in unread.most_common(4)]
    return joined_notes(
        f"Left out: {bare:,} samples without a picture." if bare else "",
        f"Not read: {', '.join(said)}." if said else "",
    )


def _fingerprint(digests: Sequence[bytes], table: Table) -> str:
    digest = hashlib.sha256(b"webdataset")
    for content, split, label in zip(digests, table.splits, table.labels, strict=True):
        digest.update(canonical_json([SPLITS[split], table.class_names[label], content.hex()]))
    return digest.hexdigest()


def _fits(found: Found) -> bool:
    shards = natural_order([path for path in found.listing.files if path.endswith(SUFFIX)])
    if not shards:
        return _is_entered(found.location) and are_samples(found.listing.files)
    if any(map(is_picture, found.listing.files)):
        return False  # an archive that lies beside what was in it
    members = members_of(found.location.child(shards[0]))
    return are_samples(path for path, _ in members.files())


FORMAT = Format(
    valid="WebDataset's *.tar of pictures with .cls or .json",
    fits=_fits,
    read=lambda location, _: read_webdataset(location),
)
