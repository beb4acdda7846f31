"""Several files or folders as one source: `train-{000..009}.tar`, `{a,b}.zip`, `s3://bucket/*/*`.

What is named lies in one folder in which nothing else is seen, where that makes one set: files of a
format, class folders, splits. Archives, folders that hold sets, and what lies on several file
systems are sets of their own, to be joined.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from posixpath import commonpath, dirname

from ganray.data.formats.containers.webdataset_samples import are_samples, members_of
from ganray.data.formats.folder_names import all_splits, is_pictures
from ganray.data.listing import ARCHIVES, is_passed_over
from ganray.data.location import Location, Selection
from ganray.data.packed.held import is_called_archive
from ganray.data.pictures.decoding import is_picture
from ganray.data.rows import natural_order
from ganray.errors import RefusedInput
from ganray.text.urls import is_url
from ganray.text.wording import short_list

_GLOB = re.compile(r"[*?\[{]")
_WILD = re.compile(r"[*?\[]")
_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}|\{(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?\}")
_KINDS = (".parquet", ".npz", ".csv", ".csv.gz", *ARCHIVES, ".mat", ".h5", ".mdb")
_MOST = 4096  # patterns that braces make
_MOST_ARCHIVES = 500  # each is open as long as the source is


def named(sources: Sequence[Location]) -> list[Location]:
    """What paths, URLs and globs name: one place, or several that are sets of their own.

    Raises:
        RefusedInput: one does not exist, or nothing matches it; files are of different formats; or
            there are too many archives.
    """
    found = [place for one in sources for place in _found(one, len(sources) > 1)]
    by_url = {place.shown: place for place in found}
    places = list(by_url.values())
    if len(places) == 1:
        return places
    if _are_one_set(places):
        return [_selected(places)]
    if len(places) > _MOST_ARCHIVES:
        raise RefusedInput(
            f"source (={sources[0].shown!r}): {len(places):,} sets are more than {_MOST_ARCHIVES}; "
            "unpack archives into one folder, or name fewer"
        )
    return [by_url[shown] for shown in natural_order(list(by_url))]


def _found(source: Location, listed: bool) -> list[Location]:
    """What one source names; as it is where it is no glob, or the name of something."""
    is_web = "http" in source.fs.protocol  # which lists nothing, but knows what choices name
    may_be = _GLOB.search(source.path) and "::" not in source.shown
    if is_web and may_be and not _WILD.search(source.path):
        return _choices(source)
    if is_web or not may_be or source.exists():
        if listed and not source.exists():
            raise RefusedInput(f"source (={source.shown!r}) does not exist")
        return [source]
    matches = {one.shown: one.matching() for one in _choices(source)}
    if missing := [repr(shown) for shown, paths in matches.items() if not paths]:
        raise RefusedInput(f"source (={source.shown!r}): nothing matches {short_list(missing, 3)}")
    return [_at(path, source) for paths in matches.values() for path in paths]


def _choices(source: Location) -> list[Location]:
    """One for each choice between braces, `{a,b}` or `{000..009}`."""
    patterns = [source.path]
    while len(patterns) <= _MOST and any(map(_BRACES.search, patterns)):
        patterns = [one for path in patterns for one in _chosen(path)]
    if len(patterns) > _MOST:
        raise RefusedInput(
            f"source (={source.shown!r}) has over {_MOST:,} choices in braces; name them by *"
        )
    return [_at(path, source) for path in patterns]


def _chosen(path: str) -> list[str]:
    match = _BRACES.search(path)
    if match is None:
        return [path]
    choices = _counted(*match.groups()[1:]) if match[1] is None else match[1].split(",")
    return [path[: match.start()] + one + path[match.end() :] for one in choices]


def _counted(first: str, last: str, step: str | None) -> list[str]:
    """Numbers from one to another, as wide as the wider of them where one begins with 0."""
    padded = any(end.lstrip("-").startswith("0") and len(end) > 1 for end in (first, last))
    width = max(len(first), len(last)) if padded else 0
    low, high, by = int(first), int(last), abs(int(step or 1)) or 1
    numbers = range(low, high + 1, by) if low <= high else range(low, high - 1, -by)
    return [f"{number:0{width}d}" for number in numbers[: _MOST + 1]]


def _are_one_set(places: Sequence[Location]) -> bool:
    """Whether they are files and folders of one set; else each is a set."""
    first = places[0]
    apart = ((one.fs is not first.fs and one.fs != first.fs) or "::" in one.shown for one in places)
    if any(apart) or "http" in first.fs.protocol:
        return False
    packed = [one for one in places if is_called_archive(one.name) and one.kind() == "file"]
    if packed:
        return len(packed) == len(places) and _are_shards(packed)
    folders = [one for one in places if not _is_file(one)]
    return len(folders) < len(places) or not _are_sets(folders)


def _are_shards(packed: Sequence[Location]) -> bool:
    """Whether they are a WebDataset's, which are read as one."""
    if not all(one.name.endswith(".tar") for one in packed):
        return False
    return are_samples(path for path, _ in members_of(packed[0]).files())


def _is_file(place: Location) -> bool:
    name = place.name.lower()
    return is_picture(name) or name.endswith(_KINDS) or place.kind() == "file"


def _are_sets(folders: Sequence[Location]) -> bool:
    """Whether each holds a set: not where they lie as class folders or splits do in one."""
    root = _above(folders)
    parts = [one.path.removeprefix(f"{root}/").split("/") for one in folders]
    if all_splits({part[0] for part in parts}) or len({part[-1] for part in parts}) == 1:
        return False
    if any(len(part) > 1 for part in parts):
        return True
    return all(map(_holds_classes, folders))


def _holds_classes(folder: Location) -> bool:
    """Whether folders lie in it, and not one alone that is there for nothing."""
    inside = folder.children()
    folders = [name for name, kind in inside.items() if kind != "file" and not is_passed_over(name)]
    is_wrapper = len(folders) == 1 and (
        is_pictures(folders[0]) or folders[0].casefold() == folder.name.casefold()
    )
    return bool(folders) and not is_wrapper and not any(map(is_picture, inside))


def _above(places: Sequence[Location]) -> str:
    return commonpath([dirname(place.path.rstrip("/")) for place in places])


def _selected(places: Sequence[Location]) -> Location:
    _refuse_kinds(places)
    root = _at(_above(places), places[0])
    paths = frozenset(place.path.rstrip("/") for place in places)
    return Location(root.fs, root.path, root.shown, Selection(paths))


def _at(path: str, location: Location) -> Location:
    """A path on the file system of a location."""
    shown = location.fs.unstrip_protocol(path) if is_url(location.shown) else path
    return Location(location.fs, path, shown)


def _refuse_kinds(places: Sequence[Location]) -> None:
    firsts: dict[str, str] = {}
    for place in places:
        name = PurePosixPath(place.path).name.lower()
        kind = "picture" if is_picture(name) else next(filter(name.endswith, _KINDS), "")
        firsts.setdefault(kind, place.shown)
    firsts.pop("", None)  # folders, lists of names, IDX
    if len(firsts) > 1:
        one, other = list(firsts.values())[:2]
        raise RefusedInput(
            f"source: {one!r} and {other!r} are of different formats; name those of one"
        )
