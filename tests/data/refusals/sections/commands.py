"""`ganray data fetch`, `ganray search --image`, and pictures that are written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ganray.data import fetch
from ganray.data.pictures.files import Drawn, read_image, write_png
from ganray.data.probe import draw
from tests.data.refusals.row import Row, Section

_IMAGE = "image.png"


def _fetch(name: str, to: str = "", mirror: str | None = None) -> Callable[[Path], object]:
    return lambda folder: fetch(name, to or folder / "to", mirror)


def _search(folder: Path) -> None:
    read_image(str(folder / _IMAGE), (1, 28, 28))


def _written(to: str) -> Callable[[Path], object]:
    drawn = Drawn(np.zeros((1, 1, 8, 8), np.uint8), None, [])
    return lambda folder: write_png(drawn, to if "://" in to else str(folder / to))


SECTIONS = (
    Section("Fetching published sets", (
        Row("a set that is not known", {}, "one of those named", call=_fetch("imagenet")),
        Row("a target that is a URL", {}, "fetch here, then `ganray data import SRC --to s3://…`",
            call=_fetch("mnist", "s3://bucket/mnist")),
        Row("a mirror that is no web server", {}, "an http:// or https:// URL",
            call=_fetch("mnist", mirror="ftp://example.org")),
        Row("a target that is a file", {}, "name a folder", call=_fetch(
            "mnist", "/dev/null/mnist", "http://127.0.0.1:9")),
    )),
    Section("Single pictures", (
        Row("`search --image` of what is not there", {}, "mind the spelling", call=_search),
        Row("of a pipe", lambda folder: os.mkfifo(folder / _IMAGE), "name a file", call=_search),
        Row("of no picture", {_IMAGE: b"text"}, "any picture that Pillow reads", call=_search),
        Row("of an EPS", {_IMAGE: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n"},
            "save it as PNG", call=_search),
        Row("a drawing that there is not", {}, "one of those named",
            call=lambda _: draw("smily", (1, 28, 28))),
        Row("samples to an unknown kind of URL", {}, "a folder, or a bucket",
            call=_written("carrier://pigeon")),
        Row("samples to a folder below a file", {"a": b""}, "name another folder",
            call=_written("a/b")),
    )),
)  # fmt: skip
