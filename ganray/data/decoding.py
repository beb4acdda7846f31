"""PNG and JPEG bytes as uint8 pixels."""

from __future__ import annotations

import io

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from ganray.errors import RefusedInput

SUFFIXES = (".png", ".jpg", ".jpeg")
JPEG_NOTE = "JPEG-compressed images: pixels differ slightly from an uncompressed original."

_DECODED_AS = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB"}


def decode_image(data: bytes, where: str) -> UInt8[np.ndarray, "c h w"]:
    """The pixels of a grey (c=1) or colour (c=3) PNG or JPEG image, in 0 … 255.

    Raises:
        RefusedInput: naming `where`, for bytes that are no such image, are truncated, or have
            another mode (16 bits, transparency, CMYK).
    """
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            if image.mode not in _DECODED_AS:
                raise RefusedInput(
                    f"{where}: image of mode {image.mode!r}; valid: 8-bit grey or RGB"
                )
            pixels = np.asarray(image.convert(_DECODED_AS[image.mode]))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, RefusedInput):
            raise
        raise RefusedInput(f"{where}: not a readable PNG or JPEG image ({error})") from None
    return np.ascontiguousarray(pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1))


def is_jpeg(data: bytes) -> bool:
    """Whether `data` begins as a JPEG file does."""
    return data[:3] == b"\xff\xd8\xff"
