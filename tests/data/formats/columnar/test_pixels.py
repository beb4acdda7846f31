"""Columns of pixels, in every layout that sets are published in."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganray.data.formats.columnar.pixels import pixels_of_column
from ganray.errors import RefusedInput

RNG = np.random.default_rng(3)


def image_batch(channels: int, height: int, width: int, count: int = 4) -> np.ndarray:
    return RNG.integers(0, 256, (count, channels, height, width), dtype=np.uint8)


def lists(images: np.ndarray, kind: pa.DataType) -> pa.Array:
    return pa.array(images.tolist(), kind)


def nested(value: pa.DataType, depth: int) -> pa.DataType:
    for _ in range(depth):
        value = pa.list_(value)
    return value


WAYS = {
    "nested h w c": lambda x: lists(x.transpose(0, 2, 3, 1), nested(pa.uint8(), 3)),
    "nested c h w": lambda x: lists(x, nested(pa.int64(), 3)),
    "tensor": lambda x: pa.FixedShapeTensorArray.from_numpy_ndarray(
        x.transpose(0, 2, 3, 1).copy(order="C")
    ),
}
SQUARE_WAYS = {
    "fixed binary": lambda x: pa.array(
        [image.transpose(1, 2, 0).tobytes() for image in x], pa.binary(x[0].size)
    ),
    "fixed list": lambda x: lists(
        x.transpose(0, 2, 3, 1).reshape(len(x), -1), pa.list_(pa.uint8(), x[0].size)
    ),
    "flat list": lambda x: lists(
        x.transpose(0, 2, 3, 1).reshape(len(x), -1), nested(pa.int16(), 1)
    ),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("way", WAYS)
def test_every_published_form_gives_the_same_pixels(way, channels):
    images = image_batch(channels, 4, 5)
    assert np.array_equal(pixels_of_column(WAYS[way](images), 0, "f"), images)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("way", SQUARE_WAYS)
def test_flat_pixels_are_square(way, channels):
    images = image_batch(channels, 6, 6)
    assert np.array_equal(pixels_of_column(SQUARE_WAYS[way](images), 0, "f"), images)


def test_nested_grey_rows_need_no_channel():
    images = image_batch(1, 4, 5)
    column = lists(images[:, 0], nested(pa.uint8(), 2))
    assert np.array_equal(pixels_of_column(column, 0, "f"), images)


@given(st.integers(0, 5), st.integers(1, 5), st.sampled_from(sorted({*WAYS, *SQUARE_WAYS})))
def test_slices_of_a_column_hold_their_own_rows(start, length, way):
    images = image_batch(3, 6, 6, count=10)
    column = {**WAYS, **SQUARE_WAYS}[way](images).slice(start, length)
    assert np.array_equal(pixels_of_column(column, start, "f"), images[start : start + length])


def float_column() -> pa.Array:
    return lists(image_batch(1, 4, 5)[:, 0] / 255, nested(pa.float64(), 2))


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (lambda: pa.array([[[0, 256]]]), "f: pixels from 0 to 256; .* 0 … 255"),
        (lambda: pa.array([[[-1, 6]]]), "pixels from -1 to 6"),
        (float_column, "double.*valid: picture files"),
        (lambda: pa.FixedShapeTensorArray.from_numpy_ndarray(np.zeros((2, 4, 4))), "float64"),
        (lambda: pa.array(["a.png"]), r"column image \(=string\)"),
        (lambda: pa.array([[[1, 2], [3, 4]], [[1, 2]]]), "differing shapes.*1 to 2"),
        (lambda: pa.array([[[1, 2], [3, 4]], None]), "row 8 has no image"),
        (lambda: pa.array([[[1, None]]]), "column image"),
        (lambda: pa.array([[[1], None, [2]]]), "column image"),
        (lambda: pa.array([[1] * 10]), "10 flat values; valid: s²"),
        (lambda: pa.array([[[[1, 2]] * 2] * 2]), "images of 2×2×2; valid"),
    ],
)
def test_other_columns_are_refused(column, message):
    with pytest.raises(RefusedInput, match=message):
        pixels_of_column(column(), 7, "f")


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_images_of_no_values_are_refused(depth):
    empty = pa.array([[]] * 3, nested(pa.uint8(), depth))
    with pytest.raises(RefusedInput, match="images without any values"):
        pixels_of_column(empty, 0, "a")
