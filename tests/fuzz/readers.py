"""What is followed branch by branch: the readers that are written in Python."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

_FOLLOWED = ("ganray.data", "PIL.Image", "PIL.ImageFile", "PIL.PngImagePlugin", "PIL.ExifTags",
             "PIL.TiffImagePlugin", "PIL.PpmImagePlugin", "PIL.JpegImagePlugin",
             "PIL.ImagePalette", "zipfile", "gzip", "_compression", "pickletools")  # fmt: skip
PACKAGES = sorted({name.partition(".")[0] for name in _FOLLOWED})


def others() -> list[str]:
    """Modules of the same packages that are not followed: Atheris would take packages whole."""
    return [name for package in PACKAGES for name in _modules(package)
            if not any(f"{name}.".startswith(f"{one}.") for one in _FOLLOWED)]  # fmt: skip


def _modules(package: str) -> Iterator[str]:
    found = importlib.util.find_spec(package)
    yield package
    for place in (found.submodule_search_locations or []) if found else []:
        for file in Path(place).rglob("*.py"):
            parts = file.relative_to(place).with_suffix("").parts
            yield ".".join((package, *(part for part in parts if part != "__init__")))
