"""The bytes of a picture file as uint8 pixels: the same for class folders, Parquet and searches."""

from __future__ import annotations

import io
import warnings

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from ganray.errors import RefusedInput, one_line

SUFFIXES = (".png", ".jpg", ".jpeg")
JPEG_NOTE = "JPEG-compressed images: pixels differ slightly from an uncompressed original."
MAX_PIXELS = 1 << 26  # 8192²: of a GAN's images far beyond any, and 200 MB in colour
MAX_BYTES = 1 << 30  # of a file: so many pixels of 16 bits in four channels take half of it

_STORED = ("PNG", "JPEG")
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")
_ORIENTATION = 0x0112  # EXIF's tag for how a camera was held
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_REFUSED_MODES = {
    "CMYK": "in the colours of print (CMYK); convert it to RGB",
    "I": "of 32 bits a pixel, whose range is not known; save it with 8 or 16 bits",
    "F": "of 32 bits a pixel, whose range is not known; save it with 8 or 16 bits",
}


def decode_image(
    data: bytes, where: str, formats: tuple[str, ...] | None = _STORED
) -> UInt8[np.ndarray, "c h w"]:
    """The pixels of a grey (c=1) or colour (c=3) picture, in 0 … 255, as it is to be seen.

    It is turned upright as its EXIF tag says; a palette becomes colours, a grey one grey; 16 bits
    are scaled, 65535 to 255. Opaque alpha is dropped.

    Args:
        formats: what is read, by Pillow's names; None for all that it knows.

    Raises:
        RefusedInput: naming `where`, for bytes that are of another format, damaged or truncated,
            and for pictures that are transparent somewhere, animated, of more than `MAX_PIXELS`
            (before they are unpacked), or in colours other than grey and RGB.
    """
    try:
        with _opened(data, formats) as image:
            _refuse_large_or_many(image, where)
            image.load()
            pixels = np.asarray(_turned(_plain(image, data, where), image))
    except RefusedInput:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise RefusedInput(
            f"{where}: more than {MAX_PIXELS} pixels; it is not unpacked, scale it down before"
        ) from None
    except UnidentifiedImageError:
        raise RefusedInput(f"{where}{_what_else(data, formats)}") from None
    except Exception as error:  # whatever the parser of the format stumbles over
        raise RefusedInput(f"{where}{_unreadable(formats)} ({one_line(error)})") from None
    return np.ascontiguousarray(pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1))


def is_picture(path: str) -> bool:
    """Whether a file of this name is to be read as a picture of a data set."""
    return path.lower().endswith(SUFFIXES)


def is_jpeg(data: bytes) -> bool:
    """Whether `data` begins as a JPEG file does."""
    return data[:3] == b"\xff\xd8\xff"


def _opened(data: bytes, formats: tuple[str, ...] | None) -> Image.Image:
    with warnings.catch_warnings():  # Pillow only warns up to twice its limit
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        return Image.open(io.BytesIO(data), formats=formats)


def _what_else(data: bytes, formats: tuple[str, ...] | None) -> str:
    """What bytes are that are in none of `formats`: the same words every time."""
    try:
        with _opened(data, None) as image:
            return f" is a {image.format}, no {' or '.join(formats or ())} image; convert it"
    except Exception:  # nor anything else that Pillow knows
        return _unreadable(formats)


def _unreadable(formats: tuple[str, ...] | None) -> str:
    if formats is None:
        return " is no picture that can be read"
    return f": not a readable {' or '.join(formats)} image"


def _refuse_large_or_many(image: Image.Image, where: str) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise RefusedInput(
            f"{where}: {image.width}×{image.height} pixels, more than {MAX_PIXELS}; it is not "
            f"unpacked, scale it down before"
        )
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # a phone's JPEG with a preview or a depth map
        raise RefusedInput(
            f"{where}: {frames} pictures in one {image.format} (an animation, or pages); save one"
        )


def _plain(image: Image.Image, data: bytes, where: str) -> Image.Image:
    """The picture in mode "L" or "RGB"."""
    if image.has_transparency_data:
        return _opaque(image, data, where)
    if image.mode in _SIXTEEN_BITS:
        return _scaled(image, where)
    if image.mode in ("1", "L", "P", "RGB"):
        _refuse_dark(image, data, where)
        return image.convert(_base_mode(image, data))
    described = _REFUSED_MODES.get(image.mode, f"of mode {image.mode!r}; convert it to RGB")
    raise RefusedInput(f"{where}: image {described}")


def _base_mode(image: Image.Image, data: bytes) -> str:
    if image.palette is None:
        # Pillow reads grey with alpha of 16 bits as RGBA; a PNG's byte 25 knows better
        is_grey = image.mode in ("1", "L", "LA") or (image.format == "PNG" and data[25] == 4)
        return "L" if is_grey else "RGB"
    colours = np.reshape(image.getpalette("RGB") or [], (-1, 3))
    return "L" if (colours == colours[:, :1]).all() else "RGB"


def _opaque(image: Image.Image, data: bytes, where: str) -> Image.Image:
    # A transparent colour (PNG's tRNS) is compared with pixels that Pillow scaled to 8 bits, so
    # that at another depth (byte 24 of the file) it is missed.
    is_png_colour = image.format == "PNG" and "transparency" in image.info and image.mode != "P"
    is_missed = is_png_colour and data[24] != 8
    coloured = image.convert("RGBA")
    if is_missed or np.asarray(coloured)[..., 3].min() < 255:
        raise RefusedInput(
            f"{where}: image with transparency, whose background is not known; lay it on one "
            f"before (such as `magick old.png -background white -flatten new.png`)"
        )
    picture = coloured.convert("RGB")
    _refuse_dark(picture, data, where)
    return picture.convert(_base_mode(image, data))


def _refuse_dark(picture: Image.Image, data: bytes, where: str) -> None:
    """A PNG of 16 bits (byte 24) in several channels, of which Pillow keeps the upper 8."""
    if data[:4] == b"\x89PNG" and data[24] == 16:
        _refuse_unscaled(int(np.asarray(picture).max()) << 8, where)


def _refuse_unscaled(brightest: int, where: str) -> None:
    if 0 < brightest < 1 << 12:
        raise RefusedInput(
            f"{where}: image of 16 bits whose brightest pixel is {brightest} of 65535, "
            f"almost black in 8 bits; scale it to the whole range"
        )


def _scaled(image: Image.Image, where: str) -> Image.Image:
    values = np.asarray(image)
    _refuse_unscaled(int(values.max()), where)
    return Image.fromarray(np.rint(values / 257).astype(np.uint8))


def _turned(picture: Image.Image, image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except Exception:  # a damaged tag says nothing, as in every viewer
        return picture
    return picture.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else picture
