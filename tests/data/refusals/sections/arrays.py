""".npz and CSV."""

from __future__ import annotations

import gzip
import zipfile

import numpy as np

from tests.data.formats.test_csv import text
from tests.data.in_memory import LABELS, Files, arrays, npy, npz, zipped
from tests.data.refusals.row import Row, Section

_AGAIN = "download it again, or save it again"
_IMAGES = arrays()["train_images"][..., 0]
_UINT8 = "`x.astype('uint8')`, where values are whole and lie in 0 … 255"


def _set(**changes: np.ndarray) -> Files:
    """One array of images and their labels, or others."""
    return {"set.npz": npz(**{"images": _IMAGES, "labels": LABELS[:10]} | changes)}


def _header(shape: str, kind: str = "|u1") -> bytes:
    said = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    return b"\x93NUMPY\x01\0" + len(said).to_bytes(2, "little") + said.encode()


def _members(images: bytes, method: int = zipfile.ZIP_DEFLATED) -> Files:
    return {"set.npz": zipped({"images.npy": images, "labels.npy": npy(LABELS[:10])}, method)}


_WIDE = np.resize(_IMAGES, (14, 4, 5)).astype(np.int16) * 2
_NPZ = (
    Row("`format: npz`, and no such file", {"a.txt": b"x"}, "name the folder with it",
        spec={"format": "npz"}),
    Row("a web page in its place", {"set.npz": b"<html>404</html>"}, "download the file itself"),
    Row("a file cut off", {"set.npz": _set()["set.npz"][:-30]}, _AGAIN),
    Row("a zip without arrays", {"set.npz": zipped({"a.txt": b"x"})}, "save by `numpy.savez`"),
    Row("arrays packed by bzip2", _members(npy(_IMAGES), zipfile.ZIP_BZIP2),
        "save by `numpy.savez_compressed`"),
    Row("an array of Python objects", _set(images=np.asarray([[1], [2, 3]], object)),
        "bring the images to one shape and save numbers"),
    Row("a shape with a negative side", _members(_header("(-1, 4, 5)")), _AGAIN),
    Row("another size than the array has", _members(_header("(9, 9, 9)") + b"12345"), _AGAIN),
    Row("no array of images", {"set.npz": npz(a=_IMAGES, b=LABELS)},
        "save images and labels by such names"),
    Row("labels without images", {"set.npz": npz(train_images=_IMAGES, test_labels=LABELS)},
        "save the images, too, or leave the labels out"),
    Row("a split without labels beside one with", {"set.npz": npz(
        train_images=_IMAGES, train_labels=LABELS[:10], test_images=_IMAGES)},
        "save labels of all splits, or of none"),
    Row("images of a split twice", _set() | {"other.npz": npz(images=_IMAGES)},
        "name one file, or remove one", source="."),
    Row("splits of different sizes", {"set.npz": npz(
        train_images=_IMAGES, test_images=np.zeros((4, 6, 6), np.uint8))},
        "make all of one size before"),
    Row("images of floats", _set(images=_IMAGES / 255), "save whole numbers of 0 … 255"),
    Row("images of complex numbers", _set(images=_IMAGES * 1j), _UINT8),
    Row("arrays without a single image", _set(images=_IMAGES[:0], labels=LABELS[:0]),
        "save images"),
    Row("images that may be h×w×c or c×h×w", _set(images=np.zeros((10, 3, 4, 3), np.uint8)),
        "turn them: `x.transpose(0, 2, 3, 1)`"),
    Row("images of four channels", _set(images=np.zeros((10, 4, 5, 4), np.uint8)),
        "drop or lay on what is transparent, and save three"),
    Row("a pixel beyond 0 … 255", _set(images=_WIDE, labels=LABELS),
        "scale to 0 … 255"),
    Row("several labels of each image", _set(labels=np.eye(10, dtype=np.uint8)),
        "`numpy.argmax(labels, axis=1)`, or choose one column"),
    Row("labels of floats", _set(labels=LABELS[:10] / 1), "`labels.astype('int64')`"),
    Row("another number of labels", _set(labels=LABELS[:9]), "save one of each image"),
)  # fmt: skip
_PIXELS = arrays()["train_images"][..., 0].reshape(10, 20)[:, :16]


def _csv(text: str | bytes, name: str = "train.csv") -> Files:
    return {name: text if isinstance(text, bytes) else text.encode()}


def _table(label: str = "label", extra: str = "") -> str:
    lines = text(_PIXELS, LABELS[:10], header=f"{label},pixel{{}}").splitlines()
    return "\n".join([lines[0] + extra, *(line + ",0" * bool(extra) for line in lines[1:])])


def _line(number: int, change: str) -> str:
    lines = _table().splitlines()
    lines[number - 1] = change.format(lines[number - 1])
    return "\n".join(lines)


_CSV = (
    Row("`format: csv`, and none with pixels", _csv("name,age\nann,7\n"),
        "name the file with a column for each pixel", spec={"format": "csv"}),
    Row("a web page in its place", _csv(b"<html>" + b"x" * 99), "download the file itself",
        source="train.csv"),
    Row("more than a hundred files", {f"train_{k}.csv": _table().encode() for k in range(101)},
        "join them, or name some"),
    Row("files of one split, by their names of two sets", {
        "digits_train.csv": _table().encode(), "clothes_train.csv": _table().encode()},
        "name one"),
    Row("files of images of two sizes", _csv(_table()) | _csv(
        text(np.resize(_PIXELS, (10, 25)), LABELS[:10]), "test.csv"), "make them of one size"),
    Row("EMNIST as CSV", _csv(_table(), "emnist-digits-train.csv"),
        "take its IDX files: `ganray data fetch emnist-digits`", source="emnist-digits-train.csv"),
    Row("a column of something else", _csv(_table(extra=",colour")), "leave it out",
        source="train.csv"),
    Row("two columns of labels", _csv(_table("class").replace("pixel15", "label")),
        "leave one out", source="train.csv"),
    Row("over 196,618 columns", _csv("1," * 200_000 + "1\n"), "scale images down before",
        source="train.csv"),
    Row("pixels in colour", _csv(text(_PIXELS[:, :12], LABELS[:10])),
        "save an .npz file, or pictures", source="train.csv"),
    Row("images that are not square", _csv(text(_PIXELS[:, :15], LABELS[:10])),
        "save an .npz file, or pictures", source="train.csv"),
    Row("a label that is no number", _csv(_line(3, "x{}")), "number the classes",
        source="train.csv"),
    Row("a pixel beyond 0 … 255", _csv(_line(4, "{}9999")) | _csv(_table(), "test.csv"),
        "scale to 0 … 255"),
    Row("a line with a value too many", _csv(_line(5, "{},1")), "mend the line",
        source="train.csv"),
    Row("a gzip file cut off", {"train.csv.gz": gzip.compress(_table().encode(), mtime=0)[:-20]},
        _AGAIN, source="train.csv.gz"),
    Row("no rows", _csv(_table().splitlines()[0] + "\n"), "name a file with some",
        source="train.csv"),
)  # fmt: skip
SECTIONS = (Section("NumPy (.npz)", _NPZ), Section("CSV of pixels", _CSV))
