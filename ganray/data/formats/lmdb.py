"""LSUN's LMDB (Yu and others, arXiv:1506.03365): a folder for each category, of pictures."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
from jaxtyping import Int64

from ganray.data.formats.containers.lmdb_index import Values, find_values
from ganray.data.formats.format import Format, Found
from ganray.data.location import Location
from ganray.data.pictures.decoding import MAX_BYTES
from ganray.data.pictures.encoded import Encoded
from ganray.data.rows import (
    TRAIN,
    class_name,
    natural_order,
    split_code,
)
from ganray.data.spec import UNLABELLED
from ganray.errors import RefusedInput
from ganray.spec import canonical_json
from ganray.text.wording import short_list

FILE = "data.mdb"
_FOLDER = re.compile(r"(?P<category>.*?)((^|_)(?P<split>train|val|test))?(_lmdb)?", re.IGNORECASE)


@dataclass(frozen=True)
class _Category:
    """One `data.mdb`, its values in the order of their places in it."""

    file: Location
    name: str
    split: int
    values: Values

    @property
    def count(self) -> int:
        """How many values it has."""
        return len(self.values.starts)

    def where(self, number: int) -> str:
        """What messages call a value."""
        return f"{self.file.shown!r}, value at byte {self.values.starts[number]}"


@dataclass(frozen=True)
class _Values:
    """The pictures of some files, as `Items`."""

    found: Sequence[_Category]

    def said(self, item: int) -> str:
        """The file and the place in it."""
        place = bisect_right(self._ends, item)
        one = self.found[place]
        return one.where(item - self._ends[place] + one.count)

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(one.count for one in self.found))

    def bytes_of(self, chosen: Int64[np.ndarray, "n"]) -> Iterator[bytes | RefusedInput]:
        """The values in their order; each file is read from its start to its end."""
        first = 0
        for one in self.found:
            own = chosen[(chosen >= first) & (chosen < first + one.count)] - first
            first += one.count
            with one.file.open() as file:
                for start, length in zip(
                    one.values.starts[own], one.values.lengths[own], strict=True
                ):
                    file.seek(int(start))
                    yield file.read(int(length))


def read_lmdb(location: Location) -> Encoded:
    """A folder with `data.mdb`, or one with such folders, whose names are the classes.

    `bedroom_train_lmdb` is of the class bedroom and its training split, `_val_lmdb` is held out.
    Images come in the order in which they lie in the file, so that it is read from its start to
    its end.

    Raises:
        RefusedInput: a file is damaged, or a folder empty.
    """
    folders, left_out = _folders(location)
    found = [_category(folder, alone=folder is location) for folder in folders]
    names = natural_order(sorted({one.name for one in found}))
    counts = [one.count for one in found]
    return Encoded(
        name=location.name,
        class_names=names if len(names) > 1 else [UNLABELLED],
        labels=np.repeat([names.index(one.name) for one in found], counts).astype(np.int32),
        splits=np.repeat([one.split for one in found], counts).astype(np.uint8),
        items=_Values(found),
        chosen=np.arange(sum(counts)),
        root=f"{location.shown.rstrip('/')}/",
        fingerprint=lambda: _fingerprint(found),
        notes=f"Left out, as no category: {short_list(left_out)}." if left_out else "",
        told="classes" if len(names) > 1 else "none",
    )


def _folders(location: Location) -> tuple[list[Location], list[str]]:
    """The folders of categories, and the names of those that are none (`test_lmdb`)."""
    if location.child(FILE).is_file():
        return [location], []
    names = [name for name, kind in location.children().items() if kind in ("directory", "link")]
    names = [name for name in natural_order(names) if location.child(name).child(FILE).is_file()]
    named = [name for name in names if _parts(name)[0]]
    if not named:
        raise RefusedInput(f"{location.shown!r} holds no folder of a category with {FILE} in it")
    return [location.child(name) for name in named], [name for name in names if name not in named]


def _parts(folder: str) -> tuple[str, int]:
    """Category and split by a folder's name."""
    match = _FOLDER.fullmatch(folder)
    assert match
    split = split_code(match["split"]) if match["split"] else TRAIN
    return match["category"], split or TRAIN


def _category(folder: Location, alone: bool) -> _Category:
    file = folder.child(FILE)
    values = find_values(file)
    if not len(values.starts):
        raise RefusedInput(f"{file.shown!r} holds no images; remove the category")
    if int(values.lengths.max()) > MAX_BYTES:
        raise RefusedInput(
            f"{file.shown!r} holds a value of {values.lengths.max()} bytes, more than {MAX_BYTES}; "
            "it is no picture, remove it"
        )
    name, split = _parts(folder.name)
    split = TRAIN if alone else split  # what is named alone is all there is
    return _Category(file, class_name(name or folder.name, repr(folder.shown)), split, values)


def _fingerprint(found: list[_Category]) -> str:
    layout: dict[str, list[str]] = defaultdict(list)
    for one in found:
        layout[f"{one.split}/{one.name}"].append(one.file.sha256())
    content = {"format": "lmdb", "files": layout}
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _fits(found: Found) -> bool:
    if found.has(FILE):
        return True
    return any(path.endswith(f"/{FILE}") and path.count("/") == 1 for path in found.listing.files)


FORMAT = Format(
    valid=f"a folder with LMDB's {FILE} of pictures, or one with such folders",
    fits=_fits,
    read=lambda location, _: read_lmdb(location),
)
