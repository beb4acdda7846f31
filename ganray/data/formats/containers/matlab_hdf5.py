"""Variables of a MATLAB file of version 7.3, which is HDF5, by way of h5py (an extra)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ganray.data.formats.containers.unpacking import refuse_web_page
from ganray.data.location import Location
from ganray.errors import GanrayError, RefusedInput, brief
from ganray.text.wording import AGAIN

MAGIC = b"\x89HDF\r\n\x1a\n"
_MOST_ARRAYS = 1000
_PLACES = (0, 512)  # MATLAB writes a header of its own before it
_LARGEST_CHUNK = 64 << 20  # bytes, of which one is held
_MOST_PACKED = 1100  # bytes that deflate can make of one


def is_hdf5(location: Location) -> bool:
    """Whether a MATLAB file is of version 7.3: it begins as HDF5 does, after a header or not.

    Raises:
        RefusedInput: it is a web page.
    """
    with location.open() as file:
        head = file.read(_PLACES[-1] + len(MAGIC))
    refuse_web_page(head, location, "a MATLAB file")
    return any(head[place:].startswith(MAGIC) for place in _PLACES)


@contextmanager
def arrays(location: Location) -> Iterator[dict[str, Any]]:
    """The arrays of a file by name, sizes in the opposite order of MATLAB's.

    Raises:
        RefusedInput: h5py is not installed; the file is damaged; an array lies in another file,
            or is larger than the file could hold.
    """
    try:
        import h5py
    except ImportError:
        raise RefusedInput(
            f"{location.shown!r} is a MATLAB file of version 7.3, which needs h5py: "
            "pip install 'ganray[hdf5]', or save it with -v7"
        ) from None
    try:
        with location.open() as raw, h5py.File(raw, "r") as file:
            size = raw.seek(0, 2)
            if len(file) > _MOST_ARRAYS:
                raise RefusedInput(
                    f"{location.shown!r} holds {len(file)} arrays, more than {_MOST_ARRAYS}; "
                    "save X and y alone"
                )
            found = {
                name: one
                for name in file
                if isinstance(file.get(name, getlink=True), h5py.HardLink)
                and isinstance(one := file[name], h5py.Dataset)
            }
            for name, one in found.items():
                _refuse_strange(one, name, size, location)
            yield found
    except GanrayError:
        raise
    except Exception as error:  # whatever HDF5 stumbles over
        raise RefusedInput(
            f"{location.shown!r} is a damaged MATLAB file ({brief(error)}); {AGAIN}"
        ) from None


def _refuse_strange(one: Any, name: str, size: int, location: Location) -> None:
    if one.is_virtual or one.external:
        raise RefusedInput(
            f"{location.shown!r}: {name!r} lies in another file; save it in this one"
        )
    largest = math.prod(one.chunks or ()) * one.dtype.itemsize
    if largest > _LARGEST_CHUNK or math.prod(one.shape or ()) > _MOST_PACKED * size:
        raise RefusedInput(
            f"{location.shown!r}: {name!r} announces {one.shape} in chunks of {largest} bytes, "
            f"more than a file of {size} bytes can hold, or than is read at once; it is damaged"
        )
