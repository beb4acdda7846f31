"""Several sets as one: their classes by name, and what their own names say of split and class."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain
from typing import Any

import numpy as np
from jaxtyping import Int64

from ganray.data.choosing.choice import labelled
from ganray.data.formats.folder_names import Kind, all_splits, called
from ganray.data.listing import ARCHIVES
from ganray.data.location import Location
from ganray.data.pictures.encoded import Encoded
from ganray.data.pictures.parcels import Items
from ganray.data.rows import (
    SPLITS,
    TRAIN,
    Rows,
    Table,
    class_name,
    joined_notes,
    natural_order,
    shape_text,
    split_code,
)
from ganray.errors import RefusedInput
from ganray.spec import canonical_json
from ganray.text.wording import listed, short_list

_NAMED = 3
_ENDS = (*ARCHIVES, ".parquet", ".npz", ".csv.gz", ".csv")


@dataclass(frozen=True)
class Part:
    """One of several sets, and where it lies."""

    location: Location
    table: Rows | Encoded

    @property
    def name(self) -> str:
        """Of its folder or archive, without its end."""
        name = self.location.name
        end = next((end for end in _ENDS if name.lower().endswith(end)), "")
        return name[: len(name) - len(end)]


@dataclass(frozen=True)
class _Several:
    """The pictures of several sets, as `Items`."""

    items: Sequence[Items]
    ends: Sequence[int]
    chosen: Sequence[Int64[np.ndarray, "..."]]

    def _place(self, item: int) -> tuple[int, int]:
        part = int(np.searchsorted(self.ends, item, side="right"))
        return part, int(self.chosen[part][item - self.ends[part] + len(self.chosen[part])])

    def said(self, item: int) -> str:
        part, own = self._place(item)
        return self.items[part].said(own)

    def bytes_of(self, chosen: Int64[np.ndarray, "n"]) -> Iterator[bytes | RefusedInput]:
        for items, end, all_own in zip(self.items, self.ends, self.chosen, strict=True):
            first = end - len(all_own)
            own = chosen[np.searchsorted(chosen, first) : np.searchsorted(chosen, end)] - first
            if len(own):
                yield from items.bytes_of(all_own[own])


def joined(parts: Sequence[Part]) -> Rows | Encoded:
    """Sets as one, in the order in which they are given.

    Where all are called as splits (`train.zip`, `test.zip`) their images are in these. Where none
    has classes, each is one, called by its name (`cat.zip`, `dog.zip`), unless the names say that
    they are splits or parts of one set (`images_001.zip`, …).

    Raises:
        RefusedInput: some have classes and others none, or numbers for classes where others have
            names; some are pictures to be decoded and others pixels; or a set tells another split
            than its name does.
    """
    parts = [replace(part, table=labelled(part.table)) for part in parts]
    _refuse_unlike(parts)
    splits, notes = _splits(parts)
    tables = [_in_split(part, splits.get(part.name)) for part in parts]
    tables, told = _with_classes(parts, tables, bool(splits))
    names = _class_names(tables)
    rank = {name: k for k, name in enumerate(names)}
    known: dict[str, Any] = {
        "name": short_list([part.name for part in parts], _NAMED),
        "class_names": names,
        "labels": np.concatenate([_renumbered(table, rank) for table in tables]),
        "splits": np.concatenate([table.splits for table in tables]),
        "notes": joined_notes(notes, told, _notes(parts)),
        "told": tables[0].told,
        "by_class": all(table.by_class for table in tables),
    }
    encoded = [table for table in tables if isinstance(table, Encoded)]
    pixels = [table for table in tables if isinstance(table, Rows)]
    return _pictures(encoded, known) if encoded else _pixels(pixels, known)


def _refuse_unlike(parts: Sequence[Part]) -> None:
    """Refuse sets that cannot be one, naming two of them."""
    for described, help_ in (
        (_labels, "put pictures into folders of their classes"),
        (_content, "bring them to one by `ganray data import`"),
        (_numbers_or_names, "rename the classes of one"),
    ):
        firsts = {described(part.table): part.location.shown for part in reversed(parts)}
        if len(firsts) > 1:
            (one, first), (other, second) = list(firsts.items())[-2:]
            raise RefusedInput(
                f"source: {second!r} has {other}, and {first!r} {one}; as one set they must be "
                f"alike: {help_}"
            )


def _labels(table: Rows | Encoded) -> str:
    return {"none": "no labels"}.get(table.told, table.told)


def _content(table: Rows | Encoded) -> str:
    return f"pixels of {shape_text(table.shape)}" if isinstance(table, Rows) else "picture files"


def _numbers_or_names(table: Rows | Encoded) -> str:
    is_numbered = all(name.isdecimal() for name in table.class_names)
    return "numbers for classes" if is_numbered and table.told == "classes" else "names of classes"


def _splits(parts: Sequence[Part]) -> tuple[dict[str, int], str]:
    """The split of each set by its name, where all names are called so; and what is noted."""
    splits = all_splits({part.name for part in parts})
    told = [f"{name} ({SPLITS[splits[name]]})" for name in natural_order(list(splits))
            if split_code(name) is None]  # fmt: skip
    return splits, f"Read as splits by their names: {short_list(told, 5)}." if told else ""


def _in_split(part: Part, split: int | None) -> Rows | Encoded:
    """A set in the split that its name tells.

    Raises:
        RefusedInput: it holds images of others.
    """
    table, own = part.table, set(np.unique(part.table.splits).tolist())
    if split is None or own == {split}:
        return table
    if own - {TRAIN}:
        raise RefusedInput(
            f"source: {part.location.shown!r} is called {SPLITS[split]}, but holds images of "
            f"{listed([SPLITS[code] for code in sorted(own)])}; rename it"
        )
    return replace(table, splits=np.full_like(table.splits, split))


def _with_classes(
    parts: Sequence[Part], tables: list[Rows | Encoded], are_splits: bool
) -> tuple[list[Rows | Encoded], str]:
    """Sets without labels as classes, where their names may be such; and what is noted."""
    names = list(dict.fromkeys(part.name for part in parts))
    kinds = {one.kind for one in called(names).values()}
    are_parts = are_splits or kinds <= {Kind.PART, Kind.PICTURES} or len(names) == 1
    if tables[0].told != "none" or are_parts:
        return tables, ""
    classes = [class_name(part.name, repr(part.location.shown)) for part in parts]
    made = [replace(table, class_names=[name], told="classes")
            for table, name in zip(tables, classes, strict=True)]  # fmt: skip
    return made, f"Classes are called as what holds their pictures: {short_list(names, 5)}."


def _class_names(tables: Sequence[Table]) -> list[str]:
    """Those of the first set, if all have the same; else all in natural order."""
    first = tables[0].class_names
    if all(table.class_names == first for table in tables):
        return first
    return natural_order(list({name for table in tables for name in table.class_names}))


def _renumbered(table: Table, rank: dict[str, int]) -> np.ndarray:
    return np.asarray([rank[name] for name in table.class_names], np.int32)[table.labels]


def _notes(parts: Sequence[Part]) -> str:
    """What is noted of the sets, each note once."""
    told: dict[str, list[str]] = {}
    for part in parts:
        if part.table.notes:
            told.setdefault(part.table.notes, []).append(part.location.name)
    said = [f"Of {short_list(names, _NAMED)}: {note}" for note, names in told.items()]
    return " ".join(said[:_NAMED]) + (" …" if len(said) > _NAMED else "")


def _pictures(tables: Sequence[Encoded], known: dict[str, Any]) -> Encoded:
    counts = [len(table.chosen) for table in tables]
    layouts = {table.layout for table in tables}
    return Encoded(
        **known,
        items=_Several(
            [table.items for table in tables],
            list(accumulate(counts)),
            [table.chosen for table in tables],
        ),
        chosen=np.arange(sum(counts)),
        strangers=tuple(chain.from_iterable(table.strangers for table in tables)),
        layout=(layouts.pop() if len(layouts) == 1 else None) or _layout,
        fingerprint=lambda: "",
    )


def _layout(digests: Sequence[bytes], table: Table) -> str:
    digest = hashlib.sha256(b"several")
    for content, split, label in zip(digests, table.splits, table.labels, strict=True):
        digest.update(canonical_json([SPLITS[split], table.class_names[label], content.hex()]))
    return digest.hexdigest()


def _pixels(tables: Sequence[Rows], known: dict[str, Any]) -> Rows:
    def fingerprint() -> str:
        found = [[table.fingerprint(), sorted({SPLITS[code] for code in table.splits.tolist()}),
                  table.class_names] for table in tables]  # fmt: skip
        return hashlib.sha256(canonical_json(["several", found])).hexdigest()

    return Rows(
        **known,
        shape=tables[0].shape,
        stream=lambda: chain.from_iterable(table.stream() for table in tables),
        fingerprint=fingerprint,
    )
