"""Kinds of pixels within a format: those that Pillow reads as others, or knows nothing of.

Of most it says that they are none of its own; of some it drops the sign, the order of channels or
what is beyond the range that the file announces, without a word.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

from ganray.errors import RefusedInput

_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANAR, _FORMAT = 258, 259, 262, 277, 284, 339
_COUNTS = (_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANAR, _FORMAT)
_UNSIGNED = 1
_WHITE_IS_ZERO, _BLACK_IS_ZERO = 0, 1
_MOST_CHANNELS = 8  # whose bits are told
_APART = 2  # channels: one behind the other, each a whole picture
_MEANING = {0: "white is zero", 3: "a palette", 5: "the colours of print (CMYK)", 8: "L*a*b*"}
_NUMBER_KINDS = {2: "with a sign", 3: "as floating-point numbers", 5: "complex", 6: "complex"}
_SIGNS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}


def format_by_signature(data: bytes) -> str:
    """The format whose signature begins some bytes; empty for none that is beyond doubt."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    # Two letters are no signature; what follows them is a size that is right.
    if data[:2] == b"BM" and 0 < int.from_bytes(data[10:14], "little") < 1 << 16:
        return "BMP" if data[14:18] in (b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0") else ""
    return next((kind for sign, kind in _SIGNS.items() if data.startswith(sign)), "")


def refuse_misread(image: Image.Image, data: bytes, where: str) -> None:
    """A picture whose pixels would be others than those that are stored.

    Raises:
        RefusedInput: a TIFF of numbers with a sign, or of channels that lie apart and of which
            Pillow makes something else; a PGM or PPM of values beyond its own range.
    """
    if image.format == "PPM":
        _refuse_beyond(image, data, where)
    if image.format != "TIFF":
        return
    tags = getattr(image, "tag_v2", {})
    bits, channels = _numbers(tags, _BITS, 1), len(image.getbands())
    apart = channels > 1 and _numbers(tags, _PLANAR, 1)[0] == _APART
    # Raw ones of 16 bits are taken for twice as many of 8; of grey with alpha the second is lost.
    mixed = apart and (channels == 2 or (max(bits) > 8 and _numbers(tags, _COMPRESSION, 1)[0] == 1))
    with_sign = _NUMBER_KINDS.get(_numbers(tags, _FORMAT, _UNSIGNED)[0]) and max(bits) < 32
    if mixed or with_sign:
        raise RefusedInput(f"{where} is {_tiff(tags)}")


def is_inverted(image: Image.Image) -> bool:
    """Whether a TIFF's white is zero, where Pillow leaves that to whoever reads 16 bits."""
    return image.format == "TIFF" and getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == (
        _WHITE_IS_ZERO
    )


def announced(image: Image.Image, data: bytes) -> int | None:
    """The largest value that Pillow makes of a grey picture of more than 8 bits, where its file
    tells the range; none where it tells that of all 16, as what has 12 is often written so."""
    if image.format == "PPM":
        header = re.sub(rb"#[^\r\n]*", b" ", data[:4096]).split(maxsplit=4)
        return None if header[3] == b"65535" else 65535  # to which Pillow has scaled
    bits = _numbers(getattr(image, "tag_v2", {}), _BITS, 16)[0] if image.format == "TIFF" else 16
    return (1 << bits) - 1 if 0 < bits < 16 else None


def what_kind(data: bytes) -> str:
    """What is said of a picture that has a format's signature and that Pillow does not read."""
    kind = format_by_signature(data)
    if kind == "TIFF" and (tags := _tags_of(data)):
        return f"is {_tiff(tags)}"
    if kind not in ("", "GIF"):
        return f"is a {kind} that is damaged, or of a kind that is not read; save it as PNG"
    return ""


def _refuse_beyond(image: Image.Image, data: bytes, where: str) -> None:
    """Binary values beyond the maximum, which Pillow takes for it."""
    (tile, *_) = getattr(image, "tile", None) or [None]
    if tile is None or tile.codec_name != "ppm":
        return
    most = int(tile.args[1])
    kind = ">u2" if most > 255 else "u1"
    count = image.width * image.height * (3 if tile.args[0] == "RGB" else 1)
    content = data[tile.offset : tile.offset + count * np.dtype(kind).itemsize]
    values = np.frombuffer(content[: len(content) // 2 * 2] if most > 255 else content, kind)
    if len(values) and values.max() > most:
        raise RefusedInput(
            f"{where}: a pixel is {values.max()}, beyond {most}, which the file's header says is "
            "the largest; save it as PNG"
        )


def _tags_of(data: bytes) -> dict[int, Any]:
    try:
        known = TiffImagePlugin.ImageFileDirectory_v2(data[: 16 if b"+" in data[2:4] else 8])
        file = io.BytesIO(data)
        file.seek(known.next)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # by which Pillow tells of damage
            known.load(file)
            # Where one that holds numbers holds none, the file is damaged.
            return dict(known) if all(map(_is_whole, map(known.get, _COUNTS))) else {}
    except Exception:  # whatever its parser stumbles over
        return {}


def _tiff(tags: Any) -> str:
    bits = "+".join(map(str, dict.fromkeys(_numbers(tags, _BITS, 1))))
    numbers = _NUMBER_KINDS.get(_numbers(tags, _FORMAT, _UNSIGNED)[0], "")
    meaning = _MEANING.get(_numbers(tags, _PHOTOMETRIC, _BLACK_IS_ZERO)[0], "")
    channels, planes = _numbers(tags, _SAMPLES, 1)[0], _numbers(tags, _PLANAR, 1)[0]
    apart = "one behind the other" if channels > 1 and planes == _APART else ""
    told = [f"{bits} bits a channel", numbers, meaning,
            f"{channels} channels {apart}".strip() if channels > 1 else ""]  # fmt: skip
    said = ", ".join(part for part in told if part)
    return f"a TIFF of a kind that is not read ({said}); save it with 8 bits, or as PNG"


def _is_whole(value: Any) -> bool:
    several = value if isinstance(value, tuple) else (value or 0,)
    return all(isinstance(one, int) for one in several)


def _numbers(tags: Any, tag: int, usual: int) -> tuple[int, ...]:
    """The first whole numbers of a tag, which may hold anything in a damaged file; else the usual
    one."""
    value = tags.get(tag, usual)
    several = value if isinstance(value, tuple) else (value,)
    return tuple(one for one in several[:_MOST_CHANNELS] if isinstance(one, int)) or (usual,)
