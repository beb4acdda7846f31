"""Several files or folders as one source: `train-*.tar`, `{a,b}.parquet`, `s3://bucket/*/*.png`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from posixpath import commonpath, dirname

from ganray.data.location import Location, Selection
from ganray.data.pictures.decoding import is_picture
from ganray.errors import RefusedInput
from ganray.urls import is_url

_GLOB = re.compile(r"[*?\[{]")
_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_KINDS = (".parquet", ".npz", ".csv", ".csv.gz", ".tar", ".zip", ".mat", ".h5", ".mdb")
_MOST = 4096  # patterns that braces make


def globbed(location: Location) -> Location | None:
    """What a glob names: a folder above it all, in which nothing else is seen, or the one thing.

    None where it is no glob, or names what exists; and for a web server, which lists nothing.

    Raises:
        RefusedInput: nothing matches it, or files of different formats do.
    """
    found = _matches(location)
    return None if found is None else _selected(found, location)


def several(named: Sequence[Location]) -> Location:
    """As `globbed`, what a list of files, folders and globs names.

    Raises:
        RefusedInput: one of them does not exist; they lie on several file systems, or on a web
            server; or as `globbed`.
    """
    first, paths = named[0], list[str]()
    for one in named:
        if one.fs != first.fs or "http" in one.fs.protocol or "::" in one.shown:
            raise RefusedInput(
                f"source: {first.shown!r} and {one.shown!r} cannot be one set; a list is of files "
                "on this machine, or in buckets of one kind"
            )
        found = _matches(one)
        if found is None and not one.exists():
            raise RefusedInput(f"source (={one.shown!r}) does not exist")
        paths += [one.path.rstrip("/")] if found is None else found
    return _selected(list(dict.fromkeys(paths)), first)


def _matches(location: Location) -> list[str] | None:
    if not _GLOB.search(location.shown) or "http" in location.fs.protocol:
        return None
    if "::" in location.shown or location.exists():
        return None
    return list(dict.fromkeys(path for one in _patterns(location) for path in one.matching()))


def _selected(found: Sequence[str], location: Location) -> Location:
    _refuse_kinds(found, location)
    if len(found) == 1:
        return _at(found[0], location)
    root = _at(commonpath([dirname(path) for path in found]), location)
    return Location(root.fs, root.path, root.shown, Selection(frozenset(found)))


def _patterns(location: Location) -> list[Location]:
    """One for each choice between braces.

    Raises:
        RefusedInput: nothing matches one of them.
    """
    patterns = [location.path]
    while any(_BRACES.search(path) for path in patterns) and len(patterns) <= _MOST:
        patterns = [one for path in patterns for one in _chosen(path)]
    if len(patterns) > _MOST:
        raise RefusedInput(
            f"source (={location.shown!r}) has over {_MOST:,} choices in braces; name them by *"
        )
    located = [_at(path, location) for path in patterns]
    for one in located:
        if not one.matching():
            named = one.shown if len(located) > 1 else location.shown
            raise RefusedInput(f"source (={location.shown!r}): nothing matches {named!r}")
    return located


def _chosen(path: str) -> list[str]:
    match = _BRACES.search(path)
    if match is None:
        return [path]
    return [path[: match.start()] + one + path[match.end() :] for one in match[1].split(",")]


def _at(path: str, location: Location) -> Location:
    """A path on the file system of a location."""
    shown = location.fs.unstrip_protocol(path) if is_url(location.shown) else path
    return Location(location.fs, path, shown)


def _refuse_kinds(paths: Sequence[str], location: Location) -> None:
    firsts: dict[str, str] = {}
    for path in paths:
        name = PurePosixPath(path).name.lower()
        kind = "picture" if is_picture(name) else next(filter(name.endswith, _KINDS), "")
        firsts.setdefault(kind, path)
    firsts.pop("", None)  # folders, lists of names, IDX
    if len(firsts) > 1:
        one, other = (_at(path, location).shown for path in list(firsts.values())[:2])
        raise RefusedInput(
            f"source: {one!r} and {other!r} are of different formats; name those of one"
        )
