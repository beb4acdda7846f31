"""Settings laid over others: a file's over a preset's, a variant's over its study's, a trial's.

Of what was underneath is left out what means nothing beside what lies on top; where both clash, the
message names both, as nobody can change what he did not write.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ganray.errors import FieldPath, RefusedInput, RefusedSettings, quoted

T = TypeVar("T")
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Origin:
    """Where a setting comes from that a file does not hold: the `from` of one of its groups."""

    group: str
    word: Any


@dataclass(frozen=True)
class Overlaid:
    """A file's values with others underneath.

    Attributes:
        values: all of them.
        brought: by the paths of those that lie underneath, where they come from.
    """

    values: Values
    brought: Mapping[FieldPath, Origin]

    def read(self, read: Callable[[Values], T]) -> T:
        """What `read` makes of them.

        Raises:
            RefusedInput: they are not valid, or not together.
        """
        try:
            return without_unused(self.values, read, self.brought)
        except RefusedSettings as error:
            raise self._clash(read, error) from None

    def _clash(self, read: Callable[[Values], T], error: RefusedInput) -> RefusedInput:
        """The same error, with whose the settings are where they would be valid apart."""
        if not self.brought or not self._fits(read, self.brought):
            return error
        theirs = self._least(read)
        written = [path for path in _leaves(self.values) if path not in self.brought]
        own = [path for path in written if self._fits(read, [path])]
        own = own or [path for path in written if path[0] == theirs[0][0]]
        origin = self.brought[theirs[0]]
        return RefusedInput(
            f"{error}; {self._told(theirs)} of {origin.group}.from (={quoted(origin.word)}) does "
            f"not go with {self._told(own)} of the file: change this, write that beside `from` as "
            "it should be, or leave `from` out"
        )

    def _least(self, read: Callable[[Values], T]) -> list[FieldPath]:
        """Of what lies underneath as little as is in the way."""
        found = list(self.brought)
        for path in self.brought:
            others = [one for one in found if one != path]
            if self._fits(read, others):
                found = others
        return found

    def _fits(self, read: Callable[[Values], T], but: Iterable[FieldPath]) -> bool:
        try:
            without_unused(_without(self.values, but), read, self.brought)
        except RefusedInput:
            return False
        return True

    def _told(self, paths: Sequence[FieldPath]) -> str:
        named = {".".join(map(str, path)): _at(self.values, path) for path in paths}
        return ", ".join(f"{name} (={quoted(value)})" for name, value in named.items())


def without_unused(values: Values, read: Callable[[Values], T], under: Collection[FieldPath]) -> T:
    """What `read` makes of some values, but for those that it says mean nothing beside others.

    Args:
        under: the paths of those that may be left out: others count more.

    Raises:
        RefusedSettings: as `read`, of what remains.
    """
    while True:
        try:
            return read(values)
        except RefusedSettings as error:
            idle = [path for path in error.unused if path in under and _holds(values, path)]
            if not idle:
                raise
            values = _without(values, idle)


def _leaves(values: Values, above: FieldPath = ()) -> Iterator[FieldPath]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name)


def _at(values: Values, path: FieldPath) -> Any:
    for name in path:
        values = values[name]
    return values


def _holds(values: Any, path: FieldPath) -> bool:
    if not path:
        return True
    inside = isinstance(values, Mapping) and path[0] in values
    return inside and _holds(values[path[0]], path[1:])


def _without(values: Values, paths: Iterable[FieldPath]) -> Values:
    """The same but for some settings."""
    for name, *rest in paths:
        if rest:
            values = {**values, name: _without(values[name], [tuple(rest)])}
        else:
            values = {one: value for one, value in values.items() if one != name}
    return values
