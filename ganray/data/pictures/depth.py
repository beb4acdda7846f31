"""Pictures of 16 bits a channel: what Pillow leaves of them, and what 8 bits can hold of that."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ganray.errors import RefusedInput

SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")
_BITS = 258  # TIFF's tag for the bits of each channel


def refuse_dark(picture: Image.Image, image: Image.Image, data: bytes, where: str) -> None:
    """A PNG or TIFF of 16 bits in several channels, of which Pillow keeps the upper 8."""
    if len(picture.getbands()) == 1 or not is_deep(image, data):
        return
    pixels = np.asarray(picture)
    brightest = int(pixels[..., :3].max())
    # Where nothing is left of the upper bits, what the lower ones held is gone.
    if not brightest and (pixels.shape[2] == 3 or pixels[..., 3].max() < 16):
        raise RefusedInput(
            f"{where}: image of 16 bits whose brightest pixel is below 256 of 65535, black in 8 "
            "bits; scale it to the whole range"
        )
    _refuse_unscaled(brightest << 8, where)


def is_deep(image: Image.Image, data: bytes) -> bool:
    if image.format == "TIFF":
        bits = getattr(image, "tag_v2", {}).get(_BITS, ())
        return 16 in (bits if isinstance(bits, tuple) else (bits,))
    return image.format == "PNG" and data[24] == 16


def _refuse_unscaled(brightest: int, where: str) -> None:
    if 0 < brightest < 1 << 12:
        raise RefusedInput(
            f"{where}: image of 16 bits whose brightest pixel is {brightest} of 65535, "
            f"almost black in 8 bits; scale it to the whole range"
        )


def scaled(image: Image.Image, where: str) -> Image.Image:
    values = np.asarray(image)
    _refuse_unscaled(int(values.max()), where)
    return Image.fromarray(np.rint(values / 257).astype(np.uint8))
