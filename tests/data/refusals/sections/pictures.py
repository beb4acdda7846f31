"""Pictures, wherever they lie."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from tests.data.in_memory import Files, picture
from tests.data.pictures.test_decoding import png, unfiltered
from tests.data.pictures.written import pnm, tiff
from tests.data.refusals.row import Row, Section

_ONE = picture()


def _with(data: bytes, name: str = "7.png") -> Files:
    """Class folders of pictures, one of them another."""
    files = {f"{name}/{k}.png": _ONE for name in ("cat", "dog") for k in range(7)}
    return files | {f"cat/{name}": data}


def _saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    sink = io.BytesIO()
    image.save(sink, kind, **options)
    return sink.getvalue()


_NOISE = _saved(Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)))
_GREY = Image.new("L", (8, 8))
_RED = Image.new("RGB", (8, 8), "red")
_FRAMES = _saved(_RED, "TIFF", save_all=True, append_images=[_GREY])


def _sparse(folder: Path) -> None:
    for name, data in _with(_ONE).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    with (folder / "cat" / "7.png").open("wb") as file:
        file.truncate((1 << 30) + 1)


def _flipped() -> bytes:
    """A PNG whose end is whole, and whose pixels are not."""
    at = _ONE.index(b"IDAT") + 12
    return _ONE[:at] + bytes(9) + _ONE[at + 9 :]


_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
_CONVERT = "convert it to one of them, or `data: {skip_unreadable: true}`"
SECTIONS = (
    Section("Pictures, in folders, archives, Parquet, WebDataset and LMDB", (
        Row("sizes that differ", _with(_saved(Image.new("RGB", (9, 8)))),
            "`data: {size: 8}`; `ganray data show SRC` proposes one"),
        Row("grey ones among coloured ones", _with(_saved(_GREY)),
            "`data: {channels: 3}` (or 1)"),
        Row("an empty file", _with(b""), "copy it again, or `data: {skip_unreadable: true}`"),
        Row("a picture cut off", _with(_NOISE[:-40]),
            "copy it again, or `data: {skip_unreadable: true}`"),
        Row("several that cannot be read", _with(b"") | {"cat/8.png": b"text", "cat/9.png": b""},
            "`ganray data show SRC` names all of them; `data: {skip_unreadable: true}`"),
        Row("damage behind the headers, found while they are decoded",
            _with(_flipped()),
            "copy it again, or `data: {skip_unreadable: true}`"),
        Row("none that can be read, with `skip_unreadable`", {"a/1.png": b"", "a/2.png": b"x"},
            "copy them again", spec={"skip_unreadable": True}),
        Row("a file of another kind among them", _with(b"x", "notes.txt"),
            "move it away, or `data: {skip_unreadable: true}`"),
        Row("another format than its name says", _with(_saved(_GREY, "GIF")), _CONVERT),
        Row("a web page", _with(b"<html>404</html>"), "download the picture itself"),
        Row("what Git LFS keeps in its place", _with(_LFS), "`git lfs pull`"),
        Row("an SVG", _with(b"<svg xmlns='x'/>"), _CONVERT),
        Row("HEIC, as phones write it", _with(b"\0\0\0\x18ftypheic" + bytes(50)), _CONVERT),
        Row("an EPS", _with(_saved(_RED, "EPS")), _CONVERT),
        Row("transparency", _with(picture("PNG", "RGBA")) | {"cat/8.png": _saved(
            Image.new("RGBA", (8, 8)))}, "`data: {background: white}`"),
        Row("colours of print", _with(_saved(_RED.convert("CMYK"), "JPEG")), _CONVERT),
        Row("32 bits a pixel", _with(_saved(_RED.convert("F"), "TIFF")),
            "scale to 8 bits before"),
        Row("colours of a mode of its own", _with(_saved(_RED.convert("LAB"), "TIFF")), _CONVERT),
        Row("an animation, or pages", _with(_FRAMES), "save one of them"),
        Row("over 8,192² pixels", _with(png(9000, 9000, 8, 0)), "scale it down before"),
        Row("over twice as many", _with(png(60_000, 60_000, 8, 0)), "scale it down before"),
        Row("16 bits that use a sixteenth of their range", _with(_saved(Image.fromarray(
            np.full((8, 8), 4000, np.uint16)))), "scale to 0 … 65535, or save with 8 bits"),
        Row("the same in colour, black in 8 bits", _with(png(8, 6, 16, 2, unfiltered(
            np.full((6, 8, 3), 200, ">u2")))), "scale to 0 … 65535, or save with 8 bits"),
        Row("a transparent colour of 16 bits", _with(png(8, 6, 16, 2, unfiltered(
            np.full((6, 8, 3), 60000, ">u2")), tRNS=bytes(6))), "save it with 8 bits"),
        Row("numbers with a sign", _with(tiff([bytes(96)], bits=16, meaning=1, width=8, height=6,
            rows=6, numbers=2), "7.tif"), "save it with 8 bits, or as PNG"),
        Row("a pixel beyond what the header says", _with(pnm("P5", np.full((8, 8), 101), 100),
            "7.pgm"), "write its header anew, or `data: {skip_unreadable: true}`"),
        Row("a file of more than a gigabyte", _sparse, "it is no picture; remove it"),
        Row("a picture that changes while the set is read", _with(_ONE),
            "start again when nothing writes there any more",
            meanwhile=lambda folder: (folder / "cat" / "7.png").write_bytes(_saved(_GREY))),
        Row("one that is removed meanwhile", _with(_ONE),
            "start again when nothing writes there any more",
            meanwhile=lambda folder: (folder / "cat" / "7.png").unlink()),
    )),
)  # fmt: skip
