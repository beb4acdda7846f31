from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganray.data import DatasetSpec, open_source
from ganray.errors import RefusedInput
from tests.data.published import digits, encoded, read_all

IMAGES, LABELS = digits(42, 3)


def write(path, rows=slice(None), metadata=None, **columns):
    """A Parquet file of some of the images; `columns` replace or add to image and label."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {
        "image": pa.array([encoded(image) for image in IMAGES[rows]]),
        "label": pa.array(LABELS[rows]),
        **columns,
    }
    table = pa.table({name: value for name, value in values.items() if value is not None})
    pq.write_table(table.replace_schema_metadata(metadata), path, row_group_size=8)
    return path


def expected(index):
    return [(int(i), int(LABELS[i]), IMAGES[i].tobytes()) for i in index]


def test_one_file_is_split_class_by_class(tmp_path):
    rows = read_all(source=str(write(tmp_path / "all.parquet")), test=6, held_out=9)
    parts = {"train": slice(0, 9), "held_out": slice(9, 12), "test": slice(12, 14)}
    for split, part in parts.items():
        index = sorted(i for k in range(3) for i in np.flatnonzero(k == LABELS)[part])
        assert rows[split] == expected(index)


def test_files_are_named_by_split(tmp_path):
    write(tmp_path / "data" / "train-00000-of-00002.parquet", slice(0, 20))
    write(tmp_path / "data" / "train-00001-of-00002.parquet", slice(20, 30))
    write(tmp_path / "data" / "test-00000-of-00001.parquet", slice(30, 42))
    rows = read_all(source=str(tmp_path), held_out=0)
    order = [*range(30, 42), *range(30)]  # the files in alphabetical order
    read = {row[0]: row[1:] for split in rows for row in rows[split]}
    assert read == {i: row[1:] for i, row in enumerate(expected(order))}
    assert [row[0] for row in rows["test"]] == list(range(12))


def test_a_split_column_is_followed(tmp_path):
    own = np.asarray(["train", "validation", "test"])[np.arange(42) // 3 % 3]
    rows = read_all(source=str(write(tmp_path / "a.parquet", split=pa.array(own.tolist()))))
    for split, name in (("train", "train"), ("held_out", "validation"), ("test", "test")):
        assert rows[split] == expected(np.flatnonzero(own == name))


def test_names_come_from_string_labels(tmp_path):
    names = np.asarray(["cat", "b10", "b2"])
    path = write(tmp_path / "a.parquet", label=pa.array(names[LABELS].tolist()))
    assert open_source(DatasetSpec(source=str(path))).describe().class_names == ["b2", "b10", "cat"]
    labels = {row[0]: row[1] for rows in read_all(source=str(path)).values() for row in rows}
    assert [labels[i] for i in range(42)] == [[2, 1, 0][k] for k in LABELS]


@pytest.mark.parametrize(
    "metadata",
    [
        {"class_names": json.dumps(["x", "y", "z"])},
        {
            "huggingface": json.dumps(
                {"info": {"features": {"label": {"names": ["x", "y", "z"], "_type": "ClassLabel"}}}}
            )
        },
    ],
)
def test_names_come_from_the_schema(tmp_path, metadata):
    path = write(tmp_path / "a.parquet", metadata=metadata)
    assert open_source(DatasetSpec(source=str(path))).describe().class_names == ["x", "y", "z"]


def test_dictionary_labels_are_strings_too(tmp_path):
    label = pa.array(np.asarray(["a", "b", "c"])[LABELS].tolist()).dictionary_encode()
    path = write(tmp_path / "a.parquet", label=label)
    assert open_source(DatasetSpec(source=str(path))).describe().class_names == ["a", "b", "c"]


def test_jpeg_images_are_noted(tmp_path):
    jpeg = write(
        tmp_path / "jpeg.parquet", image=pa.array([encoded(image, "JPEG") for image in IMAGES])
    )
    png = write(tmp_path / "png.parquet")
    assert "JPEG" in open_source(DatasetSpec(source=str(jpeg))).describe().notes
    assert open_source(DatasetSpec(source=str(png))).describe().notes == ""


def test_fingerprint_is_of_the_content_and_the_split(tmp_path):
    def fingerprint(path):
        return open_source(DatasetSpec(source=str(path))).fingerprint()

    first = fingerprint(write(tmp_path / "a.parquet"))
    assert fingerprint(write(tmp_path / "elsewhere" / "b.parquet")) == first
    assert fingerprint(write(tmp_path / "c.parquet", label=pa.array((LABELS + 1) % 3))) != first


def test_an_image_of_another_shape_is_refused_where_it_is_read(tmp_path):
    images = [encoded(image) for image in IMAGES]
    images[8:] = [encoded(image[:, :, :3]) for image in IMAGES[8:]]
    source = open_source(
        DatasetSpec(source=str(write(tmp_path / "a.parquet", image=pa.array(images))))
    )
    with pytest.raises(RefusedInput, match=r"a.*1×4×3"):
        list(source.batches())


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": None}, "lacks the column 'label'; it has image"),
        ({"image": None}, "lacks the column 'image'; it has label"),
        ({"label": pa.array(LABELS + 1)}, r"labels \(=1, 2, 3\) must be 0 … k-1"),
        ({"label": pa.array(LABELS * 2)}, r"labels \(=0, 2, 4\)"),
        ({"label": pa.array(LABELS - 1)}, r"labels \(=-1, 0, 1\)"),
        ({"label": pa.array(LABELS / 2)}, r"column label \(=double\); valid: integers or strings"),
        ({"label": pa.array([None, *LABELS[1:].tolist()])}, "1 rows have no label"),
        ({"label": pa.array([[0]] * 42)}, r"column label \(=list.*valid: integers or strings"),
        ({"split": pa.array(["tarin"] * 42)}, r"split \(='tarin'\) must be train, held_out or"),
        ({"metadata": {"class_names": json.dumps(list("wxyz"))}}, r"=0, 1, 2\).*w, x, y, z"),
    ],
)
def test_other_columns_are_refused(tmp_path, columns, message):
    path = write(tmp_path / "a.parquet", **columns)
    with pytest.raises(RefusedInput, match=message) as refusal:
        open_source(DatasetSpec(source=str(path)))
    assert str(path) in str(refusal.value)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 but nothing else")
    with pytest.raises(RefusedInput, match=r"a\.parquet' is no readable Parquet"):
        open_source(DatasetSpec(source=str(tmp_path)))
    with pytest.raises(RefusedInput, match="does not exist"):
        open_source(DatasetSpec(source=str(tmp_path / "b.parquet")))
    write(tmp_path / "a.parquet")
    write(tmp_path / "train.parquet")
    with pytest.raises(RefusedInput, match=r"'a\.parquet' does not begin with train, test"):
        open_source(DatasetSpec(source=str(tmp_path)))
    (tmp_path / "empty").mkdir()
    with pytest.raises(RefusedInput, match=r"holds no \*.parquet"):
        open_source(DatasetSpec(source=str(tmp_path / "empty"), format="parquet"))
    write(tmp_path / "no rows" / "a.parquet", slice(0, 0), label=pa.array([], pa.int64()))
    with pytest.raises(RefusedInput, match="must be 0 … k-1"):
        open_source(DatasetSpec(source=str(tmp_path / "no rows")))
