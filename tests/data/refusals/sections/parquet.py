"""Parquet: files, columns, labels, cells and pixels."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow as pa

from ganray.data import DatasetSpec, open_source
from ganray.data.choosing.duplicates import apart
from ganray.data.formats.columnar.pages import Held
from tests.data.in_memory import IMAGES, LABELS, Files, picture, table
from tests.data.published import encoded
from tests.data.refusals.row import Row, Section

_PICTURES = [encoded(image) for image in IMAGES]
_BYTES = "write the bytes of each picture's file into the column"


def _file(
    columns: Mapping[str, object] | None = None,
    metadata: Mapping[str, object] | None = None,
    **changes: object,
) -> bytes:
    """A file of pictures and labels, with other columns or none."""
    made = dict(columns if columns is not None else {"image": _PICTURES, "label": LABELS})
    made |= changes
    told = {key.encode(): one if isinstance(one, bytes) else json.dumps(one).encode()
            for key, one in (metadata or {}).items()}  # fmt: skip
    return table(made, told, row_group_size=7)


def _one(*arguments: object, **changes: object) -> Files:
    return {"train.parquet": _file(*arguments, **changes)}  # type: ignore[arg-type]


def _cut(data: bytes) -> Files:
    return {"train.parquet": data}


def _lying(data: bytes, rows: int) -> Files:
    """A file whose footer announces 15 rows instead."""
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    at = data.index(bytes([0x16, 2 * rows]), footer)  # Thrift's compact form of a 64-bit field
    return {"train.parquet": data[: at + 1] + bytes([30]) + data[at + 2 :]}


_NONE = pa.array([], pa.binary(16))
_FILES = (
    Row("`format: parquet`, and no such file", {"a.txt": b"x"}, "name the folder with them",
        spec={"format": "parquet"}),
    Row("a file cut off", _cut(_file()[:-50]), "download it again"),
    Row("damage in the middle of a file", _cut(_file()[:200] + b"\xff" * 300 + _file()[500:]),
        "download it again"),
    Row("a footer that announces more rows than there are", _lying(_file(), 14),
        "write it again"),
    Row("a footer that announces rows where there are none",
        _lying(_file({"image": _NONE}), 0), "write it again"),
    Row("one file of several tells no split", {
        "train.parquet": _file(), "rest.parquet": _file(label=LABELS + 1)},
        "call it by its split, or name one file"),
    Row("two names of one split", {
        "val.parquet": _file(), "valid.parquet": _file(label=LABELS + 1)},
        "remove one, or call both alike"),
    Row("abbreviations of splits", {
        "tr.parquet": _file(), "te.parquet": _file(label=LABELS + 1)}, "spell them out"),
    Row("a name and its folder of two splits", {"test/train-0.parquet": _file()},
        "rename it, or move it"),
    Row("configurations side by side", {
        "a/train-0.parquet": _file(), "b/train-0.parquet": _file(label=LABELS + 1)},
        "name one of the folders"),
    Row("files of two sets in a folder", {
        "cats-train.parquet": _file(), "dogs-train.parquet": _file(label=LABELS + 1)},
        "name one file, or a folder for each; a list of files in `data.source` is one set"),
    Row("one set divided twice", {
        "train-00000-of-00001.parquet": _file(), "train-00000-of-00002.parquet": _file(
            label=LABELS + 1)}, "keep the files of one division"),
    Row("a file that is there twice", {"train-0.parquet": _file(), "train-1.parquet": _file()},
        "remove one"),
    Row("encoded pictures in one file, pixels in another", {
        "train-0.parquet": _file(), "train-1.parquet": _file(image=IMAGES[:, 0].tolist())},
        "write both alike"),
    Row("no rows at all", _one({"image": _NONE, "label": pa.array([], "int64")}),
        "name a file with some"),
    Row("a file that shrinks while it is read", _one(), "start again when nothing writes there",
        meanwhile=lambda folder: (folder / "train.parquet").write_bytes(
            _file({"image": _PICTURES[:7], "label": LABELS[:7]}))),
)  # fmt: skip


def _two_splits(folder: Path) -> None:
    columns = [pa.array(one) for one in (_PICTURES, LABELS, _SPLITS, _SPLITS)]
    made = pa.Table.from_arrays(columns, ["image", "label", "split", "split"])
    pa.parquet.write_table(made, folder / "train.parquet")


_SPLITS = ["train"] * 9 + ["test"] * 5
_COLUMNS = (
    Row("no column of images", _one({"file": list("abcdefghijklmn"), "label": LABELS}),
        "name it: `data: {columns: {image: …}}`"),
    Row("two columns that may be images", _one({"left": _PICTURES, "right": _PICTURES}),
        "name one: `data: {columns: {image: left}}`"),
    Row("a column asked for that is not there", _one(), "name one of those that there are",
        spec={"columns": {"image": "img"}}),
    Row("no column of labels, but others", _one({"image": _PICTURES, "colour": LABELS}),
        "`data: {columns: {label: colour}}`, or `label: false`"),
    Row("folders that may be classes", {
        f"species={name}/part-0.parquet": _file({"image": _PICTURES[k::2]})
        for k, name in enumerate(("cat", "dog"))},
        "`data: {columns: {label: species}}`, or `label: false`"),
    Row("two columns called split", _two_splits,
        "leave one out"),
    Row("a split that is called otherwise", _one(subset=_SPLITS), "call the column `split`"),
    Row("a split that is a number", _one(split=np.arange(14)), "write train, held_out or test"),
    Row("a split that is no known one", _one(split=["train"] * 13 + ["extra"]),
        "write train, held_out or test, or drop these rows"),
    Row("rows without a split", _one(split=[None, *_SPLITS[1:]]), "fill them in, or drop them"),
    Row("a split in bytes that are no UTF-8", _one(split=[b"\xff"] * 14), "write it in UTF-8"),
    Row("a column that contradicts the file's name", {"test.parquet": _file(split=_SPLITS)},
        "rename the file, or drop the column"),
)  # fmt: skip


_NAMED = {"class_names": ["cat", "dog"]}
_LABELS = (
    Row("labels of lists of several", _one(label=[[0, 1]] * 14), "write one of each row"),
    Row("labels of structures", _one(label=[{"a": 1, "b": 2}] * 14), "write numbers or names"),
    Row("labels of dates", _one(label=pa.array([0] * 14, pa.date32())), "write numbers or names"),
    Row("labels of 1.5", _one(label=LABELS + 0.5), "write whole numbers or names"),
    Row("the same as decimals", _one(label=[Decimal("1.5")] * 14),
        "write whole numbers or names"),
    Row("values of many bytes as labels", _one(label=[[[7] * 200] * 99] * 14),
        "`data: {columns: {label: …}}` names the right column"),
    Row("labels of 10³⁰", _one(label=LABELS + 1e30), "number the classes from 0"),
    Row("labels of 2⁶³ and more", _one(label=pa.array([1 << 63] * 14, pa.uint64())),
        "number the classes from 0"),
    Row("labels in bytes that are no UTF-8", _one(label=[b"caf\xe9", b"tea"] * 7),
        "write them in UTF-8"),
    Row("labels in one file, none in another", {
        "train-0.parquet": _file(), "train-1.parquet": _file({"image": _PICTURES})},
        "write them into all, or `data: {columns: {label: false}}`"),
    Row("numbers in one file, names in another", {
        "train-0.parquet": _file(), "train-1.parquet": _file(label=["cat", "dog"] * 7)},
        "write them alike"),
    Row("names of classes that contradict each other", {
        "train-0.parquet": _file(metadata=_NAMED),
        "train-1.parquet": _file(metadata={"class_names": ["dog", "cat"]}, label=1 - LABELS)},
        "number the classes alike in both"),
    Row("more labels than names", _one(None, _NAMED, label=LABELS + 1),
        "number the classes from 0, or name all"),
    Row("names that are no list", _one(None, {"class_names": "cat"}), 'write `["cat", "dog"]`'),
    Row("names that are no JSON", _one(None, {"class_names": b"cat, dog"}),
        'write `["cat", "dog"]`'),
    Row("names that are no UTF-8", _one(None, {"class_names": b'["caf\xe9"]'}),
        "write them in UTF-8"),
    Row("two classes of one name", _one(None, {"class_names": ["cat", "cat"]}),
        "merge them, or rename one"),
    Row("a name with a line break", _one(label=["cat\nbig", "dog"] * 7), "rename it"),
    Row("texts instead of labels", _one(label=["a cat " * 300, "dog"] * 7),
        "`data: {columns: {label: …}}` names the right column"),
    Row("labels of −1 and 1 alone", _one(label=LABELS * 2 - 1), "call them 0 and 1"),
    Row("over 100,000 classes", lambda folder: (folder / "train.parquet").write_bytes(table({
        "image": pa.array([picture()]).take(pa.array([0] * 100_001)),
        "label": np.arange(100_001)})), "`data: {columns: {label: …}}` names the right column"),
)  # fmt: skip


def _cells(*values: object, kind: pa.DataType | None = None) -> Files:
    """A file whose first cell is another one."""
    column = [*values, *[_PICTURES[0]] * (14 - len(values))] if kind is None else values[0]
    return _one(image=pa.array(column, kind) if kind else column)


_LARGE = _PICTURES[0] + bytes(1024)
_BASE64 = base64.b64encode(_LARGE).decode()


def _held_at_once(folder: Path) -> None:
    """As if the headers of pages said that three gigabytes are unpacked together."""
    module = "ganray.data.formats.columnar.file_table"
    with patch(f"{module}.held_by", lambda *_: Held(3 << 30, 1 << 20)):
        open_source(DatasetSpec(source=str(folder)))


_STRUCT = pa.struct({"bytes": pa.binary(), "path": pa.string()})
_CELLS = (
    Row("a row without an image", _cells(None), "drop such rows; `data.skip_unreadable` leaves "
        "them out"),
    Row("two images in a row", _one(image=pa.array([[_PICTURES[0]] * 2] * 14)),
        "write one into each row"),
    Row("numbers in the place of bytes", _one(image=pa.array(
        [{"bytes": [1, 2], "path": "a.png"}] * 14)), _BYTES),
    Row("dates in the place of bytes", _one(image=pa.array(
        [{"bytes": 5, "path": "a.png"}] * 14)), _BYTES),
    Row("base64 that is damaged", _cells(_BASE64[:-40] + "!" + _BASE64[-40:]), _BYTES),
    Row("pictures as hexadecimal digits", _one(image=[_LARGE.hex()] * 14), _BYTES),
    Row("a path that leads out of the folder", _one(image=["../x.png"] * 14), _BYTES),
    Row("paths without the files", _one(image=["x.png"] * 14),
        f"put the files beside it, or {_BYTES}"),
    Row("a path to a folder", _one(image=["x"] * 14) | {"x/a.txt": b""}, _BYTES),
    Row("gigabytes of pictures in a group of rows", _one(), "write it again as is said",
        call=_held_at_once),
)  # fmt: skip
_SQUARE = np.zeros((14, 4, 4), np.uint8)
_CALM = "start again when nothing writes there"


def _shrunk(folder: Path) -> None:
    few = {"image": _SQUARE[:7].tolist(), "label": LABELS[:7]}
    (folder / "train.parquet").write_bytes(_file(few))


def _becoming(image: object) -> Callable[[Path], object]:
    """The file is another one when it is read."""
    return lambda folder: (folder / "train.parquet").write_bytes(_file(image=image))


def _shrinking(folder: Path) -> None:
    rows = open_source(DatasetSpec(source=str(folder))).rows
    _shrunk(folder)
    apart(rows, "drop")


_PIXELS = (
    Row("images of several sizes", _one(image=[[[0] * (4 + k % 2)] * 4 for k in range(14)]),
        "make them of one size, or write encoded pictures"),
    Row("a row without pixels", _one(image=[None, *_SQUARE[1:].tolist()]), "drop such rows"),
    Row("pixels of floats", _one(image=(_SQUARE / 255).tolist()),
        "write whole numbers of 0 … 255"),
    Row("pixels beyond 0 … 255", _one(image=(_SQUARE.astype(int) + 300).tolist()),
        "scale to 0 … 255"),
    Row("images without pixels", _one(image=pa.array([[[]]] * 14, pa.list_(pa.list_(pa.uint8())))),
        "leave them out"),
    Row("tensors of floats", _one(image=pa.FixedShapeTensorArray.from_numpy_ndarray(
        _SQUARE.astype(np.float32))), "write uint8"),
    Row("files of images of two sizes", {
        "train-0.parquet": _file(image=_SQUARE.tolist()),
        "train-1.parquet": _file(image=np.zeros((14, 5, 5), int).tolist())},
        "make them of one size, or write encoded pictures"),
    Row("a file of pixels that shrinks while it is read", _one(image=_SQUARE.tolist()),
        "start again when nothing writes there", meanwhile=_shrunk),
    Row("one in which rows are emptied meanwhile", _one(image=_SQUARE.tolist()), _CALM,
        meanwhile=_becoming([None, *_SQUARE[1:].tolist()])),
    Row("one in which sizes differ from then on", _one(image=_SQUARE.tolist()), _CALM,
        meanwhile=_becoming([[[0] * (4 + k % 2)] * 4 for k in range(14)])),
    Row("one whose images become larger", _one(image=_SQUARE.tolist()), _CALM,
        meanwhile=_becoming(np.zeros((14, 5, 5), int).tolist())),
    Row("one whose pixels become floats", _one(image=_SQUARE.tolist()), _CALM,
        meanwhile=_becoming((_SQUARE / 255).tolist())),
    Row("one whose tensors do", _one(image=_SQUARE.tolist()), _CALM,
        meanwhile=_becoming(pa.FixedShapeTensorArray.from_numpy_ndarray(
            _SQUARE.astype(np.float32)))),
    Row("one whose images lose their pixels", _one(image=_SQUARE.tolist()), _CALM,
        meanwhile=_becoming(pa.array([[[]]] * 14, pa.list_(pa.list_(pa.uint8()))))),
    Row("one whose pixels leave 0 … 255", _one(image=_SQUARE.tolist()), _CALM,
        meanwhile=_becoming((_SQUARE.astype(int) + 300).tolist())),
    Row("the same, with `duplicates: drop`", _one(image=_SQUARE.tolist()),
        "start again when nothing writes there", call=_shrinking),
    Row("images of five channels", _one(image=np.zeros((14, 4, 5, 5), int).tolist()),
        "write one or three"),
    Row("flat pixels that are not square", _one(image=[[0] * 20] * 14),
        "write nested lists, or encoded pictures"),
)  # fmt: skip


SECTIONS = (
    Section("Parquet: files", _FILES),
    Section("Parquet: columns", _COLUMNS),
    Section("Parquet: labels and names of classes", _LABELS),
    Section("Parquet: pictures in cells", _CELLS),
    Section("Parquet: pixels in cells", _PIXELS),
)
