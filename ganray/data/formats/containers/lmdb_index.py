"""Where the values of an LMDB file lie (lmdb.h and mdb.c of OpenLDAP's LMDB 0.9, 64 bits).

A file is pages: two of facts, of which the newer counts, then a B+ tree of branches and leaves. A
leaf's node holds a key and its value, or the number of the pages on which a large value lies.

The library itself maps a file into memory and believes it, so that a truncated or damaged one ends
the process; nor does it read from object stores. Here every number is checked before it is used.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64

from ganray.data.location import Location
from ganray.errors import RefusedInput
from ganray.text.wording import AGAIN

_MAGIC, _VERSION = 0xBEEFC0DE, 1
_HEAD = 16  # bytes before a page's content
_FACTS = struct.Struct("<IIQQ" + 2 * "IHHQQQQQ" + "QQ")
_NODE = struct.Struct("<HHHH")
_BRANCH, _LEAF, _OVERFLOW = 0x01, 0x02, 0x04
_BIG = 0x01  # the value lies on pages of its own
_NOWHERE = (1 << 64) - 1  # the root of an empty tree
_DEEPEST = 32
_SIZES = [1 << power for power in range(8, 17)]  # of pages


@dataclass(frozen=True)
class Values:
    """Where values lie in a file, in the order of their places.

    Attributes:
        starts: the first byte of each.
        lengths: its bytes.
    """

    starts: Int64[np.ndarray, "n"]
    lengths: Int64[np.ndarray, "n"]


@dataclass(frozen=True)
class _Facts:
    page_size: int
    entries: int
    root: int
    last_page: int
    transaction: int


def find_values(location: Location) -> Values:
    """The values of the main database of a `data.mdb`.

    Raises:
        RefusedInput: it is none, truncated or damaged, or has several values to a key.
    """
    try:
        with location.open() as file:
            size = file.seek(0, 2)
            facts = _newest(file, size)
            starts, lengths = array("l"), array("l")
            for start, length in _leaves(file, facts, size):
                starts.append(start)
                lengths.append(length)
    except (_Damaged, struct.error) as error:
        raise RefusedInput(
            f"{location.shown!r} is no readable LMDB file ({error}); {AGAIN}"
        ) from None
    if len(starts) != facts.entries:
        raise RefusedInput(
            f"{location.shown!r} announces {facts.entries} values, but {len(starts)} are in it: "
            f"{AGAIN}"
        )
    order = np.argsort(np.asarray(starts, np.int64), kind="stable")
    return Values(np.asarray(starts, np.int64)[order], np.asarray(lengths, np.int64)[order])


class _Damaged(Exception):
    pass


def _newest(file: Any, size: int) -> _Facts:
    """The facts of the last transaction; one of two pages may be half written."""
    first = _facts(file, 0)
    sizes = [first.page_size] if first else _SIZES
    others = [_facts(file, one) for one in sizes]
    found = [one for one in (first, *others) if one]
    if not found:
        raise _Damaged("it does not begin as one of version 1")
    newest = max(found, key=lambda one: one.transaction)
    if (newest.last_page + 1) * newest.page_size > size:
        raise _Damaged(
            f"{newest.last_page + 1} pages of {newest.page_size} bytes in a file of {size}: it is "
            "truncated"
        )
    return newest


def _facts(file: Any, place: int) -> _Facts | None:
    file.seek(place)
    data = file.read(_HEAD + _FACTS.size)[_HEAD:]
    if len(data) < _FACTS.size:
        return None
    values = _FACTS.unpack(data)
    magic, version, page_size = values[0], values[1], values[4]
    if magic != _MAGIC or version != _VERSION or page_size not in _SIZES:
        return None
    return _Facts(page_size, values[18], values[19], values[20], values[21])


def _leaves(file: Any, facts: _Facts, size: int) -> Iterator[tuple[int, int]]:
    """The place and length of each value, leaf by leaf."""
    pending = [(facts.root, 0)] if facts.root != _NOWHERE else []
    seen: set[int] = set()
    while pending:
        number, depth = pending.pop()
        if number in seen or number > facts.last_page or depth > _DEEPEST:
            raise _Damaged(f"page {number} is twice in the tree, or beyond its end")
        seen.add(number)
        file.seek(number * facts.page_size)
        page = file.read(facts.page_size)
        (flags, lower) = struct.unpack("<HH", page[10:14])
        if flags & _BRANCH:
            pending += [(child, depth + 1) for child in _children(page, lower)][::-1]
        elif flags & _LEAF:
            yield from _values(page, lower, number, facts, size)
        else:
            raise _Damaged(f"page {number} is neither a branch nor a leaf")


def _nodes(page: bytes, lower: int) -> Iterator[tuple[int, tuple[int, int, int, int]]]:
    """Where each node of a page begins, and its four numbers."""
    if not _HEAD <= lower <= len(page):
        raise _Damaged("a page whose nodes lie beyond its end")
    for (place,) in struct.iter_unpack("<H", page[_HEAD : lower - lower % 2]):
        if place + _NODE.size > len(page):
            raise _Damaged("a node beyond the end of its page")
        yield place, _NODE.unpack_from(page, place)


def _children(page: bytes, lower: int) -> list[int]:
    return [low | high << 16 | flags << 32 for _, (low, high, flags, _) in _nodes(page, lower)]


def _values(
    page: bytes, lower: int, number: int, facts: _Facts, size: int
) -> Iterator[tuple[int, int]]:
    for place, (low, high, flags, key) in _nodes(page, lower):
        length, start = low | high << 16, place + _NODE.size + key
        if flags & ~_BIG:
            raise _Damaged("several values to a key, or a database within it")
        if flags & _BIG:
            (first,) = struct.unpack("<Q", page[start : start + 8])
            begin = first * facts.page_size + _HEAD
            if first > facts.last_page or begin + length > size:
                raise _Damaged("a value beyond the end of the file")
            yield begin, length
        elif start + length > len(page):
            raise _Damaged("a value beyond the end of its page")
        else:
            yield number * facts.page_size + start, length
