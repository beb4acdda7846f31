"""What an archive holds, by its paths; what could lead out of it, or is there twice, is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import dirname, normpath
from typing import NamedTuple

from ganray.errors import RefusedInput, quoted

_DEEPEST, _LONGEST = 100, 1024
"""Folders above a file, and characters of its path; more than macOS has on a disk."""


class Member(NamedTuple):
    """One thing in an archive.

    Attributes:
        kind: file, directory, link, or other (a pipe, a device).
        place: of its content: a byte of a tar, an entry's number of a zip.
        target: of a link, as it stands there.
    """

    kind: str
    size: int = 0
    place: int = 0
    target: str = ""


_FOLDER = Member("directory")


@dataclass
class Members:
    """All of an archive's, by their paths, which are relative and hold no "..".

    Attributes:
        said: the archive's name, for messages.
    """

    said: str
    _by_folder: dict[str, dict[str, Member]] = field(default_factory=lambda: {"": {}})

    def add(self, name: str, member: Member) -> None:
        """One more, and the folders above it.

        Raises:
            RefusedInput: its path leads out of the archive, or is there already.
        """
        path = self.path_of(name)
        if member.kind == "directory":
            self._folder(path)
            return
        above, _, last = path.rpartition("/")
        siblings = self._folder(above)
        if not last:
            raise RefusedInput(f"{self.said!r} holds a file without a name; pack it again")
        if last in siblings:
            raise RefusedInput(f"{self.said!r} holds {name!r} twice; pack it again")
        siblings[last] = member

    def path_of(self, name: str) -> str:
        """A member's name without "./" and the like."""
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if name.startswith("/") or ".." in parts:
            raise RefusedInput(
                f"{self.said!r} holds {quoted(name)}, which leads out of it; pack it again"
            )
        if len(parts) > _DEEPEST or len(name) > _LONGEST:
            raise RefusedInput(
                f"{self.said!r} holds a path of {len(parts)} folders and {len(name):,} characters, "
                f"more than {_DEEPEST} or {_LONGEST:,}; pack it again"
            )
        return "/".join(parts)

    def _folder(self, path: str) -> dict[str, Member]:
        found = self._by_folder.get(path)
        if found is not None:
            return found
        above, _, last = path.rpartition("/")
        siblings = self._folder(above)
        if last in siblings:
            raise RefusedInput(
                f"{self.said!r} holds {path!r} as a file and as a folder; pack it again"
            )
        siblings[last] = _FOLDER
        return self._by_folder.setdefault(path, {})

    def get(self, path: str) -> Member | None:
        """What has that path; no link is followed."""
        if not path:
            return _FOLDER
        above, _, last = path.rpartition("/")
        return self._by_folder.get(above, {}).get(last)

    def within(self, folder: str) -> dict[str, Member] | None:
        """What lies in a folder, by names; None where there is no such folder."""
        return self._by_folder.get(folder)

    def files(self) -> Iterator[tuple[str, Member]]:
        """Every file by its path, in the order of folders as they were found."""
        for folder, inside in self._by_folder.items():
            for name, member in inside.items():
                if member.kind == "file":
                    yield f"{folder}/{name}" if folder else name, member

    def followed(self, path: str) -> str:
        """Where a path leads, by links within the archive.

        Raises:
            FileNotFoundError: out of it, in a circle, or nowhere.
        """
        for _ in range(8):
            member = self.get(path)
            if member is None:
                break
            if member.kind != "link":
                return path
            path = normpath(f"{dirname(path)}/{member.target}").lstrip("/")
            path = "" if path == "." else path
            if member.target.startswith("/") or path.startswith(".."):
                break
        raise FileNotFoundError(path)
