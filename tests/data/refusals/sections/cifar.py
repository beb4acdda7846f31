"""CIFAR-10 and CIFAR-100."""

from __future__ import annotations

import gzip
from itertools import islice
from pathlib import Path
from unittest.mock import patch

from ganray.data import DatasetSpec, open_source
from ganray.data.formats.containers import pickles
from tests.data.formats.test_cifar import content, listed, python_2, records, text
from tests.data.in_memory import Files
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


def _read(folder: Path) -> None:
    for _ in open_source(DatasetSpec(source=str(folder))).batches():
        pass


def _large(folder: Path) -> None:
    (folder / "data_batch_1").write_bytes(gzip.compress(bytes(257 << 20), 1, mtime=0))
    _read(folder)


def _endless(folder: Path) -> None:
    """Of its two million operations the first thousand are enough to be told."""
    (folder / "data_batch_1").write_bytes(b"\x80\x02" + b"N" * 1_001 + b".")
    with patch.object(pickles, "islice", lambda operations, most: islice(operations, most // 2000)):
        _read(folder)


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
        call=_large),
    Row("a pickle cut off", _python(_BATCH[:-4000]), _AGAIN),
    Row("a pickle that would run something", _python(b"cos\nsystem\n(S'ls'\ntR."),
        "do not load it anywhere; take the published files"),
    Row("a pickle of other things than lists and arrays", _python(b"\x80\x04\x8f."),
        "save labels as a list, pixels as a uint8 array"),
    Row("an array of another type in it", _python(_BATCH.replace(b"U\x02u1", b"U\x02i1")),
        "save uint8: `pixels.astype('uint8')`"),
    Row("a pickle without end", _python(b""), _AGAIN,
        call=_endless),
    Row("a batch without labels", _python(python_2(_PIXELS[:2], _LABELS[:2], "classes")),
        "call the list `labels` (CIFAR-100: `fine_labels`)"),
    Row("another number of pixels than labels ask for", _python(python_2(_PIXELS[:2], [0, 1, 2])),
        "save as many rows as labels"),
)  # fmt: skip

SECTIONS = (Section("CIFAR-10 and CIFAR-100", _CIFAR),)
