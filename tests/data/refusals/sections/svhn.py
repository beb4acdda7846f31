"""SVHN."""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest.mock import patch

import h5py
import numpy as np
from scipy.io import savemat

from ganray.data import DatasetSpec, open_source
from tests.data.formats.test_svhn import content, write_hdf5, write_v5
from tests.data.refusals.row import Row, Section

_AGAIN = "download it again"


def _read(folder: Path) -> None:
    for _ in open_source(DatasetSpec(source=str(folder))).batches():
        pass


def _mat(train: bytes = b"", **variables: np.ndarray) -> Callable[[Path], None]:
    def made(folder: Path) -> None:
        if variables:
            savemat(folder / "train_32x32.mat", variables)
        else:
            (folder / "train_32x32.mat").write_bytes(train)

    return made


_X, _Y = content(20)


def _v5_cut(folder: Path) -> None:
    write_v5(folder, False)
    path = folder / "train_32x32.mat"
    path.write_bytes(path.read_bytes()[:600])


def _short_elements(x: int | None, y: int | None) -> Callable[[Path], None]:
    """A file whose packed variables hold fewer values than they announce."""

    def made(folder: Path) -> None:
        write_v5(folder)
        savemat(folder / "train_32x32.mat", {"X": _X, "y": _Y})
        path = folder / "train_32x32.mat"
        whole = path.read_bytes()
        parts, at = [whole[:128]], 128
        for cut in (x, y):
            length = int.from_bytes(whole[at + 4 : at + 8], "little")
            element = whole[at : at + 8 + length]
            packed = zlib.compress(element[: len(element) - cut] if cut else element)
            parts.append(struct.pack("<II", 15, len(packed)) + packed)
            at += 8 + length
        path.write_bytes(b"".join(parts))

    return made


def _hdf5(change: Callable[[h5py.File], object]) -> Callable[[Path], None]:
    def made(folder: Path) -> None:
        write_hdf5(folder)
        with h5py.File(folder / "train_32x32.mat", "r+") as file:
            change(file)

    return made


def _elsewhere(file: h5py.File) -> None:
    del file["X"]
    file.create_dataset("X", (60, 3, 5, 4), "u1", external=[("other.bin", 0, 3600)])


def _huge(file: h5py.File) -> None:
    del file["X"]
    file.create_dataset("X", (1 << 40, 3, 5, 4), "u1", chunks=(7, 3, 5, 4))


def _texts(file: h5py.File) -> None:
    del file["y"]
    file["y"] = np.asarray([b"1"] * 60)


def _many(file: h5py.File) -> None:
    for number in range(1001):
        file.create_group(f"g{number}")


def _without_h5py(folder: Path) -> None:
    with patch.dict(sys.modules, {"h5py": None}):
        _read(folder)


def _flipped(folder: Path) -> None:
    """Where the root group's kind of message stands."""
    write_hdf5(folder)
    path = folder / "train_32x32.mat"
    data = bytearray(path.read_bytes())
    data[624] ^= 0xFF
    path.write_bytes(data)


def _cut_hdf5(folder: Path) -> None:
    write_hdf5(folder)
    path = folder / "train_32x32.mat"
    path.write_bytes(path.read_bytes()[:700])


def _test_alone(folder: Path) -> None:
    write_v5(folder)
    (folder / "train_32x32.mat").unlink()


_SVHN = (
    Row("`train_32x32.mat` is missing", _test_alone, "put it there"),
    Row("a web page in a file's place", {"train_32x32.mat": b"<html>"}, _AGAIN),
    Row("no MATLAB file", _mat(b"x" * 300), _AGAIN),
    Row("a file cut off", _v5_cut, _AGAIN),
    Row("a file that lacks a variable", _mat(X=_X), "save `X` and `y`"),
    Row("X of another type", _mat(X=_X.astype(float), y=_Y), "save it as uint8"),
    Row("labels that are no numbers", _mat(X=_X, y=np.asarray(["a"] * 20)), "save numbers 1 … 10"),
    Row("several labels of each image", _mat(X=_X, y=np.ones((20, 2))), "save one of each"),
    Row("another number of labels than of images", _mat(X=_X, y=_Y[:9]), "save one of each"),
    Row("labels beyond 1 … 10", _mat(X=_X, y=_Y + 5), "call the digit 0 by the label 10 (or 0)"),
    Row("test images of another size", partial(write_v5, test=(_X[:2], _Y)),
        "make both files of one size"),
    Row("values cut off within a packed variable: labels", _short_elements(None, 12), _AGAIN),
    Row("values cut off within a packed variable: images", _short_elements(200, None), _AGAIN),
    Row("version 7.3 where h5py is not installed", write_hdf5, "install it, or save with `-v7`",
        call=_without_h5py),
    Row("version 7.3, damaged", _flipped, _AGAIN),
    Row("version 7.3, cut off", _cut_hdf5, _AGAIN),
    Row("version 7.3 that lacks a variable", _hdf5(lambda file: file.pop("X")),
        "save `X` and `y`"),
    Row("version 7.3 whose labels are text", _hdf5(_texts), "save numbers 1 … 10"),
    Row("an array that lies in another file", _hdf5(_elsewhere), "save it in this one"),
    Row("an array of more values than the file can hold", _hdf5(_huge), _AGAIN),
    Row("more than a thousand arrays", _hdf5(_many), "save `X` and `y` alone"),
)  # fmt: skip

SECTIONS = (Section("SVHN (MATLAB)", _SVHN),)
