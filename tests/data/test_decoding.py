from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from ganray.data.decoding import decode_image, is_jpeg
from ganray.errors import RefusedInput
from tests.data.published import encoded


@pytest.mark.parametrize("channels", [1, 3])
def test_png_is_lossless_and_channels_come_first(channels):
    image = np.random.default_rng(0).integers(0, 256, (channels, 3, 7), dtype=np.uint8)
    assert np.array_equal(decode_image(encoded(image), "f"), image)


def test_jpeg_is_close_and_known_as_such():
    image = np.full((3, 8, 8), 90, dtype=np.uint8)
    data = encoded(image, "JPEG")
    assert np.abs(decode_image(data, "f").astype(int) - 90).max() <= 2
    assert is_jpeg(data)
    assert not is_jpeg(encoded(image))


def saved(mode: str, kind: str) -> bytes:
    target = io.BytesIO()
    Image.new(mode, (4, 4)).save(target, kind)
    return target.getvalue()


def test_palettes_and_bits_are_expanded():
    assert decode_image(saved("P", "PNG"), "f").shape == (3, 4, 4)
    assert decode_image(saved("1", "PNG"), "f").shape == (1, 4, 4)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (saved("RGBA", "PNG"), "some.png: image of mode 'RGBA'; valid: 8-bit grey or RGB"),
        (saved("I;16", "PNG"), "image of mode 'I;16'"),
        (saved("CMYK", "JPEG"), "image of mode 'CMYK'"),
        (saved("L", "GIF"), "some.png: not a readable PNG or JPEG"),
        (encoded(np.zeros((3, 40, 40), np.uint8))[:-30], "not a readable PNG or JPEG"),
        (encoded(np.zeros((3, 40, 40), np.uint8), "JPEG")[:-30], "not a readable PNG or JPEG"),
        (b"", "not a readable PNG or JPEG"),
    ],
)
def test_other_bytes_are_refused(data, message):
    with pytest.raises(RefusedInput, match=message):
        decode_image(data, "some.png")
