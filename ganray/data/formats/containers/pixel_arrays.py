"""Arrays of whole numbers as images: which sides are channels, height and width."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import UInt8

from ganray.data.formats.containers.npz_members import Member
from ganray.data.pictures.decoding import MAX_PIXELS
from ganray.data.rows import rows_per_chunk, shape_text
from ganray.errors import RefusedInput

_FLOATS = "save (255 * images).round().astype('uint8') where they lie in 0 … 1"
_VALID = (
    "valid: n×h×w, n×h×w×c or n×c×h×w with c = 1 or 3, or n×s² (grey, flat), in uint8 or whole "
    "numbers of 0 … 255"
)


def image_shape(images: Member) -> tuple[int, int, int]:
    """Channels, height and width of an array's images.

    Raises:
        RefusedInput: they cannot be told, or are of a type that is not pixels'.
    """
    if images.dtype.kind == "f":
        raise RefusedInput(
            f"{images.where} holds {images.dtype}, whose range is not known; {_FLOATS}"
        )
    if images.dtype.kind not in "iu" or (images.by_columns and len(images.shape) > 1):
        order = " by columns" if images.by_columns else ""
        raise RefusedInput(f"{images.where} holds {images.dtype}{order}; {_VALID}")
    shape = _turned(images.shape[1:], images.where)
    if not images.shape[0] or not 0 < math.prod(shape) <= MAX_PIXELS:
        raise RefusedInput(f"{images.where}: {shape_text(images.shape)} holds no images; {_VALID}")
    return shape


def _turned(sizes: tuple[int, ...], where: str) -> tuple[int, int, int]:
    if len(sizes) == 1 and math.isqrt(sizes[0]) ** 2 == sizes[0]:
        return 1, math.isqrt(sizes[0]), math.isqrt(sizes[0])
    if len(sizes) == 2:
        return 1, sizes[0], sizes[1]
    is_last, is_first = (len(sizes) == 3 and sizes[place] in (1, 3) for place in (-1, 0))
    if is_last and is_first:
        raise RefusedInput(
            f"{where}: images of {shape_text(sizes)} may be h×w×c or c×h×w; save them so that one "
            "alone has 1 or 3 channels"
        )
    if is_last:
        return sizes[2], sizes[0], sizes[1]
    if is_first:
        return sizes[0], sizes[1], sizes[2]
    raise RefusedInput(f"{where}: images of {shape_text(sizes)}; {_VALID}")


def stream_images(images: Member) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
    """The images of an array, in chunks.

    Raises:
        RefusedInput: a pixel beyond 0 … 255, or a damaged file.
    """
    channels, height, width = image_shape(images)
    is_last = len(images.shape) == 4 and images.shape[-1] == channels and images.shape[1] == height
    step = max(1, rows_per_chunk((channels, height, width)) // images.dtype.itemsize)
    for place, values in enumerate(images.rows(step)):
        pixels = _as_uint8(values, images, place * step)
        if is_last:
            pixels = pixels.reshape(-1, height, width, channels).transpose(0, 3, 1, 2)
        yield np.ascontiguousarray(pixels.reshape(-1, channels, height, width))


def _as_uint8(values: np.ndarray, images: Member, first: int) -> np.ndarray:
    if values.dtype == np.uint8:
        return values
    beyond = np.flatnonzero(((values < 0) | (values > 255)).reshape(len(values), -1).any(axis=1))
    if len(beyond):
        one = values[beyond[0]]
        raise RefusedInput(
            f"{images.where}: image {first + int(beyond[0])} has pixels from {one.min()} to "
            f"{one.max()}; they must lie in 0 … 255"
        )
    return values.astype(np.uint8)
