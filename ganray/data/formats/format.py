"""What a format of sources is: how one is recognised, and how it is read."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from ganray.data.formats import FORMATS
from ganray.data.listing import Listing, list_below, refuse_packed
from ganray.data.location import Location
from ganray.data.pictures.encoded import Encoded
from ganray.data.rows import Rows
from ganray.data.spec import DatasetSpec
from ganray.errors import RefusedInput


@dataclass(frozen=True)
class Found:
    """A source of an unknown format; what lies in it is listed once for all that may fit."""

    location: Location

    @cached_property
    def listing(self) -> Listing:
        """All that lies below it.

        Raises:
            RefusedInput: there is nothing.
        """
        if "file" in self.location.fs.protocol and not self.location.exists():
            raise RefusedInput(f"source (={self.location.shown!r}) does not exist")
        return list_below(self.location)

    def has(self, name: str) -> bool:
        """Whether a file of that name lies in it: asked by name where a server lists nothing."""
        kind = "link" if self._kinds is None else self._kinds.get(name)
        return kind == "file" or (kind == "link" and self.location.child(name).is_file())

    def holds(self, name: str) -> bool:
        """Whether there may be a folder of that name in it."""
        return self._kinds is None or self._kinds.get(name) in ("directory", "link")

    @cached_property
    def _kinds(self) -> dict[str, str] | None:
        try:
            return self.location.children()
        except RefusedInput:
            return None


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        valid: what a source of it is, as refusals say it: "a folder with dataset.json".
        fits: whether a source is of it, asked where no format before it fits.
        read: its rows in their order, labels checked and images to be streamed; or pictures, which
            are looked at, decoded and made to fit later. Of the spec it heeds the columns.
        suffixes: a source whose name has such an end is of it, without a look into it.
        in_place: whether it is ganray's own, to be trained from without an import.
    """

    valid: str
    fits: Callable[[Found], bool]
    read: Callable[[Location, DatasetSpec], Rows | Encoded]
    suffixes: tuple[str, ...] = ()
    in_place: bool = False


def format_called(name: str) -> Format:
    """The format of that name."""
    found: Format = importlib.import_module(FORMATS[name]).FORMAT
    return found


def recognised(location: Location) -> Format:
    """The format of what lies there.

    Raises:
        RefusedInput: there is nothing, or it is of no known format; says which ones are known.
    """
    formats = [format_called(name) for name in FORMATS]
    named = (one for one in formats if location.name.lower().endswith(one.suffixes))
    found = Found(location)
    fitting = next(named, None) or next((one for one in formats if one.fits(found)), None)
    if fitting is None:
        refuse_packed(found.listing)
        raise RefusedInput(
            f"source (={location.shown!r}) is of no known format; valid: "
            + "; ".join(one.valid for one in formats)
        )
    return fitting
