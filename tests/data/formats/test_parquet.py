from __future__ import annotations

import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganray.data import DatasetSpec, open_source
from ganray.data.rows import TEST, TRAIN
from ganray.errors import RefusedInput
from tests.data.formats.hostile import read_or_refuse
from tests.data.published import digits, encoded, read_all

IMAGES, LABELS = digits(42, 3)
IMAGE = pa.array([encoded(image) for image in IMAGES])


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


def test_a_set_of_images_alone_has_no_labels(tmp_path):
    split = pa.array(["train"] * 30 + ["test"] * 12)
    info = open_source(
        DatasetSpec(source=str(write(tmp_path / "a.parquet", label=None, split=split)), held_out=5)
    ).describe()
    assert (info.class_names, info.labels) == (["unlabelled"], "none")
    assert info.counts == {"train": [25], "held_out": [5], "test": [12]}
    bare = str(write(tmp_path / "b.parquet", label=None))
    rows = read_all(source=bare, held_out=0, test=6).values()
    assert [row[2] for split in rows for row in split] == [image.tobytes() for image in IMAGES]
    write(tmp_path / "set" / "0.parquet", slice(20), label=None)
    write(tmp_path / "set" / "1.parquet", slice(20, 42))
    with pytest.raises(RefusedInput, match=r"0.parquet' has no labels, but other files of"):
        open_source(DatasetSpec(source=str(tmp_path / "set")))


def no_utf8(labels):
    """Strings out of a file of another encoding, which Arrow does not look at when it writes."""
    text = pa.array([b"caf\xe9" if label else b"tea" for label in labels], pa.binary())
    return pa.Array.from_buffers(pa.string(), len(text), text.buffers())


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


def split_counts(folder):
    info = open_source(DatasetSpec(source=str(folder), held_out=0)).describe()
    return {split: sum(counts) for split, counts in info.counts.items()}


def test_shards_without_rows_are_passed_over(tmp_path):
    """Spark writes them, and then knows no type of the labels."""
    write(tmp_path / "train-0.parquet", slice(0, 0), label=pa.array([], pa.null()))
    write(tmp_path / "train-1.parquet", slice(0, 20))
    write(tmp_path / "train-2.parquet", slice(0, 0), label=pa.array([], pa.string()))
    write(tmp_path / "train-3.parquet", slice(20, 42))
    write(tmp_path / "train-4.parquet", slice(0, 0))
    rows = read_all(source=str(tmp_path))
    assert sorted(row for split in rows.values() for row in split) == expected(range(42))


def test_a_split_without_rows_is_noted(tmp_path):
    write(tmp_path / "train-0.parquet")
    write(tmp_path / "test-0.parquet", slice(0, 0))
    info = open_source(DatasetSpec(source=str(tmp_path))).describe()
    assert info.notes == "Without rows: test-0.parquet."
    assert sum(info.counts["test"]) == 6


def test_row_groups_without_rows_are_passed_over(tmp_path):
    write(tmp_path / "whole.parquet")
    whole = pq.read_table(tmp_path / "whole.parquet")
    with pq.ParquetWriter(tmp_path / "parts.parquet", whole.schema) as writer:
        for part in (whole[:0], whole[:30], whole[:0], whole[30:], whole[:0]):
            writer.write_table(part)
    parts = read_all(source=str(tmp_path / "parts.parquet"))
    assert parts == read_all(source=str(tmp_path / "whole.parquet"))


@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.string_view()])
@pytest.mark.parametrize("data", [pa.binary(), pa.large_binary(), pa.binary_view()])
def test_every_layout_of_text_and_bytes_is_read(tmp_path, text, data):
    image = pa.array([encoded(image) for image in IMAGES], data)
    label = pa.array(np.asarray(["a", "b", "c"])[LABELS].tolist(), text)
    rows = read_all(source=str(write(tmp_path / "a.parquet", image=image, label=label)))
    assert sorted(row for split in rows.values() for row in split) == expected(range(42))


def test_the_split_column_agrees_with_the_file(tmp_path):
    write(tmp_path / "train.parquet")
    write(tmp_path / "test.parquet", split=pa.array(["train"] * 42))
    with pytest.raises(RefusedInput, match=r"test\.parquet': its rows are of the splits train"):
        open_source(DatasetSpec(source=str(tmp_path)))
    write(tmp_path / "test.parquet", split=pa.array(["test"] * 42))
    assert split_counts(tmp_path) == {"train": 42, "held_out": 0, "test": 42}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("Split", pa.string()), ("subset", pa.large_string()), ("set", pa.string_view())),
        *(("data_split", pa.dictionary(pa.int8(), pa.large_string())), ("fold", pa.binary())),
    ],
)
def test_a_split_under_another_name_is_refused(tmp_path, name, kind):
    own = pa.array(["train", "test"] * 21).cast(kind)
    path = write(tmp_path / "a.parquet", **{name: own})
    with pytest.raises(RefusedInput, match=f"column '{name}' tells splits .*not called 'split'"):
        open_source(DatasetSpec(source=str(path)))
    write(path, **{name: pa.array(["left", "right"] * 21)})
    assert split_counts(path)["train"] == 36


def test_other_columns_that_are_large_are_not_read_whole(tmp_path, monkeypatch):
    """Of pictures that are called as a split is: `train_mask`, `set`."""
    monkeypatch.setattr("ganray.data.formats.columnar.file_table._LONGEST", 100)
    mask = pa.array([os.urandom(200)] * 42)
    path = write(tmp_path / "a.parquet", image=None, set_image=IMAGE, train_mask=mask)
    reads = []
    read = pq.ParquetFile.read
    monkeypatch.setattr(
        pq.ParquetFile, "read", lambda self, columns: reads.extend(columns) or read(self, columns)
    )
    found = open_source(DatasetSpec(source=str(path), columns={"image": "set_image"}))
    assert found.count == 42
    assert reads == ["label"]


@pytest.mark.parametrize("name", ["is_test", "Train", "in_training_set"])
def test_a_split_told_by_truth_values_is_refused(tmp_path, name):
    path = write(tmp_path / "a.parquet", **{name: pa.array([True, False] * 21)})
    with pytest.raises(RefusedInput, match=f"column '{name}' tells splits .true, false"):
        open_source(DatasetSpec(source=str(path)))
    write(path, **{name: pa.array([True] * 42)}, is_valid=pa.array([True, False] * 21))
    assert split_counts(path)["train"] == 36


@pytest.mark.parametrize("name", ["train (1).parquet", "train-1.parquet", "test.parquet"])
def test_a_file_that_was_downloaded_twice_is_refused(tmp_path, name):
    path = write(tmp_path / "train.parquet")
    (tmp_path / name).write_bytes(path.read_bytes())
    with pytest.raises(RefusedInput, match="hold the same bytes; remove one"):
        open_source(DatasetSpec(source=str(tmp_path)))


def test_files_of_equal_sizes_may_differ(tmp_path):
    raw = np.zeros((42, 4), np.uint8)
    for name, value in (("train-0", 1), ("train-1", 2)):
        raw[:] = value
        write(tmp_path / f"{name}.parquet", image=pa.array(raw.tolist()))
    assert split_counts(tmp_path)["train"] == 72


@pytest.mark.parametrize("name", ["is_test", "in_training_set", "subset", "info.part"])
def test_a_setting_names_the_column_of_splits(tmp_path, name):
    """Or that there is none, though one looks like it."""
    own = np.arange(42) < 30
    words = pa.array(np.where(own, "Training", "test").tolist())
    column = {"is_test": pa.array(~own), "in_training_set": pa.array(own)}.get(name, words)
    if "." in name:
        column = pa.StructArray.from_arrays([words], ["part"])
    path = write(tmp_path / "a.parquet", **{name.partition(".")[0]: column})
    found = open_source(DatasetSpec(source=str(path), columns={"split": name}, held_out=0))
    assert (found.splits == np.where(own, TRAIN, TEST)).all()
    alone = open_source(DatasetSpec(source=str(path), columns={"split": False}, held_out=0))
    assert alone.describe().counts["test"] == [2, 2, 2]


def test_fields_within_columns_are_read(tmp_path):
    """Labels among the objects of a detection set, of which some images have several."""
    image = pa.array([{"bytes": encoded(image), "path": None} for image in IMAGES])
    sample = pa.StructArray.from_arrays([image, pa.array(LABELS)], ["image", "label"])
    whole = read_all(source=str(write(tmp_path / "whole.parquet")))
    objects = pa.array([[{"id": int(k), "box": [0.5]}] for k in LABELS])
    path = write(tmp_path / "a.parquet", image=None, label=None, sample=sample, objects=objects)
    for label in ("sample.label", "objects.id"):
        columns = {"image": "sample.image", "label": label}
        assert read_all(source=str(path), columns=columns) == whole
        columns["image"] = "sample.image.bytes"
        assert read_all(source=str(path), columns=columns) == whole
    some = pa.array([None if k % 6 == 1 else [{"id": int(LABELS[k])}] for k in range(42)])
    path = write(tmp_path / "some.parquet", label=None, objects=some)
    part = open_source(DatasetSpec(source=str(path), columns={"label": "objects.id"}))
    assert part.describe().notes == "7 of 42 images have no label and are left out."
    several = pa.array([[{"id": 1}] * (k % 3) for k in range(42)])
    path = write(tmp_path / "b.parquet", label=None, objects=several)
    with pytest.raises(RefusedInput, match="14 of 42 rows have several labels in the column objec"):
        open_source(DatasetSpec(source=str(path), columns={"label": "objects.id"}))
    pixels = pa.StructArray.from_arrays([pa.array(IMAGES[:, 0].tolist())], ["raw"])
    path = write(tmp_path / "c.parquet", image=pixels)
    assert read_all(source=str(path), columns={"image": "image.raw"}) == whole


def test_pictures_beside_are_noted(tmp_path):
    write(tmp_path / "data" / "train-0.parquet")
    (tmp_path / "logo.png").write_bytes(encoded(IMAGES[0]))
    (tmp_path / ".cache").mkdir()
    notes = open_source(DatasetSpec(source=str(tmp_path))).describe().notes
    assert notes == (
        "Left out: the image files beside the Parquet ones, 1 in all. "
        "Passed over as hidden or left by a system: .cache."
    )


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


def hub(names):
    features = {"label": {"names": names, "_type": "ClassLabel"}}
    return {"huggingface": json.dumps({"info": {"features": features}})}


@pytest.mark.parametrize(
    "metadata",
    [
        hub(None),
        {"huggingface": "{}"},
        {"huggingface": json.dumps({"info": None})},
        {"huggingface": json.dumps({"info": {"features": {"label": {"dtype": "int64"}}}})},
    ],
)
def test_metadata_without_names_is_no_hindrance(tmp_path, metadata):
    path = write(tmp_path / "a.parquet", metadata=metadata)
    assert open_source(DatasetSpec(source=str(path))).describe().class_names == ["0", "1", "2"]


def test_names_come_from_any_shard_and_must_agree(tmp_path):
    write(tmp_path / "train-0.parquet", slice(0, 20))
    write(tmp_path / "train-1.parquet", slice(20, 42), metadata=hub(["x", "y", "z"]))
    assert open_source(DatasetSpec(source=str(tmp_path))).describe().class_names == ["x", "y", "z"]
    write(tmp_path / "train-0.parquet", slice(0, 20), metadata=hub(["y", "x", "z"]))
    with pytest.raises(
        RefusedInput, match=r"called y, x, z in .*0\.parquet', but x, y, z in .*1\."
    ):
        open_source(DatasetSpec(source=str(tmp_path)))


def test_labels_are_of_one_type(tmp_path):
    write(tmp_path / "train-0.parquet", slice(0, 20))
    write(tmp_path / "train-1.parquet", label=pa.array(LABELS.astype(str).tolist()))
    with pytest.raises(RefusedInput, match=r"integers in .*0\.parquet', but strings in .*1\.parq"):
        open_source(DatasetSpec(source=str(tmp_path)))
    write(tmp_path / "train-1.parquet", slice(20, 42), label=pa.array(LABELS[20:], pa.uint8()))
    assert sum(split_counts(tmp_path).values()) == 42


def test_labels_in_two_unicode_forms_are_one_class(tmp_path):
    names = ["caf\u00e9", "cafe\u0301", "tea"]
    label = pa.array(np.asarray(names)[LABELS].tolist())
    path = write(tmp_path / "a.parquet", label=label)
    info = open_source(DatasetSpec(source=str(path), held_out=0, test=3)).describe()
    assert info.class_names == [names[0], "tea"]
    assert info.counts["train"] == [26, 13]


def test_dictionary_labels_are_strings_too(tmp_path):
    label = pa.array(np.asarray(["a", "b", "c"])[LABELS].tolist()).dictionary_encode()
    path = write(tmp_path / "a.parquet", label=label)
    assert open_source(DatasetSpec(source=str(path))).describe().class_names == ["a", "b", "c"]


@pytest.mark.parametrize("written", [lambda a: a, lambda a: a.cast(pa.float64())])
def test_what_has_no_label_is_left_out_and_counted(tmp_path, written):
    label = pa.array([1, 2, None] * 14)
    info = open_source(
        DatasetSpec(source=str(write(tmp_path / "a.parquet", label=written(label))))
    ).describe()
    assert info.class_names == ["1", "2"]
    assert info.notes == "14 of 42 images have no label and are left out."
    alone = pa.array([1, None] * 21)
    path = write(tmp_path / "b.parquet", label=written(alone))
    assert open_source(DatasetSpec(source=str(path))).describe().class_names == ["1"]


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


def test_images_of_other_shapes_are_counted(tmp_path):
    images = [encoded(image) for image in IMAGES]
    images[8:12] = [encoded(image[:, :, :3]) for image in IMAGES[8:12]]
    path = write(tmp_path / "a.parquet", image=pa.array(images))
    said = "4 of 42 images differ from 1×4×5 .*: 4 of 1×4×3, such as .*a.parquet, row 8; set"
    with pytest.raises(RefusedInput, match=said):
        open_source(DatasetSpec(source=str(path)))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"label": None, "tag": pa.array(LABELS)},
            "lacks the column 'label'; it has image, tag; n",
        ),
        ({"image": None}, "lacks the column 'image'; it has label"),
        ({"label": pa.array(LABELS / 2)}, r"label \(=0.5\) is no whole number; valid: whole"),
        ({"label": pa.array([encoded(IMAGES[0])] * 42)}, "column label .=binary. holds pictures"),
        ({"label": pa.array([{"bytes": b"a", "path": ""}] * 42)}, "label .=str.* holds pictures"),
        ({"label": pa.array([[[7] * 200] * 99] * 42)}, "holds values of .* bytes, no classes"),
        ({"label": pa.array([[0, 1]] * 42)}, "42 of 42 rows have several labels in .* up to 2; ea"),
        ({"label": pa.array([{"a": 1}] * 42)}, r"label \(=struct.* holds several values.*label.a"),
        ({"label": pa.array((LABELS > 0) * 2 - 1)}, r"labels \(=-1, 1\): -1 says elsewhere"),
        ({"metadata": {"class_names": json.dumps(["x", "y"])}}, r"=0, 1, 2\) must lie in 0 … 1"),
        ({"split": pa.array(["tarin"] * 42)}, r"split \(='tarin'\) must be train, held_out or"),
        ({"label": pa.array(["", *"abc" * 14][:42])}, r"class \(=''\) is no name"),
        ({"label": no_utf8(LABELS)}, "is no readable Parquet: .*UTF8"),
        ({"metadata": {"class_names": json.dumps(["a", "b", "a"])}}, "each given to several"),
        (
            {"metadata": {"class_names": json.dumps("abc")}},
            r"class_names \(='abc'\) must be a list",
        ),
        ({"metadata": {"class_names": "[a"}}, "class_names in the schema's metadata is no JSON"),
        ({"metadata": {"class_names": b"[\xe9"}}, "class_names in the schema.*no UTF-8"),
        ({"metadata": {"notes": b"\xe9"}}, "notes in the schema's metadata is no UTF-8"),
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
    with pytest.raises(RefusedInput, match=r"neither the name nor a folder of 'a\.parquet'"):
        open_source(DatasetSpec(source=str(tmp_path)))
    (tmp_path / "empty").mkdir()
    with pytest.raises(RefusedInput, match=r"holds no \*.parquet"):
        open_source(DatasetSpec(source=str(tmp_path / "empty"), format="parquet"))
    write(tmp_path / "no rows" / "a.parquet", slice(0, 0), label=pa.array([], pa.int64()))
    with pytest.raises(RefusedInput, match="no rows holds no rows"):
        open_source(DatasetSpec(source=str(tmp_path / "no rows")))


def hive(root, *folders, **columns):
    for k, folder in enumerate(folders):
        rows = slice(14 * k, 14 * k + 14)
        write(root / folder / "a.parquet", rows, label=None, **columns)
    return open_source(DatasetSpec(source=str(root))).describe()


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (("3", "10"), ["3", "10"]),
        (("-1", "3", "4"), ["3", "4"]),
        (("__HIVE_DEFAULT_PARTITION__", "3", "4"), ["3", "4"]),
        (("٣", "٤"), ["٣", "٤"]),
        (("9" * 20, "8" * 20), ["8" * 20, "9" * 20]),
    ],
)
def test_folders_tell_labels_as_hive_writes_them(tmp_path, values, names):
    found = hive(tmp_path, *(f"label={value}" for value in values))
    assert found.class_names == names
    assert ("have no label" in found.notes) == (len(values) > len(names))


def test_folders_that_may_tell_classes_are_not_passed_over(tmp_path):
    with pytest.raises(RefusedInput, match=r"folders are called species=cat, species=dog; name"):
        hive(tmp_path / "a", "species=cat", "species=dog")
    assert hive(tmp_path / "b", "day=1").labels == "none"
    assert hive(tmp_path / "c", "split=train", "split=test").labels == "none"


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ([["train"]] * 42, "column split (=list<element: string>) must be of strings"),
        ([3] * 42, "column split (=int64) must be of strings"),
        ([b"\xff"] * 42, "column split holds bytes that are no UTF-8"),
        (["x" * 5000] * 42, "xxx…) must be train"),
    ],
)
def test_splits_of_other_types_are_refused(tmp_path, split, said):
    path = write(tmp_path / "a.parquet", split=pa.array(split))
    with pytest.raises(RefusedInput) as refusal:
        open_source(DatasetSpec(source=str(path)))
    assert said in str(refusal.value)
    assert len(str(refusal.value)) < 600


def test_other_columns_may_be_of_any_type_and_called_alike(tmp_path):
    nested = {"fold": [[1]], "train_meta": [{"a": 1}], "my_set": [{"b": [2]}]}
    path = write(
        tmp_path / "a.parquet", **{name: pa.array(one * 42) for name, one in nested.items()}
    )
    assert open_source(DatasetSpec(source=str(path))).describe().class_names == ["0", "1", "2"]
    table = pq.read_table(path).select(["image", "label", "fold", "my_set"])
    pq.write_table(table.rename_columns(["image", "label", "fold", "fold"]), path)
    assert open_source(DatasetSpec(source=str(path))).describe().class_names == ["0", "1", "2"]


def test_a_footer_at_which_pyarrow_ends_the_process_is_refused(tmp_path):
    """Its histogram of nulls and what is nested is of another length than the columns say."""
    values = pa.array([{"bytes": encoded(image)} for image in IMAGES])
    data = bytearray(write(tmp_path / "a.parquet", image=values).read_bytes())
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    place = data.index(b"\x18\x05image", start)  # behind whether it may be null or repeated
    for offset in range(1, 12):
        for value in (0, 2, 4):
            broken = data.copy()
            broken[place - offset] = value
            (tmp_path / "b.parquet").write_bytes(broken)
            read_or_refuse(tmp_path / "b.parquet")
