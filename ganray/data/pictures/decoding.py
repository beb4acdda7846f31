"""The bytes of a picture file as pixels: the same for folders, Parquet, archives and searches."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image, UnidentifiedImageError

from ganray.data.pictures.depth import SIXTEEN_BITS, is_deep, refuse_dark, scaled
from ganray.data.pictures.kinds import refuse_misread
from ganray.data.pictures.opening import guard, opened, what_else
from ganray.errors import RefusedInput, brief

STORED = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "PPM")
"""Formats of the pictures of data sets, by Pillow's names; PPM stands for PGM, PBM and PNM, too."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".tif", ".tiff",
            ".pgm", ".ppm", ".pbm", ".pnm")  # fmt: skip
LOSSY_NOTE = "JPEG-compressed images: pixels differ slightly from an uncompressed original."
MAX_PIXELS = 1 << 26  # 8192²: of a GAN's images far beyond any, and 200 MB in colour
MAX_BYTES = 1 << 30  # of a file: so many pixels of 16 bits in four channels take half of it

Colour = tuple[int, int, int]
Image8 = UInt8[np.ndarray, "c h w"]

_PLAIN = ("1", "L", "P", "RGB", "RGBX")
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
_LYING = (5, 6, 7, 8)
_MAY_TURN = (b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")  # in PNG
# What Pillow says of a file that is in order and that it cannot read.
_UNKNOWN = re.compile("unsupported|not supported|unknown|cannot handle|unavailable", re.IGNORECASE)
_BY_LIBTIFF = "decoder error"  # all that is known of bytes that it cannot unpack
_REFUSED_MODES = {
    "CMYK": "in the colours of print (CMYK); convert it to RGB",
    "I": "of 32 bits a pixel, whose range is not known; save it with 8 or 16 bits",
    "F": "of 32 bits a pixel, whose range is not known; save it with 8 or 16 bits",
}


class Header(NamedTuple):
    """What a picture's first bytes tell of the pixels that `decode_image` makes of it."""

    shape: tuple[int, int, int]
    lossy: bool


def decode_image(
    data: bytes,
    where: str,
    background: Colour | None = None,
    formats: tuple[str, ...] | None = STORED,
) -> Image8:
    """The pixels of a grey (c=1) or colour (c=3) picture, in 0 … 255, as it is to be seen.

    It is turned upright as its EXIF tag says; a palette becomes colours, a grey one grey; 16 bits
    are scaled, 65535 to 255. What is transparent is laid on a background, however it is stored;
    opaque alpha is dropped.

    Args:
        background: red, green and blue; none: pictures that are transparent somewhere are refused.
        formats: what is read, by Pillow's names; None for all that it knows.

    Raises:
        RefusedInput: naming `where`, for bytes that are of another format, damaged or truncated,
            and for pictures that are transparent somewhere, animated, of more than `MAX_PIXELS`
            (before they are unpacked), or in colours other than grey and RGB.
    """
    with _Reading(data, where, formats) as image:
        image.load()
        picture = _turned(_visible(image, data, where, background), image)
        # As np.asarray does, in two thirds of the time.
        pixels = np.frombuffer(picture.tobytes(), np.uint8)
        pixels = pixels.reshape(picture.height, picture.width, -1)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def header_of(data: bytes, where: str, background: Colour | None = None) -> Header:
    """What comes of a picture, told by its header where that is enough to know.

    Raises:
        RefusedInput: as `decode_image`, but for damage that no header and no end of a file shows.
    """
    with _Reading(data, where, STORED) as image:
        lossy = image.format in ("JPEG", "MPO") or (image.format == "WEBP" and b"VP8 " in data[:64])
        plain = image.mode in _PLAIN and image.mode != "P" and not image.has_transparency_data
        # Of a PNG Pillow reads the tag only behind the pixels; 16 bits may be refused as too dark.
        turned = image.format == "PNG" and any(sign in data for sign in _MAY_TURN)
        told = not turned and not is_deep(image, data)
        if plain and told and _is_whole(data, image.format):
            lying = image.format != "PNG" and _orientation(image) in _LYING
            height, width = image.size if lying else image.size[::-1]
            return Header((1 if image.mode in ("1", "L") else 3, height, width), lossy)
    shape = decode_image(data, where, background).shape
    return Header((shape[0], shape[1], shape[2]), lossy)


def is_picture(path: str) -> bool:
    """Whether a file of this name is to be read as a picture of a data set."""
    return path.lower().endswith(SUFFIXES)


class _Reading:
    """A picture that is open; whatever its parser stumbles over becomes one line."""

    def __init__(self, data: bytes, where: str, formats: tuple[str, ...] | None) -> None:
        self._data, self._where, self._formats = data, where, formats
        self._image: Image.Image | None = None
        self._guard = guard()  # to its end, as tags are read late

    def __enter__(self) -> Image.Image:
        self._guard.__enter__()
        try:
            self._image = opened(self._data, self._formats)
            _refuse_large_or_many(self._image, self._where)
            refuse_misread(self._image, self._data, self._where)
        except BaseException as error:
            self.__exit__(type(error), error)
            raise
        return self._image

    def __exit__(self, _: object, error: BaseException | None, *__: object) -> None:
        if self._image is not None:
            self._image.close()
        self._guard.__exit__(None, None, None)
        if error is None or isinstance(error, RefusedInput) or not isinstance(error, Exception):
            return
        if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
            raise RefusedInput(
                f"{self._where}: more than {MAX_PIXELS} pixels; it is not unpacked, scale it down "
                "before"
            ) from None
        if isinstance(error, UnidentifiedImageError):
            raise RefusedInput(f"{self._where} {what_else(self._data, self._formats)}") from None
        kind = f"a {self._image.format}" if self._image is not None else "a picture"
        said = brief(error)
        wrong = "of a kind that is not read" if _UNKNOWN.search(said) else "damaged or truncated"
        wrong += ", or packed in a way that is not read" if said.startswith(_BY_LIBTIFF) else ""
        raise RefusedInput(f"{self._where} is {kind} that is {wrong} ({said})") from None


def _is_whole(data: bytes, kind: str | None) -> bool:
    """Whether a file ends as its format does; where it does not, only decoding tells."""
    if kind == "PNG":
        return b"IEND" in data[-32:]
    if kind in ("JPEG", "MPO"):
        return data.rstrip(b"\0")[-2:] == b"\xff\xd9"
    if kind == "WEBP":
        return len(data) >= 8 + int.from_bytes(data[4:8], "little")
    return False


def _refuse_large_or_many(image: Image.Image, where: str) -> None:
    if image.format == "EPS":  # Pillow would have Ghostscript run it
        raise RefusedInput(f"{where} is an EPS, which is a program; save it as PNG")
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


def _visible(image: Image.Image, data: bytes, where: str, background: Colour | None) -> Image.Image:
    """The picture in mode "L" or "RGB"."""
    if image.has_transparency_data:
        return _laid(image, data, where, background)
    if image.mode in SIXTEEN_BITS or (image.mode == "I" and image.format == "PPM"):
        return scaled(image, data, where)
    if image.mode in _PLAIN:
        refuse_dark(image, image, data, where)
        mode = _base_mode(image, data)
        return image if image.mode == mode else image.convert(mode)
    described = _REFUSED_MODES.get(image.mode, f"of mode {image.mode!r}; convert it to RGB")
    raise RefusedInput(f"{where}: image {described}")


def _base_mode(image: Image.Image, data: bytes) -> str:
    if image.palette is None:
        # Pillow reads grey with alpha of 16 bits as RGBA; a PNG's byte 25 knows better
        is_grey = image.mode in ("1", "L", "LA", "La", *SIXTEEN_BITS)
        is_grey = is_grey or (image.format == "PNG" and data[25] == 4)
        return "L" if is_grey else "RGB"
    colours = np.reshape(image.getpalette("RGB") or [], (-1, 3))
    return "L" if (colours == colours[:, :1]).all() else "RGB"


def _laid(image: Image.Image, data: bytes, where: str, background: Colour | None) -> Image.Image:
    """A picture with transparency on a background, or without where it is opaque throughout."""
    mode, coloured = _base_mode(image, data), _with_alpha(image, data, where)
    if image.mode != "P" and len(image.getbands()) > 1:
        refuse_dark(coloured, image, data, where)
    if np.asarray(coloured)[..., 3].min() < 255:
        if background is None:
            raise RefusedInput(
                f"{where}: image with transparency, whose background is not known; set "
                "data.background, say to white, or lay it on one before (such as `magick old.png "
                "-background white -flatten new.png`)"
            )
        canvas = Image.new("RGBA", coloured.size, (*background, 255))
        coloured = Image.alpha_composite(canvas, coloured)
        mode = mode if len(set(background)) == 1 else "RGB"
    return coloured.convert("RGB").convert(mode)


def _with_alpha(image: Image.Image, data: bytes, where: str) -> Image.Image:
    """In mode "RGBA".

    A transparent colour (PNG's tRNS) is compared by Pillow with pixels that it has scaled to 8
    bits, so that at another depth (byte 24 of the file) it would be missed.
    """
    if image.mode == "La":  # which Pillow makes nothing but "LA" of
        image = image.convert("LA")
    is_colour_key = image.format == "PNG" and "transparency" in image.info and image.mode != "P"
    if not is_colour_key or data[24] == 8:
        return image.convert("RGBA")
    if image.mode == "RGB":
        raise RefusedInput(
            f"{where}: image with transparency by one colour of 16 bits, of which 8 are read; save "
            "it with 8"
        )
    key, values = int(image.info["transparency"]), np.asarray(image).astype(np.int64)
    most = (1 << data[24]) - 1
    clear: Bool[np.ndarray, "h w"] = values == (key if data[24] == 16 else key * 255 // most)
    if image.mode == "1":
        clear = values == bool(key)
    plain = image.copy()
    del plain.info["transparency"]
    grey = scaled(plain, data, where) if data[24] == 16 else plain.convert("L")
    alpha = Image.fromarray(np.where(clear, 0, 255).astype(np.uint8))
    return Image.merge("RGBA", (grey, grey, grey, alpha))


def _turned(picture: Image.Image, image: Image.Image) -> Image.Image:
    turn = _UPRIGHT.get(_orientation(image))
    return picture if turn is None else picture.transpose(turn)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # a damaged tag says nothing, as in every viewer
        return 1
