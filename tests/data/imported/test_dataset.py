from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from ganray.data import Dataset, DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.errors import CorruptArtifact, RefusedInput
from tests.data.published import digits, write_idx

TRAIN, TEST = digits(30, 3), digits(9, 3, seed=1)


@pytest.fixture
def folder(tmp_path):
    source = open_source(DatasetSpec(source=str(write_idx(tmp_path / "idx", TRAIN, TEST))))
    import_dataset(source, DatasetSpec(), new_dataset_folder(str(tmp_path / "set")))
    return tmp_path / "set"


def test_classes_come_ascending_and_rows_in_source_order(folder):
    images, labels = Dataset.open(str(folder)).images("test", [2, 0])
    order = [*np.flatnonzero(TEST[1] == 0), *np.flatnonzero(TEST[1] == 2)]
    assert labels.tolist() == [0, 0, 0, 2, 2, 2]
    assert np.array_equal(images, TEST[0][order])
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    images[:] = 0  # the caller's own


def test_a_marginal_task_reads_its_own_class_and_nothing_else(folder):
    dataset = Dataset.open(str(folder))
    expected = dataset.images("train", [1])
    for path in folder.glob("split=*/label=*"):
        if path != folder / "split=train" / "label=1":
            shutil.rmtree(path)
    read = Dataset.open(str(folder)).images("train", [1])
    assert all(map(np.array_equal, read, expected))
    with pytest.raises(CorruptArtifact, match=r"label=0/part-00000.parquet' is missing"):
        dataset.images("train")


def test_no_class_is_no_image(folder):
    images, labels = Dataset.open(str(folder)).images("train", [])
    assert images.shape == (0, 1, 4, 5)
    assert labels.shape == (0,)


def test_a_flipped_byte_is_found(folder):
    path = folder / "split=test" / "label=2" / "part-00000.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    dataset = Dataset.open(str(folder))
    with pytest.raises(CorruptArtifact, match=r"label=2/part-00000.parquet': sha256"):
        dataset.images("test")
    with pytest.raises(CorruptArtifact, match=r"label=2/part-00000.parquet': sha256"):
        list(open_source(DatasetSpec(source=str(folder))).batches())
    assert len(dataset.images("test", [0, 1])[0]) == 6


def test_a_truncated_file_is_found(folder):
    path = folder / "split=held_out" / "label=0" / "part-00000.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CorruptArtifact, match="import the data set again"):
        Dataset.open(str(folder)).images("held_out")


@pytest.mark.parametrize(
    ("split", "classes", "message"),
    [
        ("validation", None, r"split \(='validation'\) must be one of train, held_out, test"),
        ("train", [3], r"classes \(=3\) must lie in 0 … 2"),
        ("train", [-1], r"classes \(=-1\) must lie in 0 … 2"),
    ],
)
def test_unknown_splits_and_classes_are_refused(folder, split, classes, message):
    with pytest.raises(RefusedInput, match=message):
        Dataset.open(str(folder)).images(split, classes)


def test_a_folder_without_info_is_refused(tmp_path):
    with pytest.raises(RefusedInput, match=r"holds no dataset.json: it is no imported"):
        Dataset.open(str(tmp_path))


def test_broken_or_newer_info_is_told(folder):
    info = folder / "dataset.json"
    values = json.loads(info.read_text())
    info.write_text(json.dumps({**values, "schema_version": 2}))
    with pytest.raises(RefusedInput, match=r"dataset.json: schema_version \(=2\)"):
        Dataset.open(str(folder))
    info.write_text(info.read_text()[:-9])
    with pytest.raises(CorruptArtifact, match=r"dataset\.json' is no valid JSON"):
        Dataset.open(str(folder))


def _first(**changes):
    return lambda files: [files[0] | changes, *files[1:]]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("class_names", lambda _: ["a", "b", "a"], r"class names \(='a'\) are each given"),
        ("class_names", lambda _: ["é", "b", "e\u0301"], r"class names \(='é'\) are each"),
        ("class_names", lambda _: ["a", " ", "c"], r"class \(=' '\) is no name"),
        ("class_names", lambda _: ["a", "b\x1b[31m", "c"], r"class .* is no name"),
        ("class_names", lambda names: names[:2], r"label 2, .* labels in 0 … 1 "),
        ("class_names", lambda names: [*names, "d"], "counts are not those of its files"),
        ("shape", lambda _: [1, 0, 28], "shape .=1×0×28. must be"),
        ("files", _first(label=-1), r"label -1, .* labels in 0 … 2 "),
        ("files", _first(count=-5), "count -5.* counts from 1"),
        ("files", _first(count=4000), "counts are not those of its files"),
        ("files", _first(path="../other/part.parquet"), "must lie below it"),
        ("files", lambda _: [], "counts are not those of its files"),
        ("counts", lambda counts: {"train": counts["train"]}, "counts are not those"),
    ],
)
def test_info_that_contradicts_itself_is_refused(folder, field, value, message):
    info = folder / "dataset.json"
    values = json.loads(info.read_text())
    info.write_text(json.dumps(values | {field: value(values[field])}))
    with pytest.raises(RefusedInput, match=message):
        open_source(DatasetSpec(source=str(folder)))


@pytest.mark.parametrize("times", [2, 10**8])
def test_a_shape_that_is_not_the_images_is_found(folder, times):
    info = folder / "dataset.json"
    values = json.loads(info.read_text())
    channels, height, width = values["shape"]
    info.write_text(json.dumps(values | {"shape": [channels, height, times * width]}))
    with pytest.raises(CorruptArtifact, match="is not that of the images"):
        list(open_source(DatasetSpec(source=str(folder))).batches())


def test_splits_of_an_imported_set_cannot_be_changed(folder):
    with pytest.raises(RefusedInput, match=r"held_out \(=4\): .* of its own, of 5 images"):
        open_source(DatasetSpec(source=str(folder), held_out=4))
