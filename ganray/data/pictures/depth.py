"""Pictures of 16 bits a channel: what Pillow leaves of them, and what 8 bits can hold of that."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ganray.data.pictures.kinds import announced, is_inverted
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
    """Whether a TIFF or PNG, whose file is `data`, has 16 bits for each number of a pixel."""
    if image.format == "TIFF":
        bits = getattr(image, "tag_v2", {}).get(_BITS, ())
        return 16 in (bits if isinstance(bits, tuple) else (bits,))
    return image.format == "PNG" and data[24] == 16


def _refuse_unscaled(brightest: int, where: str, inverted: bool = False) -> None:
    if 0 < brightest < 1 << 12:
        pixel, shade = ("darkest", "white") if inverted else ("brightest", "black")
        raise RefusedInput(
            f"{where}: image of 16 bits whose {pixel} pixel is {brightest} of 65535, "
            f"almost {shade} in 8 bits; scale it to the whole range"
        )


def scaled(image: Image.Image, data: bytes, where: str) -> Image.Image:
    """A grey picture of more than 8 bits in 8; of 16, the range is that of all 16."""
    values, most, inverted = np.asarray(image), announced(image, data), is_inverted(image)
    if most is None:
        most = 65535
        _refuse_unscaled(int(values.max()), where, inverted)
    scaled = np.rint(values / (most / 255)).astype(np.uint8)
    return Image.fromarray(255 - scaled if inverted else scaled)
