"""Bytes opened as a picture of some format, bombs refused; and what they are that are none."""

from __future__ import annotations

import ctypes
import io
import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from functools import cache

from PIL import Image

from ganray.data.pictures.kinds import what_kind

logging.getLogger("PIL").addHandler(logging.NullHandler())  # else it tells on standard error
_GUARDED = ContextVar("ganray-bombs-refused", default=False)
_NAMED = "PNG, JPEG, WebP, BMP, TIFF, PGM or PPM"
# By first bytes, in small letters.
_OTHERS = {
    b"<svg": "SVG",
    b"%pdf": "PDF",
    b"pk\3\4": "zip archive",
    b"\x1f\x8b": "gzip file",
    b"\x93numpy": "NumPy array",
    b"\x89hdf": "HDF5 file",
    **{bytes([128, version]): "pickle of Python's" for version in (2, 3, 4, 5)},
}


@contextmanager
def bombs_refused() -> Iterator[None]:
    """While this lasts, Pillow refuses what it otherwise only warns of, up to twice its limit.

    Around many small pictures it saves a tenth of their time; each is guarded without it, too.
    """
    _silence_libtiff()
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        # Of damaged tags Pillow warns on standard error, line after line.
        warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
        token = _GUARDED.set(True)
        try:
            yield
        finally:
            _GUARDED.reset(token)


def guard() -> AbstractContextManager[None]:
    """`bombs_refused`, unless it lasts already."""
    return nullcontext() if _GUARDED.get() else bombs_refused()


def opened(data: bytes, formats: tuple[str, ...] | None) -> Image.Image:
    """A picture whose header is read.

    Raises:
        Exception: any, of Pillow's parsers.
    """
    with guard():
        return Image.open(io.BytesIO(data), formats=formats)


@cache
def _silence_libtiff() -> None:
    """Nothing more of its own on standard error, line after line; Pillow raises what matters.

    The library is Pillow's own, found through what is linked to it, and asked once a process. Where
    it cannot be found so, as on Windows, its lines stay.
    """
    with suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(Image.core.__file__)
        library.TIFFSetErrorHandler(None)
        library.TIFFSetWarningHandler(None)


def what_else(data: bytes, formats: tuple[str, ...] | None) -> str:
    """What bytes are that are in none of `formats`: the same words every time."""
    if not data:
        return "is empty"
    start = data[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "is a web page, no picture; download it again"
    named = next((kind for sign, kind in _OTHERS.items() if start.startswith(sign)), "")
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"):
        named = "HEIC"
    if data[128:132] == b"DICM":
        named = "DICOM file"
    if not named and formats is not None:
        try:
            with opened(data, None) as image:
                named = str(image.format)
        except Exception:  # nor anything else that Pillow knows
            named = ""
    if start.startswith(b"version https://git-lfs"):
        return "is no picture, but what Git LFS keeps in its place; run `git lfs pull`"
    if not named and formats is not None and (said := what_kind(data)):
        return said
    if named and formats is not None:
        article = "an" if named in ("SVG", "ICO", "AVIF", "EPS", "ICNS") else "a"
        return f"is {article} {named}, no {_NAMED} image; convert it"
    if formats is None:
        return "is no picture that can be read"
    return f"is no readable {_NAMED} image{_as_raw(len(data))}"


def _as_raw(length: int) -> str:
    """What is said of bytes that may be the pixels of a square image, by their number."""
    for channels, said in ((1, ""), (3, " in colour")):
        side = math.isqrt(length // channels)
        if side >= 8 and channels * side**2 == length:
            size = f"{side}×{side}{said}"
            return (
                f"; it has the length of raw pixels ({size}), which are read as fixed-size binary"
            )
    return ""
