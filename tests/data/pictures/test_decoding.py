from __future__ import annotations

import io
import struct
import warnings

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ganray.data.pictures.decoding import STORED as FORMATS
from ganray.data.pictures.decoding import decode_image, header_of
from ganray.errors import RefusedInput
from tests.data.pictures.written import png, unfiltered
from tests.data.published import encoded


@pytest.mark.parametrize("channels", [1, 3])
def test_png_is_lossless_and_channels_come_first(channels):
    image = np.random.default_rng(0).integers(0, 256, (channels, 3, 7), dtype=np.uint8)
    assert np.array_equal(decode_image(encoded(image), "f"), image)


def test_jpeg_is_close_and_known_as_such():
    image = np.full((3, 8, 8), 90, dtype=np.uint8)
    data = encoded(image, "JPEG")
    assert np.abs(decode_image(data, "f").astype(int) - 90).max() <= 2
    assert header_of(data, "f").lossy
    assert not header_of(encoded(image), "f").lossy
    assert header_of(saved(Image.fromarray(image.transpose(1, 2, 0)), "WEBP"), "f").lossy
    lossless = saved(Image.fromarray(image.transpose(1, 2, 0)), "WEBP", lossless=True)
    assert not header_of(lossless, "f").lossy


def saved(picture: Image.Image | str, kind: str = "PNG", **options) -> bytes:
    """A picture, or an empty one of a mode, as the bytes of a file."""
    target = io.BytesIO()
    image = Image.new(picture, (4, 4)) if isinstance(picture, str) else picture
    image.save(target, kind, **options)
    return target.getvalue()


def noise(*size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)


GREY, COLOUR = Image.fromarray(noise(6, 8)), Image.fromarray(noise(6, 8, 3))
CHANNELS_FIRST = np.asarray(COLOUR).transpose(2, 0, 1)


def test_palettes_and_bits_are_expanded():
    palette = COLOUR.quantize(16)
    colours = np.asarray(palette.convert("RGB")).transpose(2, 0, 1)
    assert np.array_equal(decode_image(saved(palette), "f"), colours)
    assert np.array_equal(decode_image(saved(GREY.convert("P")), "f"), np.asarray(GREY)[None])
    bits = decode_image(saved(GREY.convert("1")), "f")
    assert bits.shape == (1, 6, 8)
    assert set(np.unique(bits)) == {0, 255}


# EXIF's orientation → how the upright picture was turned to be stored so
STORED = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: np.rot90(x, 2),
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x),
    7: lambda x: np.rot90(x, 2).swapaxes(0, 1),
    8: lambda x: np.rot90(x, -1),
}


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_pictures_stand_upright(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](np.asarray(COLOUR))))
    data = saved(stored, kind, exif=exif)
    assert np.array_equal(decode_image(data, "f", formats=None), CHANNELS_FIRST)


def test_a_damaged_orientation_says_nothing():
    data = saved(COLOUR, "JPEG", exif=b"Exif\0\0no TIFF")
    assert np.array_equal(decode_image(data, "f"), decode_image(saved(COLOUR, "JPEG"), "f"))


def test_sixteen_bits_are_scaled():
    grey, colour = np.asarray(GREY), np.asarray(COLOUR)
    wide = Image.fromarray(grey.astype(np.uint16) * 257)
    assert np.array_equal(decode_image(saved(wide), "f"), grey[None])
    assert np.array_equal(decode_image(saved(wide, "TIFF"), "f", formats=None), grey[None])
    rgb = png(8, 6, 16, 2, unfiltered(colour.astype(">u2") * 257))
    assert np.array_equal(decode_image(rgb, "f"), CHANNELS_FIRST)
    opaque = np.dstack([grey.astype(">u2") * 257, np.full((6, 8), 65535, ">u2")]).astype(">u2")
    assert np.array_equal(decode_image(png(8, 6, 16, 4, unfiltered(opaque)), "f"), grey[None])
    assert not decode_image(saved(Image.fromarray(np.zeros((4, 4), np.uint16))), "f").any()


@pytest.mark.parametrize(("kind", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_dim_pictures_of_sixteen_bits_are_refused_in_colour_too(kind, channels):
    pixels = np.full((6, 8, channels), 4000, ">u2")
    if kind != 2:
        pixels[..., -1] = 65535
    with pytest.raises(RefusedInput, match=r"f: image of 16 bits .* almost black in 8 bits"):
        decode_image(png(8, 6, 16, kind, unfiltered(pixels)), "f")
    pixels[0, 0, 0] = 40_000
    assert decode_image(png(8, 6, 16, kind, unfiltered(pixels)), "f").max() == 40_000 >> 8


def with_alpha(value: int) -> dict[str, bytes]:
    """One transparency, in each of the ways to store it; 255 is none."""
    alpha = Image.fromarray(np.where(np.arange(48).reshape(6, 8) == 20, value, 255).astype("u1"))
    palette = COLOUR.quantize(16)
    entries = bytes([value] + [255] * 15)
    some, none = tuple(CHANNELS_FIRST[:, 2, 3].tolist()), (1, 2, 3)
    grey = int(np.asarray(GREY)[2, 3])
    unused = int(np.setdiff1d(np.arange(256), np.asarray(GREY))[0])
    return {
        "RGBA": saved(Image.merge("RGBA", (*COLOUR.split(), alpha))),
        "LA": saved(Image.merge("LA", (GREY, alpha))),
        "PA": saved(Image.merge("RGBA", (*COLOUR.split(), alpha)).convert("PA"), "TIFF"),
        "palette": saved(palette, transparency=entries),
        "grey tRNS": saved(GREY, transparency=unused if value == 255 else grey),
        "colour tRNS": saved(COLOUR, transparency=none if value == 255 else some),
        "WebP": saved(Image.merge("RGBA", (*COLOUR.split(), alpha)), "WEBP", lossless=True),
    }


@pytest.mark.parametrize("way", with_alpha(0))
def test_transparency_is_refused_however_it_is_stored(way):
    for value in (0, 128) if "tRNS" not in way else (0,):
        with pytest.raises(RefusedInput, match=r"f: image with transparency.*-background white"):
            decode_image(with_alpha(value)[way], "f", formats=None)
    if way != "PA":  # a palette of Pillow's own choice
        opaque = decode_image(with_alpha(255)[way], "f", formats=None)
        expected = np.asarray(GREY)[None] if way in ("LA", "grey tRNS") else CHANNELS_FIRST
        if way == "palette":
            expected = np.asarray(COLOUR.quantize(16).convert("RGB")).transpose(2, 0, 1)
        assert np.array_equal(opaque, expected)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_transparent_colour_is_one_of_its_own_depth(depth):
    """Grey values 0 and 1 in turns, of which 1 is transparent; and one that no pixel has."""
    values = np.tile([0, 1], (2, 4))
    if depth == 16:
        values = values * 40_001
    key = int(values.max())
    whole = values.astype(">u2").tobytes() if depth == 16 else None
    bits = (
        np.unpackbits(values.astype("u1")[..., None], axis=2)[..., 8 - depth :] if not whole else 0
    )
    rows = whole or np.packbits(bits.reshape(2, -1), axis=1).tobytes()
    size = len(rows) // 2
    data = b"".join(b"\0" + rows[place : place + size] for place in (0, size))

    def picture(clear: int) -> bytes:
        return png(8, 2, depth, 0, data, tRNS=struct.pack(">H", clear))

    with pytest.raises(RefusedInput, match="image with transparency"):
        decode_image(picture(key), "f")
    red = decode_image(picture(key), "f", (255, 0, 0))
    assert (red[0] == np.where(values == key, 255, 0)).all()
    assert not red[1:].any()
    if depth > 1:
        opaque = decode_image(picture(key + 1), "f")
        assert opaque.shape == (1, 2, 8)
        scale = 257 if depth == 16 else 255 / ((1 << depth) - 1)
        top = key / scale if depth == 16 else key * scale
        assert opaque.max() == round(top)


@pytest.mark.parametrize("way", with_alpha(0))
def test_what_is_transparent_is_laid_on_a_background(way):
    """The same pixels however transparency is stored; half of it is half of the background."""
    place = (..., 2, 4)  # pixel 20 of 6 × 8
    data = {value: with_alpha(value)[way] for value in (0, 128)}
    if way in ("PA", "palette", "grey tRNS", "colour tRNS"):  # of an entry or a value, not a place
        found = decode_image(data[0], "f", (255, 255, 255), formats=None)
        assert (found == 255).all(axis=0).any()
        return
    plain = np.asarray(GREY)[None] if way == "LA" else CHANNELS_FIRST
    for value in (0, 128):
        found = decode_image(data[value], "f", (255, 255, 255), formats=None)
        assert found.shape == plain.shape
        share = value / 255
        expected = plain[place] * share + 255 * (1 - share)
        assert abs(found[place] - expected).max() <= 1
        rest = np.ones(found.shape, bool)
        rest[place] = False
        assert (found[rest] == plain[rest]).all()
    if way == "LA":
        assert decode_image(data[0], "f", (0, 0, 255)).shape == (3, 6, 8)


def test_a_phone_s_jpeg_with_a_preview_is_a_picture():
    data = saved(COLOUR, "MPO", save_all=True, append_images=[COLOUR.rotate(180)])
    assert decode_image(data, "f").shape == (3, 6, 8)


ICO = saved(GREY.resize((16, 16)), "ICO", sizes=[(16, 16)])
SEVERAL = {"save_all": True, "append_images": [GREY.rotate(180)]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (saved("RGBA"), "some.png: image with transparency"),
        (saved("CMYK", "JPEG"), "image in the colours of print"),
        (saved("I", "TIFF"), "32 bits a pixel"),
        (saved("F", "TIFF"), "32 bits a pixel"),
        (saved("LAB", "TIFF"), "mode 'LAB'; convert it"),
        (saved(Image.fromarray(noise(4, 4).astype("u2"))), r"brightest pixel is \d+ of 65535"),
        (saved(GREY, "GIF", **SEVERAL), "2 pictures in one GIF"),
        (saved(GREY, "PNG", **SEVERAL), "2 pictures in one PNG"),
        (saved(COLOUR, "WEBP", save_all=True, append_images=[GREY]), "2 pictures in one WEBP"),
        (saved(GREY, "TIFF", **SEVERAL), "2 pictures in one TIFF"),
        (saved(COLOUR)[:-60], r"some.png is a PNG that is damaged or truncated \(.*truncated"),
        (b"<HTML>", "some.png is a web page, no picture; download it again$"),
        (b"nothing", "some.png is no picture that can be read$"),
    ],
)
def test_what_pixels_cannot_tell_is_refused(data, message):
    with pytest.raises(RefusedInput, match=message):
        decode_image(data, "some.png", formats=None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (saved("L", "GIF"), "some.png is a GIF, no PNG, .* or PPM image; convert it$"),
        (
            saved(GREY.resize((16, 16)), "ICO", sizes=[(16, 16)]),
            "some.png is an ICO, no PNG, .*; convert it$",
        ),
        (saved("RGB", "AVIF"), "some.png is an AVIF, no PNG, .*; convert it$"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "some.png is a HEIC, no"),
        (b'<?xml version="1.0"?><svg/>', "some.png is no readable"),
        (b"<svg xmlns=", "some.png is an SVG, no"),
        (b"%PDF-1.7", "some.png is a PDF, no"),
        (b"PK\3\4", "some.png is a zip archive, no"),
        (b" \n<!DOCTYPE html><html>", "some.png is a web page, no picture; download it again$"),
        (encoded(np.zeros((3, 40, 40), np.uint8))[:-30], "is a PNG that is damaged or truncated"),
        (encoded(np.zeros((3, 40, 40), np.uint8), "JPEG")[:-30], "is a JPEG that is damaged or tr"),
        (b"", "some.png is empty$"),
        (b"nothing", "is no readable PNG, JPEG, WebP, BMP, TIFF, PGM or PPM image$"),
    ],
)
def test_other_bytes_are_refused(data, message):
    for read in (decode_image, header_of):
        with pytest.raises(RefusedInput, match=message):
            read(data, "some.png")


@pytest.mark.parametrize(
    "size", [(8193, 8192), (10_000, 10_000), (20_000, 9_000), (2**31 - 1,) * 2]
)
@pytest.mark.parametrize("formats", [FORMATS, None])
def test_a_bomb_is_not_unpacked(size, formats):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RefusedInput, match=r"f: .*more than 67108864.*not unpacked"):
            decode_image(png(*size, 8, 0), "f", formats=formats)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP", "PPM"])
@pytest.mark.parametrize("picture", [GREY, COLOUR])
def test_every_format_gives_the_same_pixels(kind, picture):
    options = {"lossless": True} if kind == "WEBP" else {}
    found = decode_image(saved(picture, kind, **options), "f")
    plain = np.asarray(picture)
    expected = plain[None] if plain.ndim == 2 else plain.transpose(2, 0, 1)
    if kind == "WEBP" and picture is GREY:  # it knows no grey
        expected = np.repeat(expected, 3, axis=0)
    assert np.array_equal(found, expected)


def test_sixteen_bits_are_scaled_in_every_format():
    grey = np.asarray(GREY)
    wide = (grey.astype(">u2") * 257).tobytes()
    assert np.array_equal(decode_image(b"P5 8 6 65535\n" + wide, "f"), grey[None])
    colour = (np.asarray(COLOUR).astype(">u2") * 257).tobytes()
    assert np.array_equal(decode_image(b"P6 8 6 65535\n" + colour, "f"), CHANNELS_FIRST)
    assert decode_image(b"P1 2 1 1 0", "f").tolist() == [[[0, 255]]]


LYING = Image.Exif()
LYING[0x0112] = 6
HEADERS = {
    "grey": saved(GREY), "colour": saved(COLOUR), "jpeg": saved(COLOUR, "JPEG"),
    "lying": saved(COLOUR, "JPEG", exif=LYING),
    "palette": saved(COLOUR.quantize(16)), "grey palette": saved(GREY.quantize(16)),
    "one bit": saved(GREY.convert("1")), "opaque": with_alpha(255)["RGBA"],
    "wide": saved(Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257)),
    "tiff": saved(COLOUR, "TIFF"), "bmp": saved(GREY, "BMP"), "webp": saved(COLOUR, "WEBP"),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_tells_the_shape_that_decoding_gives(name):
    shape = decode_image(HEADERS[name], "f").shape
    assert header_of(HEADERS[name], "f").shape == shape
    assert (name == "lying") == (shape[1] > shape[2])


@pytest.mark.parametrize("orientation", [3, 6, 8])
@pytest.mark.parametrize("place", ["Raw profile type exif", "XML:com.adobe.xmp"])
def test_pngs_that_other_chunks_turn_fit_their_headers(orientation, place):
    """ImageMagick writes EXIF as text, others write XMP: Pillow heeds both."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    told, text = PngInfo(), exif.tobytes()
    if place.startswith("Raw"):
        told.add_text(place, f"\nexif\n{len(text):8d}\n{text.hex()}\n", zip=True)
    else:
        told.add_itxt(place, f'<x tiff:Orientation="{orientation}"/>')
    pixels = noise(9, 12, 3)
    data = saved(Image.fromarray(pixels), pnginfo=told)
    turned = np.rot90(pixels, {3: 2, 6: 3, 8: 1}[orientation]).transpose(2, 0, 1)
    np.testing.assert_array_equal(decode_image(data, "it"), turned)
    assert header_of(data, "it").shape == turned.shape


@pytest.mark.parametrize("kind", [2, 6])
def test_colours_of_eight_bits_saved_as_sixteen_are_not_taken_for_black(kind):
    """What OpenCV writes of an array of uint16 that was never scaled."""
    values = np.zeros((4, 5, 4 if kind == 6 else 3), ">u2")
    values[:] = 255
    data = png(5, 4, 16, kind, unfiltered(values.view(np.uint8).reshape(4, -1)))
    for read in (decode_image, header_of):
        with pytest.raises(RefusedInput, match="brightest pixel is below 256 of 65535, black in 8"):
            read(data, "it", (255, 255, 255))


def test_black_on_transparent_of_sixteen_bits_is_a_drawing():
    values = np.zeros((4, 5, 4), ">u2")
    values[:2, :, 3] = 65535
    data = png(5, 4, 16, 6, unfiltered(values.view(np.uint8).reshape(4, -1)))
    pixels = decode_image(data, "it", (255, 255, 255))
    assert (pixels[:, :2].max(), pixels[:, 2:].min()) == (0, 255)
    values[:2, :, :3] = 3000  # of 12 bits: dark, though the background is not
    data = png(5, 4, 16, 6, unfiltered(values.view(np.uint8).reshape(4, -1)))
    with pytest.raises(RefusedInput, match="almost black in 8 bits"):
        decode_image(data, "it", (255, 255, 255))


def test_a_pointer_of_git_lfs_is_called_one():
    with pytest.raises(RefusedInput, match="run `git lfs pull`"):
        decode_image(b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\n", "it")


def test_a_program_is_not_run_for_a_picture():
    with pytest.raises(RefusedInput, match="f is an EPS, which is a program; save it as PNG"):
        decode_image(saved(COLOUR, "EPS"), "f", formats=None)
