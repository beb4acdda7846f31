"""The embedded digits are those of MNIST, read by a reader of its own."""

from __future__ import annotations

import hashlib
from collections import Counter
from importlib.resources import files

import pytest

import ganray.data
from ganray.data import DatasetSpec, open_source
from tests.data import make_mnist_small
from tests.data.published import read_all, real_data

PARQUET = files(ganray.data) / "mnist_small.parquet"
LICENSE = files(ganray.data) / "mnist_small.LICENSE.md"


def test_pixels_equal_the_published_ones():
    images, labels, splits = make_mnist_small.subset(real_data("mnist"))
    rows = read_all()
    for split in ("train", "held_out", "test"):
        assert [row[1:] for row in rows[split]] == [
            (label, image.tobytes())
            for image, label, own in zip(images, labels.tolist(), splits, strict=True)
            if own == split
        ]


def test_the_first_500_training_and_150_test_digits_of_each_class_were_taken():
    folder = real_data("mnist")
    rows = read_all()
    for split, part, taken in (
        ("train", "train", range(400)),
        ("held_out", "train", range(400, 500)),
        ("test", "t10k", range(150)),
    ):
        images, labels = make_mnist_small.published(folder, part)
        seen = Counter()
        expected = []
        for image, label in zip(images, labels.tolist(), strict=True):
            if seen[label] in taken:
                expected.append((label, image.tobytes()))
            seen[label] += 1
        assert [row[1:] for row in rows[split]] == expected


def test_the_script_makes_the_committed_pixels_again(tmp_path):
    make_mnist_small.main(str(real_data("mnist")), str(tmp_path / "mnist_small.parquet"))
    again = DatasetSpec(source=str(tmp_path / "mnist_small.parquet"))
    assert read_all(source=again.source) == read_all()
    assert open_source(again).describe() == open_source(DatasetSpec()).describe()


@pytest.mark.parametrize("part", ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3"])
def test_the_licence_names_the_published_files(part):
    data = (real_data("mnist") / f"{part}-ubyte.gz").read_bytes()
    text = LICENSE.read_text()
    assert f"| `{part}-ubyte.gz` | `{hashlib.sha256(data).hexdigest()}` |" in text
    assert "Attribution-ShareAlike 3.0" in text


def test_the_file_is_small():
    assert len(PARQUET.read_bytes()) < 1_000_000
