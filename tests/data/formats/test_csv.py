from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.data import DatasetSpec, open_source
from ganray.data.formats import csv
from ganray.errors import RefusedInput
from tests.data.formats.hostile import damaged, damages, read_or_refuse
from tests.data.published import http_server, read_all, write_folder

RNG = np.random.default_rng(0)


def content(count, side=5):
    labels = RNG.permutation(np.arange(count) % 3)
    return RNG.integers(0, 256, (count, side * side), dtype=np.uint8), labels


TRAIN, TEST = content(30), content(9)


def text(images, labels=None, header="label,pixel{}", first=0, end="\n"):
    """As Kaggle has it: a header with a name for each pixel, and a line for each image."""
    lines = []
    if header:
        start, name = header.split(",") if labels is not None else ("", header.split(",")[-1])
        names = [name.format(k + first) for k in range(images.shape[1])]
        lines.append(",".join(([start] if start else []) + names))
    for i, image in enumerate(images.tolist()):
        lines.append(",".join(map(str, ([labels[i]] if labels is not None else []) + image)))
    return end.join(lines) + end


def in_order(rows):
    return sorted(row for split in rows.values() for row in split)


def expected(*parts):
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return [
        (i, label, image.tobytes())
        for i, (image, label) in enumerate(zip(images, labels.tolist(), strict=True))
    ]


@pytest.mark.parametrize("header", ["label,pixel{}", "label,{}x1", ""])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_column_for_each_pixel_is_read(tmp_path, header, zipped):
    for name, part in (("mnist_train", TRAIN), ("mnist_test", TEST)):
        data = text(*part, header=header, end="\r\n" if zipped else "\n").encode()
        path = tmp_path / f"{name}.csv{'.gz' if zipped else ''}"
        path.write_bytes(gzip.compress(data) if zipped else data)
    source = open_source(DatasetSpec(source=str(tmp_path), held_out=6))
    assert source.describe().shape == (1, 5, 5)
    rows = read_all(source=str(tmp_path), held_out=6)
    assert [len(rows[split]) for split in ("train", "held_out", "test")] == [24, 6, 9]
    assert in_order(rows) == expected(TRAIN, TEST)


def test_of_kaggle_s_files_those_without_labels_are_left_out_and_counted(tmp_path):
    (tmp_path / "train.csv").write_text(text(*TRAIN))
    (tmp_path / "test.csv").write_text(text(TEST[0]))
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n2,0\n")
    write_folder(tmp_path, RNG.integers(0, 256, (1, 1, 9, 9), dtype=np.uint8), ["pictures"])
    info = open_source(DatasetSpec(source=str(tmp_path), test=6, held_out=6)).describe()
    assert info.notes == (
        "9 images of test.csv have no labels and are left out. "
        "Left out: pictures, sample_submission.csv."
    )
    assert in_order(read_all(source=str(tmp_path), test=6, held_out=6)) == expected(TRAIN)
    alone = open_source(DatasetSpec(source=str(tmp_path / "test.csv"))).describe()
    assert (alone.labels, alone.class_names, alone.name) == ("none", ["unlabelled"], "test")


def test_labels_name_the_classes_one_may_be_missing(tmp_path):
    """Sign-MNIST's labels are 0 … 24 without 9."""
    (tmp_path / "sign_mnist_train.csv").write_text(text(TRAIN[0], TRAIN[1] * 8, first=1))
    (tmp_path / "sign_mnist_test.csv").write_text(text(TEST[0], TEST[1] * 8, first=1))
    info = open_source(DatasetSpec(source=str(tmp_path), held_out=6)).describe()
    assert info.class_names == ["0", "8", "16"]
    assert sum(info.counts["test"]) == 9


def test_a_label_may_stand_last_and_an_index_is_passed_over(tmp_path):
    rows = [",".join(map(str, [i, *image, label])) for i, (image, label) in enumerate(
        zip(TRAIN[0].tolist(), TRAIN[1], strict=True))]  # fmt: skip
    header = ",".join(['""', *(f'"pixel{k:04}"' for k in range(25)), '"label"'])
    (tmp_path / "set.csv").write_text("\n".join([header, *rows]), encoding="utf-8-sig")
    read = read_all(source=str(tmp_path / "set.csv"), test=6, held_out=6)
    assert in_order(read) == expected(TRAIN)


@pytest.mark.parametrize(
    ("line", "value", "said"),
    [
        (8, "300", r"train.csv', line 8: pixel2 \(='300'\) must be a whole number of 0 … 255"),
        (8, "-1", r"line 8: pixel2 \(='-1'\)"),
        (31, "1.5", r"line 31: pixel2 \(='1.5'\)"),
        (2, "", r"line 2: pixel2 \(=''\)"),
        (5, "7,7", "train.csv', line 5: expected 26 columns, got 27"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, value, said):
    lines = text(*TRAIN).splitlines()
    fields = lines[line - 1].split(",")
    lines[line - 1] = ",".join([*fields[:3], value, *fields[4:]])
    (tmp_path / "train.csv").write_text("\n".join(lines))
    with pytest.raises(RefusedInput, match=said):
        list(open_source(DatasetSpec(source=str(tmp_path), test=6, held_out=6)).batches())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (text(TRAIN[0], ["a"] * 30), r"line 2: label \(='a'\) must be a whole number$"),
        (text(RNG.integers(0, 9, (4, 75)), [0] * 4), "75 values are 5×5 in colour, in an order"),
        (text(RNG.integers(0, 9, (4, 24)), [0] * 4), "24 values beside the label are no square"),
        (
            text(RNG.integers(0, 9, (4, 23)), [0] * 4, ""),
            "23 values beside the label are no",
        ),
        (text(*TRAIN).replace("label", "emotion"), r"columns \(emotion\) beside 25 pixels"),
        (text(*TRAIN).replace("pixel24", "pixel23"), "each once"),
        (text(*TRAIN).splitlines()[0], "is no readable CSV .Could not skip"),
        ("", "columns|no square"),
        ("a," * 300_000, "300001 columns, more than 196618"),
        ("<!DOCTYPE html>", "is a web page, not a CSV file"),
        ("\0" * 100, "columns"),
    ],
)
def test_other_tables_are_refused(tmp_path, changed, said):
    (tmp_path / "train.csv").write_text(changed)
    with pytest.raises(RefusedInput, match=said) as refusal:
        open_source(DatasetSpec(source=str(tmp_path / "train.csv"), test=6))
    assert "train.csv" in str(refusal.value)


def test_two_sets_are_not_mixed(tmp_path):
    (tmp_path / "mnist_train.csv").write_text(text(*TRAIN))
    (tmp_path / "fashion_train.csv").write_text(text(*TRAIN))
    with pytest.raises(RefusedInput, match="are of one split, and by their names of two sets"):
        open_source(DatasetSpec(source=str(tmp_path)))
    (tmp_path / "fashion_train.csv").rename(tmp_path / "mnist_train_2.csv")
    info = open_source(DatasetSpec(source=str(tmp_path)), whole=True).describe()
    assert sum(info.counts["train"]) == 60
    (tmp_path / "emnist-letters-train.csv").write_text(text(*TRAIN))
    with pytest.raises(RefusedInput, match="EMNIST's images are transposed, in CSV too"):
        open_source(DatasetSpec(source=str(tmp_path)))


def test_a_table_of_other_things_beside_pictures_is_no_source(tmp_path):
    write_folder(tmp_path, RNG.integers(0, 256, (60, 1, 9, 9), dtype=np.uint8), ["a", "b"] * 30)
    (tmp_path / "train.csv").write_text("file,label\na/0.png,a\n")
    assert open_source(DatasetSpec(source=str(tmp_path))).describe().class_names == ["a", "b"]


def test_it_is_read_in_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(csv, "BLOCK", 1000)
    (tmp_path / "train.csv").write_text(text(*TRAIN))
    source = open_source(DatasetSpec(source=str(tmp_path / "train.csv"), test=6, held_out=6))
    assert len({int(batch.index[0]) for batch in source.batches()}) > 4
    assert in_order(read_all(source=str(tmp_path), test=6, held_out=6)) == expected(TRAIN)
    with http_server({"/train.csv": text(*TRAIN).encode()}) as url:
        there = read_all(source=f"{url}/train.csv", test=6, held_out=6)
    assert in_order(there) == expected(TRAIN)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("csv") / "train.csv"
    path.write_text(text(*TRAIN))
    return path, path.read_bytes()


@settings(max_examples=40)
@given(st.data())
def test_damage_is_refused_or_read(small, data):
    path, whole = small
    try:
        path.write_bytes(damaged(whole, data.draw(damages(len(whole)))))
        read_or_refuse(path, test=3, held_out=3)
    finally:
        path.write_bytes(whole)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(small, data):
    path, whole = small
    try:
        path.write_bytes(data)
        read_or_refuse(path, test=3, held_out=3)
    finally:
        path.write_bytes(whole)
