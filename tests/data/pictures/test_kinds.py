"""Every kind of pixels within a format: the right values, or one line that says what it is."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from ganray.data.pictures.decoding import decode_image, header_of
from ganray.data.pictures.kinds import format_by_signature
from ganray.errors import RefusedInput
from tests.data.pictures.written import PACKED, bits_of, bmp, png, pnm, tiff, unfiltered

RNG = np.random.default_rng(5)
HEIGHT, WIDTH = 10, 16
GREY = RNG.integers(0, 256, (HEIGHT, WIDTH))
COLOUR = RNG.integers(0, 256, (HEIGHT, WIDTH, 3))
DEEP, DEEP_COLOUR = (RNG.integers(0, 1 << 16, one.shape) for one in (GREY, COLOUR))
SIZE = {"width": WIDTH, "height": HEIGHT, "rows": HEIGHT}
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE = range(4)


def first(pixels):
    """Channels first, of grey as of colour."""
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def eight(values, depth):
    """Of so many bits, in 8."""
    return np.rint(values / ((1 << depth) - 1) * 255)


def numbers(values, order="<", kind="u2"):
    return values.astype(f"{order}{kind}").tobytes()


def tiles(pixels, side=16):
    """A picture no larger than a tile, padded to one."""
    padded = np.zeros((side, side, *pixels.shape[2:]), pixels.dtype)
    padded[:HEIGHT, :WIDTH] = pixels
    return padded


def tiffs():
    """Name → (file, pixels, channels first)."""
    for order in "<>":
        for packed in PACKED:
            it = {"order": order, "packed": packed, **SIZE}
            said = f"{order} {packed}"
            for depth in (1, 2, 4, 8):
                values = GREY >> (8 - depth)
                raw = [bits_of(values, depth)]
                shade = eight(values, depth)
                yield f"{depth} {said}", tiff(raw, bits=depth, meaning=BLACK_IS_ZERO, **it), shade
                turned = tiff(raw, bits=depth, meaning=WHITE_IS_ZERO, **it)
                yield f"{depth} inverted {said}", turned, 255 - shade
                colours = RNG.integers(0, 256, (3, 1 << depth))
                named = tiff(raw, bits=depth, meaning=PALETTE,
                             colours=(colours * 257).ravel().tolist(), **it)  # fmt: skip
                yield f"{depth} palette {said}", named, colours[:, values].transpose(1, 2, 0)
            deep = [numbers(DEEP, order)]
            yield f"16 {said}", tiff(deep, bits=16, meaning=1, **it), eight(DEEP, 16)
            if order == "<":
                yield f"16 inverted {said}", tiff(deep, bits=16, meaning=0, **it), (
                    255 - eight(DEEP, 16))  # fmt: skip
            many = {"meaning": RGB, "channels": 3, **it}
            yield f"rgb {said}", tiff([numbers(COLOUR, kind="u1")], bits=[8] * 3, **many), COLOUR
            # Of colours Pillow keeps the upper byte.
            wide = tiff([numbers(DEEP_COLOUR, order)], bits=[16] * 3, **many)
            yield f"rgb 16 {said}", wide, DEEP_COLOUR >> 8
            strips = [numbers(COLOUR[k : k + 3], kind="u1") for k in range(0, HEIGHT, 3)]
            yield f"strips {said}", tiff(strips, bits=[8] * 3, **{**many, "rows": 3}), COLOUR
            apart = [numbers(COLOUR[..., k], kind="u1") for k in range(3)]
            yield f"apart {said}", tiff(apart, bits=[8] * 3, planar=2, **many), COLOUR
            tiled = {name: value for name, value in many.items() if name != "rows"}
            tiled |= {"tile_width": 16, "tile_height": 16}
            tile = [numbers(tiles(COLOUR), kind="u1")]
            yield f"tiled {said}", tiff(tile, bits=[8] * 3, **tiled), COLOUR
            more = np.dstack([COLOUR, GREY])
            spare = tiff([numbers(more, kind="u1")], bits=[8] * 4, extra=0,
                         **{**many, "channels": 4})  # fmt: skip
            yield f"a channel that is no alpha {said}", spare, COLOUR
            opaque = np.dstack([GREY, np.full_like(GREY, 255)])
            for kind in (1, 2):
                two = tiff([numbers(opaque, kind="u1")], bits=[8] * 2, meaning=1, channels=2,
                           extra=kind, **it)  # fmt: skip
                yield f"grey with alpha {kind} {said}", two, GREY
    twelve = DEEP >> 4
    yield "12", tiff([bits_of(twelve, 12)], bits=12, meaning=1, **SIZE), eight(twelve, 12)
    dim = twelve >> 4  # dark throughout, and meant so: the file tells its range
    yield "12 dim", tiff([bits_of(dim, 12)], bits=12, meaning=1, **SIZE), eight(dim, 12)


def plain_maps():
    for most in (1, 15, 100, 255, 256, 1023, 4095, 65534, 65535):
        grey, colour = (values * most // 65535 for values in (DEEP, DEEP_COLOUR))
        for magic, values in (("P2", grey), ("P5", grey), ("P3", colour), ("P6", colour)):
            yield f"{magic} {most}", pnm(magic, values, most), np.rint(values / most * 255)
    bits = GREY >> 7
    for magic in ("P1", "P4"):
        yield magic, pnm(magic, bits), 255 - 255 * bits
    yield "P5 dim", pnm("P5", DEEP >> 12, 4095), np.rint((DEEP >> 12) / 4095 * 255)


def rle(values, two_a_byte=False):
    """Runs of one or two pixels, each row with its end."""
    rows = []
    for row in values[::-1].tolist():
        runs = zip(row[::2], row[1::2], strict=True) if two_a_byte else ((one,) for one in row)
        rows.append(b"".join(
            bytes([2, run[0] << 4 | run[1]]) if two_a_byte else bytes([1, run[0]])
            for run in runs) + b"\0\0")  # fmt: skip
    return b"".join(rows) + b"\0\1"


def bitmaps():
    size, turned = (HEIGHT, WIDTH), COLOUR[::-1]
    blue_first = turned[..., ::-1]
    yield "24", bmp(numbers(blue_first, kind="u1"), size, 24), COLOUR
    yield "from the top", bmp(numbers(COLOUR[..., ::-1], kind="u1"), (-HEIGHT, WIDTH), 24), COLOUR
    spare = np.dstack([blue_first, GREY])
    yield "32, of which 8 say nothing", bmp(numbers(spare, kind="u1"), size, 32), COLOUR
    masks = [0xFF0000, 0xFF00, 0xFF]
    yield "32 by masks", bmp(numbers(spare, kind="u1"), size, 32, 3, masks), COLOUR
    opaque = numbers(np.dstack([blue_first, np.full_like(GREY, 255)]), kind="u1")
    masked = [*masks, 0xFF000000]
    yield "32 opaque", bmp(opaque, size, 32, 3, masked, header=108), COLOUR
    red, green, blue = (turned[..., k] for k in range(3))
    for name, bits in (("555", 5), ("565", 6)):
        low = 8 - bits
        packed = (red >> 3 << (5 + bits)) | (green >> low << 5) | blue >> 3
        masks = [0x1F << (5 + bits), ((1 << bits) - 1) << 5, 0x1F]
        right = np.dstack([eight(COLOUR[..., 0] >> 3, 5), eight(COLOUR[..., 1] >> low, bits),
                           eight(COLOUR[..., 2] >> 3, 5)])  # fmt: skip
        yield name, bmp(numbers(packed), size, 16, 3, masks), right
        if bits == 5:
            yield "16 without masks", bmp(numbers(packed), size, 16), right
    for bits in (1, 4, 8):
        values = GREY >> (8 - bits)
        palette = RNG.integers(0, 256, (1 << bits, 4))
        palette[:, 3] = 0
        right = palette[values][..., 2::-1]
        rows = bits_of(values[::-1], bits)
        padded = b"".join(rows[k : k + WIDTH * bits // 8].ljust(-(-WIDTH * bits // 32) * 4, b"\0")
                          for k in range(0, len(rows), WIDTH * bits // 8))  # fmt: skip
        yield f"palette {bits}", bmp(padded, size, bits, palette=palette), right
        if bits > 1:
            runs = rle(values, two_a_byte=bits == 4)
            yield f"runs {bits}", bmp(runs, size, bits, 3 - bits // 4, palette=palette), right


def pngs():
    rows = unfiltered(COLOUR.astype(np.uint8))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    ignored = {
        "gamma": {"gAMA": struct.pack(">I", 100_000)},
        "primaries": {"cHRM": struct.pack(">8I", *[31_000] * 8), "sRGB": b"\0"},
        "profile": {"iCCP": b"a\0\0" + zlib.compress(profile)},
        "no profile": {"iCCP": b"a\0\0" + b"damaged"},
        "significant bits": {"sBIT": b"\5\5\5"},
    }
    for name, chunks in ignored.items():
        yield name, png(WIDTH, HEIGHT, 8, 2, rows, **chunks), COLOUR
    yield "more behind its end", png(WIDTH, HEIGHT, 8, 2, rows) + b"more", COLOUR


KNOWN = {f"{of.__name__} {name}": (data, right) for of in (tiffs, plain_maps, bitmaps, pngs)
         for name, data, right in of()}  # fmt: skip


@pytest.mark.parametrize("kind", ["tiffs", "plain_maps", "bitmaps", "pngs"])
def test_pixels_are_those_that_were_written(kind):
    for name, (data, right) in KNOWN.items():
        if name.startswith(kind):
            found, wanted = decode_image(data, "it"), first(right)
            assert header_of(data, "it").shape == found.shape, name
            # Of 5 and 6 bits Pillow makes 8 without rounding.
            tolerance = 1 if name.startswith(("bitmaps 5", "bitmaps 16")) else 0
            np.testing.assert_allclose(found, wanted, atol=tolerance, err_msg=name)


def saved(image, kind, **options):
    sink = io.BytesIO()
    image.save(sink, kind, **options)
    return sink.getvalue()


SMOOTH = Image.fromarray(RNG.integers(0, 256, (2, 2, 3), np.uint8)).resize((WIDTH, HEIGHT))
JPEG = saved(SMOOTH, "JPEG", quality=95, subsampling=0)
GREY_JPEG = saved(SMOOTH.convert("L"), "JPEG", quality=95)


def with_adobe(data, transform):
    return data[:2] + b"\xff\xee\0\x0eAdobe\0d\0\0\0\0" + bytes([transform]) + data[2:]


LOSSY = {
    "jpeg": JPEG,
    "progressive": saved(SMOOTH, "JPEG", quality=95, subsampling=0, progressive=True),
    "with Adobe's marker": with_adobe(JPEG, 1),
    "stored as red, green and blue": saved(SMOOTH, "JPEG", quality=95, keep_rgb=True),
    "more behind its end": JPEG + b"more",
    "in TIFF": saved(SMOOTH.convert("YCbCr"), "TIFF", compression="jpeg", quality=95),
    **{f"grey with Adobe's marker {k}": with_adobe(GREY_JPEG, k) for k in range(3)},
}


@pytest.mark.parametrize("name", LOSSY)
def test_jpeg_in_any_of_its_forms_is_what_was_drawn(name):
    drawn = np.asarray(SMOOTH.convert("L" if "grey" in name else "RGB")).astype(int)
    assert np.abs(decode_image(LOSSY[name], "it").astype(int) - first(drawn)).max() <= 24


def test_webp_without_loss_is_what_was_drawn():
    picture = Image.fromarray(COLOUR.astype(np.uint8))
    for options in ({}, {"save_all": True}):  # an animation of one picture
        data = saved(picture, "WEBP", lossless=True, **options)
        np.testing.assert_array_equal(decode_image(data, "it"), first(COLOUR))


def odd_tiff(pieces=None, order="<", **tags):
    pieces = [numbers(DEEP, order)] if pieces is None else pieces
    return tiff(pieces, order, **{"bits": 16, "meaning": 1, **SIZE, **tags})


TWO = [numbers(np.dstack([GREY, GREY]), kind="u1")]
ALPHA_APART = [numbers(GREY, kind="u1")] * 2
CHANNELS = [numbers(DEEP_COLOUR[..., k]) for k in range(3)]
CLEAR = np.dstack([COLOUR[::-1, :, ::-1], GREY])
REFUSED = {
    "signed 16": (odd_tiff(numbers=2), "16 bits a channel, with a sign"),
    "signed 8": (odd_tiff([bits_of(GREY, 8)], bits=8, numbers=2), "8 bits a channel, with a sign"),
    "signed 32": (odd_tiff([numbers(DEEP, kind="i4")], bits=32, numbers=2), "32 bits a pixel"),
    "32 bits": (odd_tiff([numbers(DEEP, kind="u4")], bits=32), "32 bits a pixel"),
    "halves": (odd_tiff(numbers=3), "16 bits a channel, as floating-point numbers"),
    "floats": (odd_tiff([numbers(GREY, kind="f4")], bits=32, numbers=3), "32 bits a pixel"),
    "doubles": (odd_tiff([numbers(GREY, kind="f8")], bits=64, numbers=3), "64 bits a channel, as"),
    "inverted big-endian": (odd_tiff(order=">", meaning=0), "16 bits a channel, white is zero"),
    "12 big-endian": (odd_tiff([bits_of(DEEP >> 4, 12)], ">", bits=12), "12 bits a channel)"),
    "10": (odd_tiff([bits_of(DEEP >> 6, 10)], bits=10), "10 bits a channel)"),
    "apart": (odd_tiff(CHANNELS, bits=[16] * 3, meaning=2, channels=3, planar=2),
              "16 bits a channel, 3 channels one behind the other"),
    "alpha apart": (
        odd_tiff(ALPHA_APART, packed=8, bits=[8, 8], channels=2, extra=2, planar=2),
        "8 bits a channel, 2 channels one behind the other"),
    "print": (odd_tiff([TWO[0] * 2], bits=[8] * 4, meaning=5, channels=4), "the colours of print"),
    "transparent": (odd_tiff(TWO, bits=[8, 8], channels=2, extra=1), "image with transparency"),
    "five": (odd_tiff([TWO[0] * 3], bits=[8] * 5, channels=5, extra=[0] * 4), "5 channels"),
    "12 as 16": (odd_tiff([numbers(DEEP >> 4)]), "brightest pixel is"),
    "12 as 16 inverted": (odd_tiff([numbers(DEEP >> 4)], meaning=0), "almost white in 8 bits"),
    "packed oddly": (odd_tiff(bits=8).replace(struct.pack("<HHII", 259, 3, 1, 1),
                                              struct.pack("<HHII", 259, 3, 1, 50001)),
                     "packed in a way that is not read"),
    "cut TIFF": (odd_tiff()[:-40], "a TIFF that is damaged, or of a kind"),
    "beyond its range": (pnm("P5", GREY + 1, 100), "beyond 100, which the file's header says"),
    "colours beyond": (pnm("P6", DEEP_COLOUR, 4095), "beyond 4095"),
    "12 as a map of 16": (pnm("P5", DEEP >> 4, 65535), "almost black in 8 bits"),
    "12 as a plain map of 16": (pnm("P2", DEEP >> 4, 65535), "almost black in 8 bits"),
    "plain beyond": (pnm("P2", GREY + 1, 100), "value too large"),
    "floats as map": (b"Pf %d %d -1.0\n" % (WIDTH, HEIGHT) + numbers(GREY, kind="f4"), "32 bits"),
    "cut map": (pnm("P5", GREY, 255)[:-1], "truncated"),
    "YCCK": (with_adobe(saved(SMOOTH.convert("CMYK"), "JPEG"), 2), "the colours of print"),
    "12-bit JPEG": (JPEG[: JPEG.index(b"\xff\xc0") + 4] + b"\x0c"
                    + JPEG[JPEG.index(b"\xff\xc0") + 5 :], "a JPEG that is damaged, or of a kind"),
    "cut JPEG": (JPEG[:-1], "truncated"),
    "clear BMP": (bmp(numbers(CLEAR, kind="u1"), (HEIGHT, WIDTH), 32, 3,
                      [0xFF0000, 0xFF00, 0xFF, 0xFF000000], header=124), "with transparency"),
    "444": (bmp(numbers(GREY), (HEIGHT, WIDTH), 16, 3, [0xF00, 0xF0, 0xF]),
            "of a kind that is not read"),
    "PNG in BMP": (bmp(b"\x89PNG", (HEIGHT, WIDTH), 0, 5), "of a kind that is not read"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_other_kinds_are_refused_by_what_they_are(name):
    data, said = REFUSED[name]
    for read in (decode_image, header_of):
        with pytest.raises(RefusedInput) as refusal:
            read(data, "it")
        assert said in str(refusal.value)
        assert "\n" not in str(refusal.value)


def test_signatures_tell_formats():
    for kind in ("PNG", "JPEG", "GIF", "WebP", "BMP", "TIFF"):
        assert format_by_signature(saved(SMOOTH, kind)) == kind
    assert not format_by_signature(b"BMW is no picture, but begins as one")
    assert not format_by_signature(b"RIFF....WAVE")


def test_libtiff_says_nothing_of_its_own():
    """On standard error, which no Python code sees, of strips that end too early."""
    whole = odd_tiff(packed=8)
    script = (
        "import sys\nfrom ganray.data.pictures.decoding import decode_image\n"
        "try:\n    decode_image(sys.stdin.buffer.read(), 'it')\n"
        "except ValueError as error:\n    print(error)\n"
    )
    damaged = whole[:40] + bytes(200) + whole[240:]
    done = subprocess.run([sys.executable, "-c", script], input=damaged, capture_output=True,
                          check=True, env=os.environ)  # fmt: skip
    assert b"it is a TIFF that is damaged" in done.stdout
    assert not done.stderr
