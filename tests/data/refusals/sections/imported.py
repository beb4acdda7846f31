"""What `ganray data import` wrote, and what it cannot write."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from filelock import FileLock

from ganray.data import Dataset, DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.data.imported.cache import node_cache
from ganray.data.imported.scratch import FOLDER
from ganray.data.location import check_target
from tests.data.in_memory import class_folders, write
from tests.data.refusals.row import Row, Section


def _imported(folder: Path) -> None:
    spec = DatasetSpec(source=str(write(class_folders(), folder.parent / "pictures")))
    import_dataset(open_source(spec), spec, new_dataset_folder(str(folder)))


def _changed(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """An imported set whose `dataset.json` was edited."""

    def made(folder: Path) -> None:
        _imported(folder)
        path = folder / "dataset.json"
        values = json.loads(path.read_text())
        change(values)
        path.write_text(json.dumps(values))

    return made


def _at_work(folder: Path) -> None:
    kept = folder / FOLDER
    kept.mkdir()
    spec = DatasetSpec(source="embedded")
    with FileLock(kept / "lock"):
        import_dataset(open_source(spec), spec, new_dataset_folder(str(folder)), kept)


def _images(split: str, classes: list[int]) -> Callable[[Path], object]:
    return lambda folder: Dataset.open(str(folder)).images(split, classes)


def _environment(**values: str) -> Callable[[Path], object]:
    def ask(_: Path) -> None:
        with patch.dict(os.environ, values):
            node_cache()

    return ask


_AGAIN = "import the set again"
SECTIONS = (
    Section("Imported sets", (
        Row("`format: dataset`, and no `dataset.json`", {"a.txt": b"x"},
            "let the import finish: the same command goes on where it was",
            spec={"format": "dataset"}),
        Row("a `dataset.json` that lacks a field", _changed(lambda values: values.pop("digest")),
            _AGAIN),
        Row("one of other shapes", _changed(lambda values: values.update(shape=[2, 4, 5])),
            _AGAIN),
        Row("one of other counts", _changed(lambda values: values["counts"].update(test=[9, 9])),
            _AGAIN),
        Row("one whose files lie elsewhere", _changed(
            lambda values: values["files"][0].update(path="../x.parquet")), _AGAIN),
        Row("one of two classes of one name", _changed(
            lambda values: values.update(class_names=["a", "a"])), _AGAIN),
        Row("a split that there is not (in Python)", _imported, "one of those named",
            call=_images("val", [0])),
        Row("a class that there is not (in Python)", _imported, "a number below that of classes",
            call=_images("test", [2])),
        Row("an import into a folder that holds a set", _imported, "name another folder",
            call=lambda folder: new_dataset_folder(str(folder))),
        Row("two imports into one folder at once", {}, "wait for the other", call=_at_work),
        Row("an import to nowhere", {}, "name a folder",
            call=lambda _: check_target("--to", "")),
        Row("an import to a web server", {}, "name a folder or a bucket",
            call=lambda _: check_target("--to", "https://example.org/set")),
        Row("an import to an unknown kind of URL", {}, "mind the spelling",
            call=lambda _: check_target("--to", "carrier://pigeon")),
        Row("`GANRAY_CACHE_BYTES` that is no number", {}, "a number of bytes",
            call=_environment(GANRAY_CACHE_BYTES="10 GB")),
        Row("`GANRAY_CACHE` that is no absolute path", {}, "an absolute path",
            call=_environment(GANRAY_CACHE="cache", GANRAY_CACHE_BYTES="")),
    )),
)  # fmt: skip
