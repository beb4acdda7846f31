"""An Arrow column of images that are no picture files, but pixels, in any of the usual layouts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import UInt8

from ganray.data.formats.columnar.fields import is_list
from ganray.data.rows import shape_text
from ganray.errors import RefusedInput

_VALID = "valid: picture files' bytes, or uint8 pixels as fixed-size binary or (nested) lists"


def pixels_of_column(column: pa.Array, first_row: int, where: str) -> UInt8[np.ndarray, "n c h w"]:
    """Images that a column holds as raw bytes or nested lists.

    Flat pixels are square and grey (s²) or RGB (s², 3); nested ones are (h, w), (h, w, c) or
    (c, h, w) with c = 1 or 3.

    Args:
        first_row: number of the column's first row, for messages; `where` names the file.

    Raises:
        RefusedInput: for nulls, differing shapes, or values beyond 0 … 255.
    """
    kind = column.type
    if column.null_count:
        row = first_row + int(pc.index(pc.is_null(column), True).as_py())
        raise RefusedInput(f"{where}: row {row} has no image; every row needs one")
    if isinstance(kind, pa.FixedShapeTensorType):
        return _to_channels_first(column.to_numpy_ndarray(), where)
    if pa.types.is_fixed_size_binary(kind):
        # Slices share one buffer: the offset is this column's own.
        pixels = np.frombuffer(column.buffers()[1], dtype=np.uint8).reshape(-1, kind.byte_width)
        return _to_channels_first(pixels[column.offset : column.offset + len(column)], where)
    return _to_channels_first(_nested(column, where), where)


def _nested(column: pa.Array, where: str) -> UInt8[np.ndarray, "n *sizes"]:
    sizes = []
    values = column
    while is_list(values.type) and not values.null_count:
        lengths = pc.min_max(pc.list_value_length(values)).as_py()
        if lengths["min"] != lengths["max"]:
            raise RefusedInput(
                f"{where}: images of differing shapes (rows of {lengths['min']} to "
                f"{lengths['max']} values); they must be equal"
            )
        sizes.append(lengths["min"])
        values = values.flatten()
    if not sizes or not pa.types.is_integer(values.type) or values.null_count:
        raise RefusedInput(f"{where}: column image (={column.type}); {_VALID}")
    if not len(values):
        raise RefusedInput(f"{where}: images without any values (={column.type}); {_VALID}")
    span = pc.min_max(values).as_py()
    if span["min"] < 0 or span["max"] > 255:
        raise RefusedInput(
            f"{where}: pixels from {span['min']} to {span['max']}; they must lie in 0 … 255"
        )
    return values.to_numpy(zero_copy_only=False).astype(np.uint8).reshape(len(column), *sizes)


def refuse_no_pixels(kind: pa.DataType, where: str) -> None:
    """Refuse a column by its type alone, which holds other values than whole numbers."""
    if pa.types.is_fixed_size_binary(kind):
        return
    inner = kind
    if isinstance(kind, pa.FixedShapeTensorType):
        inner = kind.value_type
        wrong = inner != pa.uint8()
    else:
        while is_list(inner):
            inner = inner.value_type
        wrong = not is_list(kind) or not pa.types.is_integer(inner)
    if wrong:
        unsaid = ", whose range is not said" if pa.types.is_floating(inner) else ""
        raise RefusedInput(f"{where}: column image (={kind}){unsaid}; {_VALID}")


def shape_of(sizes: Sequence[int]) -> tuple[int, int, int] | None:
    """Channels, height and width of an image that is stored with these sizes; none of others."""
    whole = tuple(sizes) if len(sizes) != 1 else _square(sizes[0])
    if len(whole) == 2:
        whole = (*whole, 1)
    if len(whole) == 3 and whole[2] in (1, 3):
        return whole[2], whole[0], whole[1]
    if len(whole) == 3 and whole[0] in (1, 3):
        return whole[0], whole[1], whole[2]
    return None


def _to_channels_first(pixels: np.ndarray, where: str) -> UInt8[np.ndarray, "n c h w"]:
    if pixels.dtype != np.uint8:
        raise RefusedInput(f"{where}: column image holds {pixels.dtype}; {_VALID}")
    sizes = pixels.shape[1:]
    shape = shape_of(sizes)
    if shape is None and len(sizes) == 1:
        raise RefusedInput(
            f"{where}: images of {sizes[0]} flat values; valid: s² (grey) or 3·s² (RGB) values, or "
            f"nested lists for images that are not square"
        )
    if shape is None:
        raise RefusedInput(
            f"{where}: images of {shape_text(sizes)}; valid: h×w, h×w×c or c×h×w with c = 1 or 3"
        )
    if len(sizes) == 3 and sizes[2] not in (1, 3):
        return pixels
    channels, height, width = shape
    last = pixels.reshape(len(pixels), height, width, channels)
    return np.ascontiguousarray(last.transpose(0, 3, 1, 2))


def _square(length: int) -> tuple[int, ...]:
    for channels in (1, 3):
        side = math.isqrt(length // channels)
        if side and side * side * channels == length:
            return (side, side, channels)
    return (length,)
