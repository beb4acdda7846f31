"""A source's location: that which is named, the inside of an archive, or what a glob finds."""

from __future__ import annotations

from ganray.data.listing import is_passed_over
from ganray.data.location import Location
from ganray.data.packed.file_system import Archive
from ganray.data.packed.held import held
from ganray.data.pictures.decoding import is_picture
from ganray.data.rows import split_code


def entered(location: Location) -> Location | None:
    """The inside of the archive that lies there; None where none lies there.

    Raises:
        RefusedInput: as `held` and `Archive`.
    """
    found = held(location)
    if found is None:
        return None
    return _wrapped(Location(Archive(location, found), "", location.shown))


def _wrapped(root: Location) -> Location:
    """The one folder that all was packed in, where files lie in it that are no pictures.

    As of CIFAR's archives; of a class's folder, and of one with class folders, it is not for here
    to say.
    """
    while True:
        inside = {name: kind for name, kind in root.children().items() if not is_passed_over(name)}
        if list(inside.values()) != ["directory"]:
            return root
        (only,) = inside
        below = root.child(only)
        files = [name for name, kind in below.children().items()
                 if kind == "file" and not is_passed_over(name)]  # fmt: skip
        if split_code(only) is not None or not files or any(map(is_picture, files)):
            return root
        root = below
