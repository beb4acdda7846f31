"""One shard of a WebDataset: members of one key are a sample, `key.jpg` and `key.cls`, say."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64

from ganray.data.location import Location, refuse_large
from ganray.data.packed.file_system import Archive
from ganray.data.packed.members import Member, Members
from ganray.data.packed.tars import tar_members
from ganray.data.pictures.decoding import MAX_BYTES, SUFFIXES
from ganray.errors import RefusedInput

_PICTURES = {suffix.removeprefix(".") for suffix in SUFFIXES}
_KEYS = ("label", "class", "cls")
"""Of a sample's JSON, by which one says its class."""
_VALID = "a number below 10⁹ or a name"
_LONGEST = 1 << 20  # bytes of a label's member


@dataclass(frozen=True)
class Samples:
    """The pictures of a shard in the order in which they lie in it, and what is said of them.

    Attributes:
        names: of the pictures' members, in UTF-8.
        labels: of each picture as it is written; None of one without.
        bare: how many samples have no picture.
        unread: endings of what is not read, and how many there are.
    """

    shard: Location
    names: np.ndarray
    places: Int64[np.ndarray, "n"]
    sizes: Int64[np.ndarray, "n"]
    labels: list[str | int | None]
    bare: int
    unread: Counter[str]

    def said(self, item: int) -> str:
        """What messages call a picture."""
        return f"{self.shard.shown!r}, {bytes(self.names[item]).decode(errors='replace')!r}"

    def contents(self, chosen: Int64[np.ndarray, "n"]) -> Iterator[bytes | RefusedInput]:
        """Some pictures in their order: the shard is read from its start to its end."""
        with _reading(self.shard) as read:
            for item in chosen.tolist():
                size = int(self.sizes[item])
                try:
                    refuse_large(size, MAX_BYTES, self.said(item))
                    yield read(Member("file", size, int(self.places[item])))
                except RefusedInput as error:
                    yield error


def key_and_ending(path: str) -> tuple[str, str]:
    """WebDataset's rule: all to the first dot of the name, with the folders; and what follows."""
    folder, slash, name = path.rpartition("/")
    key, _, ending = name.partition(".")
    return f"{folder}{slash}{key}", ending.lower()


def are_samples(paths: Iterable[str]) -> bool:
    """Whether files with these names are: pictures with `.cls`, or half of them with `.json`."""
    keys: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        key, ending = key_and_ending(path)
        keys["picture" if ending in _PICTURES else ending].add(key)
    both = len(keys["picture"] & keys["json"])
    return bool(keys["picture"] & keys["cls"]) or 2 * both > len(keys["picture"])


def members_of(shard: Location) -> Members:
    """All that a shard holds: of a tar, or of an archive that is entered already."""
    if isinstance(shard.fs, Archive) and not shard.path:
        return shard.fs.members
    with shard.open() as file:
        return tar_members(file, shard.shown)


def samples_of(shard: Location) -> Samples:
    """A shard's samples.

    Raises:
        RefusedInput: it is no tar, two pictures have one key, or a label cannot be read.
    """
    files = [one for one in members_of(shard).files() if one[0].rpartition("/")[2][:1] != "."]
    files.sort(key=lambda one: one[1].place)
    pictures: dict[str, tuple[str, Member]] = {}
    told: dict[str, tuple[str, Member]] = {}
    unread: Counter[str] = Counter()
    twice: list[tuple[str, str]] = []
    for path, member in files:
        key, ending = key_and_ending(path)
        if ending in _PICTURES:
            if key in pictures:
                twice.append((pictures[key][0], path))
            pictures[key] = path, member
        elif ending == "cls" or (ending == "json" and told.get(key, ("json",))[0] == "json"):
            told[key] = ending, member
        elif ending != "json":
            unread[ending] += 1
    if twice:
        one, other = twice[0]
        raise RefusedInput(
            f"{shard.shown!r}: samples with two pictures: {len(twice):,}, as {one!r} and "
            f"{other!r}; leave one of them out"
        )
    labels = _labels(shard, told)
    return Samples(
        shard,
        np.asarray([path.encode(errors="surrogateescape") for path, _ in pictures.values()], "S"),
        np.asarray([member.place for _, member in pictures.values()], np.int64),
        np.asarray([member.size for _, member in pictures.values()], np.int64),
        [labels.get(key) for key in pictures],
        len(told.keys() - pictures.keys()),
        unread,
    )


def _labels(shard: Location, told: dict[str, tuple[str, Member]]) -> dict[str, str | int | None]:
    found = {}
    with _reading(shard) as read:
        for key, (ending, member) in told.items():
            where = f"{shard.shown!r}, {f'{key}.{ending}'!r}"
            refuse_large(member.size, _LONGEST, where)
            found[key] = _label(read(member), ending, where)
    return found


def _label(content: bytes, ending: str, where: str) -> str | int | None:
    """A number or a name; None where the sample has none."""
    try:
        value: Any = content.decode().strip()
        if ending == "json":
            said = json.loads(value)
            said = said if isinstance(said, dict) else {}
            value = next((said[key] for key in _KEYS if said.get(key) is not None), "")
    except (ValueError, RecursionError):
        raise RefusedInput(f"{where} is no label in UTF-8, or no JSON; valid: {_VALID}") from None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RefusedInput(f"{where}: label (={value!r:.80}) must be {_VALID}")
    if isinstance(value, str):
        digits = value.removeprefix("-")
        return int(value) if digits.isdecimal() and len(digits) < 10 else value or None
    if abs(value) >= 10**9:
        raise RefusedInput(f"{where}: label (={value!r:.80}) must be {_VALID}")
    return value


@contextmanager
def _reading(shard: Location) -> Iterator[Any]:
    """What reads a member's content, while the shard is open."""
    if isinstance(shard.fs, Archive) and not shard.path:
        yield shard.fs.content
        return
    with shard.open() as file:

        def read(member: Member) -> bytes:
            file.seek(member.place)
            return file.read(member.size)

        yield read
