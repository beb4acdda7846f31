"""What lies below a folder, without what no person put there; nothing is left out in silence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from pathlib import PurePosixPath

from ganray.data.location import PACKED, Location
from ganray.data.pictures.decoding import is_picture
from ganray.data.rows import natural_order, split_words
from ganray.errors import RefusedInput, one_line
from ganray.text.wording import short_list

# Besides all names that begin with a dot: what Windows, macOS, Synology, QNAP and others leave.
_DROPPINGS = {
    *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "thumbs.db:encryptable", "desktop.ini"),
    *("$recycle.bin", "recycler", "system volume information", "picasa.ini", "zbthumbnail.info"),
    *("__macosx", "icon\r", "@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot"),
    *("lost+found", "__pycache__"),
}


@dataclass(frozen=True)
class Listing:
    """Files and folders by their paths below `root`, sorted.

    Attributes:
        kinds: path → "file" or "directory"; links are what they lead to.
        passed_over: hidden files and folders, and the droppings of systems.
        linked: links to files, by their paths → what they lead to.
    """

    root: Location
    kinds: dict[str, str]
    passed_over: list[str]
    linked: dict[str, str]

    @property
    def note(self) -> str:
        """A sentence that counts what was passed over; empty where nothing was."""
        if not self.passed_over:
            return ""
        shown = short_list([one_line(path) for path in self.passed_over], 3)
        return f"Passed over as hidden or left by a system: {shown}."

    def note_of_unread(self, paths: Sequence[str]) -> str:
        """A sentence on those of some files, none of which is read, that are called as a split."""
        called = [path for path in paths if split_words(path.rpartition("/")[2])]
        return f"Left out, though called as a split: {short_list(called, 3)}." if called else ""

    def refuse_twice(self, paths: Sequence[str]) -> None:
        """Refuse to read one file under two of its paths.

        Raises:
            RefusedInput: naming the link and the other path.
        """
        seen: dict[str, str] = {}
        whole = self.root.real_path()
        for path in paths if self.linked else ():
            first = seen.setdefault(self.linked.get(path, f"{whole}/{path}"), path)
            if first != path:
                one, other = (self.root.child(name).shown for name in (path, first))
                raise RefusedInput(f"{one!r} and {other!r} are one file by links; remove one")

    def below(self, folder: str) -> Listing:
        """What of it lies in a folder, as if that had been listed."""
        start = f"{folder}/"

        def inner(paths: dict[str, str]) -> dict[str, str]:
            return {path.removeprefix(start): value for path, value in paths.items()
                    if path.startswith(start)}  # fmt: skip

        own = self.root.child(folder)
        return Listing(own, inner(self.kinds), self.passed_over, inner(self.linked))

    def without(self, folders: Collection[str]) -> Listing:
        """The same without some folders and all below them."""
        left = tuple(f"{folder}/" for folder in folders)
        kinds = {path: kind for path, kind in self.kinds.items()
                 if not f"{path}/".startswith(left)}  # fmt: skip
        return replace(self, kinds=kinds) if left else self

    @cached_property
    def picture_folders(self) -> set[str]:
        """The folders in which pictures lie, not those above them."""
        return {path.rpartition("/")[0] for path in self.files if is_picture(path)}

    def is_named(self, path: str) -> bool:
        """Whether a glob names it itself, not something above it."""
        selected = self.root.selected
        return selected is not None and self.root.child(path).path in selected.paths

    @cached_property
    def above_pictures(self) -> set[str]:
        """The folders in which, or below which, pictures lie; without the root."""
        return {above for folder in self.picture_folders
                for above in accumulate(folder.split("/"), "{}/{}".format)}  # fmt: skip

    def has_pictures_in(self, folder: str) -> bool:
        """Whether pictures lie in `folder` ("" is the root), not in folders below."""
        return folder in self.picture_folders

    @property
    def files(self) -> list[str]:
        """The paths of all files."""
        return [path for path, kind in self.kinds.items() if kind == "file"]

    @cached_property
    def _inside(self) -> dict[str, dict[str, list[str]]]:
        """Folder → kind → names of what lies in it, sorted: one pass, however many folders."""
        found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for path, kind in self.kinds.items():
            folder, _, name = path.rpartition("/")
            found[folder][kind].append(name)
        return found

    def files_in(self, folder: str) -> list[str]:
        """Names of the files in `folder` ("" is the root), not of those in folders below."""
        return self._names_in(folder, "file")

    def folders_in(self, folder: str) -> list[str]:
        """Names of the folders in `folder` ("" is the root), in natural order."""
        return natural_order(self._names_in(folder, "directory"))

    def _names_in(self, folder: str, kind: str) -> list[str]:
        return self._inside[folder][kind] if folder in self._inside else []


def list_below(root: Location) -> Listing:
    """Every file and folder below `root`; links to folders are followed.

    Raises:
        RefusedInput: for a folder that cannot be read, a name that is no UTF-8, a link that leads
            nowhere, in a circle, or to a folder that is read already, and for pipes and devices.
    """
    kinds: dict[str, str] = {}
    passed_over: list[str] = []
    linked: dict[str, str] = {}
    trees = [root.real_path()]
    pending = [""]
    while pending:
        folder = pending.pop()
        place = root.child(folder) if folder else root
        for name, kind in place.children().items():
            path = f"{folder}/{name}" if folder else name
            if is_passed_over(name):
                passed_over.append(path)
                continue
            kinds[path] = _kind(place.child(name), kind, trees)
            if kinds[path] == "directory":
                pending.append(path)
            elif kind == "link":
                linked[path] = place.child(name).real_path()
    return Listing(root, dict(sorted(kinds.items())), sorted(passed_over), linked)


ARCHIVES = (".zip", ".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".tar.gz", ".tar.bz2",
            ".tar.xz", ".tar.zst", ".tar.lz4")  # fmt: skip
"""Ends of the names of what is read like a folder."""


def refuse_packed(listing: Listing) -> None:
    """Tell of archives where there is nothing else.

    Raises:
        RefusedInput: naming one.
    """
    packed = [path for path in listing.files if path.lower().endswith(ARCHIVES)]
    if packed:
        within = PACKED in listing.root.fs.protocol
        advice = f"unpack {listing.root.shown!r} and name that" if within else "name that"
        if len(packed) > 1 and not within:
            pattern = listing.root.child(f"*{PurePosixPath(packed[0]).suffix}").shown
            advice = f"name that, or several by a list or a glob, such as {pattern!r}"
        raise RefusedInput(f"{listing.root.child(packed[0]).shown!r} is an archive; {advice}")


def is_passed_over(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or a dropping."""
    return name.startswith((".", "~$")) or name.lower() in _DROPPINGS


def _kind(place: Location, kind: str, trees: list[str]) -> str:
    _refuse_broken_name(place)
    if kind == "link":
        kind = _followed(place, trees)
    if kind not in ("file", "directory"):
        raise RefusedInput(f"{place.shown!r} is neither a file nor a folder; remove it")
    return kind


def _refuse_broken_name(place: Location) -> None:
    """Out of an old zip file, say: it could be read, but not be written down."""
    try:
        place.name.encode()
    except UnicodeEncodeError:
        raise RefusedInput(
            f"{place.shown!r}: its name is no UTF-8; rename it (such as `convmv -f latin1 -t utf8`)"
        ) from None


def _followed(link: Location, trees: list[str]) -> str:
    """What a link leads to; a folder joins `trees`, the folders read whole, by their real paths."""
    try:
        kind = link.kind()
    except RefusedInput as error:
        raise RefusedInput(
            f"{link.shown!r} is a link that leads nowhere ({error}); remove it"
        ) from None
    if kind == "directory":
        target = link.real_path()
        if any(_overlap(target, tree) for tree in trees):
            raise RefusedInput(
                f"{link.shown!r} is a link to {target!r}, whose files would be read twice (or "
                f"without end); remove it"
            )
        trees.append(target)
    return kind


def _overlap(one: str, other: str) -> bool:
    first, second = PurePosixPath(one), PurePosixPath(other)
    return first.is_relative_to(second) or second.is_relative_to(first)
