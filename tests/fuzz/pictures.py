"""Pictures that are damaged."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from tests.data.in_memory import (
    picture,
)
from tests.fuzz.choice import Choice, each
from tests.fuzz.mending import mended_png


def _pictures(files: list[bytes], ending: str, packed: Callable[[bytes], bytes] = bytes) -> list:
    """Class folders in which one picture is damaged."""
    choices = []
    for one in files:
        alike = {f"{split}/a/0.{ending}": one for split in ("train", "test")}
        others = tuple(alike)[1:]
        choices += each(alike, packed=packed, skipped=others)
    return choices


def png() -> list[Choice]:
    tag = Image.Exif()
    tag[0x0112] = 6
    files = [
        picture("PNG"),
        picture("PNG", "P", transparency=1),
        picture("PNG", "RGBA"),
        picture("PNG", "I;16"),
        picture("PNG", "1", exif=tag),
    ]
    return [*_pictures(files, "png", mended_png), *_pictures(files[:1], "png")]


def tiff() -> list[Choice]:
    kinds = (None, "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")
    files = [picture("TIFF", compression=kind) for kind in kinds]
    files += [picture("TIFF", "1", compression="group4"), picture("TIFF", "I;16")]
    return _pictures(files, "tif")


def pgm() -> list[Choice]:
    grey = picture("PPM", "L")
    plain = b"P2\n# a comment\n4 2\n15\n" + b"0 1 2 3 4 5 6 7\n"
    bits = b"P1\n4 2\n1 0 1 0\n0101\n"
    return _pictures([grey, picture("PPM"), plain, bits, picture("PPM", "1")], "pgm")


def jpeg() -> list[Choice]:
    tag = Image.Exif()
    tag[0x0112] = 6
    files = [picture("JPEG", exif=tag), picture("JPEG", "L", progressive=True)]
    files += [picture("WEBP"), picture("BMP")]
    return _pictures(files, "jpg")
