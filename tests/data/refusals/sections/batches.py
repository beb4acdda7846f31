"""CIFAR, SVHN and LSUN."""

from __future__ import annotations

import gzip
import struct
import sys
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest.mock import patch

import h5py
import lmdb
import numpy as np
from scipy.io import savemat

from ganray.data import DatasetSpec, open_source
from tests.data.formats.test_cifar import content, listed, python_2, records, text
from tests.data.formats.test_svhn import content as svhn_content
from tests.data.formats.test_svhn import write_hdf5, write_v5
from tests.data.in_memory import Files, picture
from tests.data.refusals.row import Row, Section

_AGAIN = "download it again"
_PIXELS, _LABELS = content(3, 3)
_RECORDS = records(_PIXELS, _LABELS)
_BATCH = python_2(_PIXELS[:2], _LABELS[:2])
_META = b"\x80\x02}q\x01(" + text("label_names") + listed(["a", "b", "c"], text) + b"u."


def _binary(**changes: bytes) -> Files:
    files = {"data_batch_1.bin": _RECORDS, "test_batch.bin": _RECORDS, **changes}
    return {name.replace("__", "."): data for name, data in files.items()}


def _python(batch: bytes, **others: bytes) -> Files:
    return {"data_batch_1": batch, **others}


def _pickle(inside: bytes) -> bytes:
    return b"\x80\x02}q\x01(" + inside + b"u."


_CIFAR = (
    Row("`format: cifar`, and none of its batches", {"a.txt": b"x"}, "name the folder with them",
        spec={"format": "cifar"}),
    Row("a batch is missing, a later one is there", _binary(data_batch_3__bin=_RECORDS),
        "fetch the missing one, or leave out those after it"),
    Row("a batch without images", _binary(data_batch_1__bin=b""), _AGAIN),
    Row("a batch cut off", _binary(data_batch_1__bin=_RECORDS[:-9]), _AGAIN),
    Row("labels that have no name", _binary(**{"batches.meta.txt": b"cat\n"}),
        "take the names that belong to the set"),
    Row("a file of names without any", _python(_BATCH, **{"batches.meta": _pickle(
        text("label_names") + b"N")}), "take the published one, or remove it"),
    Row("`columns.label` of CIFAR-10", _binary(), "leave it out: CIFAR-10 has one label",
        spec={"columns": {"label": "coarse_label"}}),
    Row("more bytes than any batch has", {"data_batch_1": b""}, "take the published files",
        call=lambda folder: _large(folder)),
    Row("a pickle cut off", _python(_BATCH[:-4000]), _AGAIN),
    Row("a pickle that would run something", _python(b"cos\nsystem\n(S'ls'\ntR."),
        "do not load it anywhere; take the published files"),
    Row("a pickle of other things than lists and arrays", _python(b"\x80\x04\x8f."),
        "save labels as a list, pixels as a uint8 array"),
    Row("an array of another type in it", _python(_BATCH.replace(b"U\x02u1", b"U\x02i1")),
        "save uint8: `pixels.astype('uint8')`"),
    Row("a pickle without end", _python(b""), _AGAIN,
        call=lambda folder: _endless(folder)),
    Row("a batch without labels", _python(python_2(_PIXELS[:2], _LABELS[:2], "classes")),
        "call the list `labels` (CIFAR-100: `fine_labels`)"),
    Row("another number of pixels than labels ask for", _python(python_2(_PIXELS[:2], [0, 1, 2])),
        "save as many rows as labels"),
)  # fmt: skip


def _read(folder: Path) -> None:
    for _ in open_source(DatasetSpec(source=str(folder))).batches():
        pass


def _large(folder: Path) -> None:
    (folder / "data_batch_1").write_bytes(gzip.compress(bytes(257 << 20), 1, mtime=0))
    _read(folder)


def _endless(folder: Path) -> None:
    (folder / "data_batch_1").write_bytes(b"\x80\x02" + b"N" * 2_000_001 + b".")
    _read(folder)


def _mat(train: bytes = b"", **variables: np.ndarray) -> Callable[[Path], None]:
    def made(folder: Path) -> None:
        if variables:
            savemat(folder / "train_32x32.mat", variables)
        else:
            (folder / "train_32x32.mat").write_bytes(train)

    return made


_X, _Y = svhn_content(20)


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


_SVHN = (
    Row("`train_32x32.mat` is missing", lambda folder: _test_alone(folder), "put it there"),
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
    Row("version 7.3, damaged", lambda folder: _flipped(folder), _AGAIN),
    Row("version 7.3, cut off", _cut_hdf5, _AGAIN),
    Row("version 7.3 that lacks a variable", _hdf5(lambda file: file.pop("X")),
        "save `X` and `y`"),
    Row("version 7.3 whose labels are text", _hdf5(_texts), "save numbers 1 … 10"),
    Row("an array that lies in another file", _hdf5(_elsewhere), "save it in this one"),
    Row("an array of more values than the file can hold", _hdf5(_huge), _AGAIN),
    Row("more than a thousand arrays", _hdf5(_many), "save `X` and `y` alone"),
)  # fmt: skip


def _test_alone(folder: Path) -> None:
    write_v5(folder)
    (folder / "train_32x32.mat").unlink()


def _lmdb(values: list[bytes], name: str = "bedroom_train_lmdb") -> Callable[[Path], None]:
    def made(folder: Path) -> None:
        environment = lmdb.open(str(folder / name), map_size=1 << 24)
        with environment.begin(write=True) as transaction:
            for number, value in enumerate(values):
                transaction.put(b"%06d" % number, value)
        environment.close()
        (folder / name / "lock.mdb").unlink()

    return made


def _entries(folder: Path) -> None:
    _lmdb([picture()] * 5)(folder)
    path = folder / "bedroom_train_lmdb" / "data.mdb"
    data = bytearray(path.read_bytes())
    for page in (0, 4096):
        data[page + 16 + 104 : page + 16 + 112] = struct.pack("<Q", 9)
    path.write_bytes(data)


def _large_value(folder: Path) -> None:
    """One that announces more than is read, in a file with holes."""
    _lmdb([picture(), picture("BMP") * 40])(folder)
    path = folder / "bedroom_train_lmdb" / "data.mdb"
    data, length = bytearray(path.read_bytes()), len(picture("BMP") * 40)
    place = data.find(struct.pack("<HH", length & 0xFFFF, length >> 16) + b"\x01\0\x06\0")
    data[place : place + 4] = struct.pack("<I", (1 << 30) + 1)
    with path.open("wb") as file:
        file.write(data)
        file.truncate(3 << 30)


_LSUN = (
    Row("`format: lmdb`, and no `data.mdb`", {"a.txt": b"x"}, "name the folder with it",
        spec={"format": "lmdb"}),
    Row("no LMDB file", {"data.mdb": b"x" * 9000}, _AGAIN),
    Row("a file cut off", lambda folder: _cut_lmdb(folder), _AGAIN),
    Row("fewer values than the file announces", _entries, _AGAIN),
    Row("a category without images", _lmdb([]), "remove its folder"),
    Row("a value of more than a gigabyte", _large_value, "it is no picture; remove it"),
    Row("values that are no pictures", _lmdb([b"text"] * 5), "write pictures' files as values"),
)  # fmt: skip


def _cut_lmdb(folder: Path) -> None:
    _lmdb([picture()] * 5, ".")(folder)
    path = folder / "data.mdb"
    path.write_bytes(path.read_bytes()[:-4096])


SECTIONS = (
    Section("CIFAR-10 and CIFAR-100", _CIFAR),
    Section("SVHN (MATLAB)", _SVHN),
    Section("LSUN (LMDB)", _LSUN),
)
