"""IDX and EMNIST."""

from __future__ import annotations

import gzip
import struct

import numpy as np

from tests.data.in_memory import IMAGES, LABELS, gzipped, idx_files
from tests.data.published import idx
from tests.data.refusals.row import Row, Section

_IMAGES, _LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
_AGAIN = "download it again"
_WEB_PAGE = b"<!DOCTYPE html><html>404</html>"


def _with(**changes: bytes) -> dict[str, bytes]:
    """MNIST's files, some of them others: images, labels, test."""
    names = {"images": _IMAGES, "labels": _LABELS, "test": "t10k-images-idx3-ubyte"}
    return idx_files() | {names[kind]: data for kind, data in changes.items()}


def _header(*sizes: int) -> bytes:
    return struct.pack(">4I", 2051, *sizes)


def _without(name: str) -> dict[str, bytes]:
    return {one: data for one, data in idx_files().items() if one != name}


def emnist(*variants: str, labels: np.ndarray = LABELS) -> dict[str, bytes]:
    """The files of some variants."""
    files = {}
    for variant in variants:
        for part, rows in (("train", slice(0, 10)), ("test", slice(10, 14))):
            start = f"emnist-{variant}-{part}"
            files[f"{start}-images-idx3-ubyte"] = idx(IMAGES[rows, 0], 2051)
            files[f"{start}-labels-idx1-ubyte"] = idx(labels[rows].astype(np.uint8), 2049)
    return files


_MAPPING = "emnist-digits-mapping.txt"
SECTIONS = (
    Section("IDX: MNIST and its like", (
        Row("`format: idx`, and no file of MNIST's names", {"a.txt": b"x"},
            "name the folder with the four files", spec={"format": "idx"}),
        Row("one of the four files is missing", _without(_LABELS), "put it there"),
        Row("a web page that was saved in a file's place", _with(images=_WEB_PAGE),
            "download the file itself: follow the link, accept what is asked"),
        Row("a file cut off in its header", _with(images=b"\0\0\x08\x03\0"), _AGAIN),
        Row("labels in the place of images", _with(images=idx_files()[_LABELS]),
            "give the files their published names"),
        Row("a file cut off", _with(images=idx_files()[_IMAGES][:-7]), _AGAIN),
        Row("more bytes than the header announces", _with(images=idx_files()[_IMAGES] + b"12"),
            _AGAIN),
        Row("no images", _with(images=_header(0, 4, 5), labels=struct.pack(">2I", 2049, 0)),
            "leave such a pair out"),
        Row("a header that announces four thousand million images",
            _with(images=_header(1 << 32 - 1, 4, 5)), _AGAIN),
        Row("a header that announces images of 65,536×65,536",
            _with(images=_header(10, 65536, 65536)), "scale them down before, or " + _AGAIN),
        Row("a gzip file cut off", gzipped(idx_files()) | {
            f"{_IMAGES}.gz": gzip.compress(idx_files()[_IMAGES], mtime=0)[:-20]}, _AGAIN),
        Row("another number of labels than of images", _with(labels=idx(LABELS[:9].astype(np.uint8),
            2049)), "take both files of one set"),
        Row("test images of another size", _with(test=idx(np.zeros((4, 6, 6), np.uint8), 2051)),
            "`data.size` does not help here: make both files of one size"),
        Row("a file that is replaced by a shorter one while it is read", idx_files(),
            "start again when nothing writes there any more",
            meanwhile=lambda folder: (folder / _IMAGES).write_bytes(_header(10, 4, 5))),
    )),
    Section("EMNIST", (
        Row("`format: emnist`, and none of its files", {"a.txt": b"x"},
            "name the folder with the files", spec={"format": "emnist"}),
        Row("several variants in one folder", emnist("digits", "mnist"), "name one of them"),
        Row("a mapping in another form", emnist("digits") | {_MAPPING: b"0 zero\n"},
            "take the published file, or remove it: the variants are known"),
        Row("a label that the variant does not have", emnist("letters"),
            "take images and labels of one variant"),
    )),
)  # fmt: skip
