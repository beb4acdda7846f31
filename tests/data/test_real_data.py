"""The real sets, against what their publishers say of them and against naive readers."""

from __future__ import annotations

import gzip
import hashlib
import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ganray.data import Dataset, DatasetSpec, import_dataset, new_dataset_folder, open_source
from tests.data.published import real_data

MNIST_TRAIN = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
MNIST_TEST = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def described(name):
    return open_source(DatasetSpec(source=str(real_data(name)))).describe()


def test_mnist_counts():
    counts = described("mnist").counts
    assert np.add(counts["train"], counts["held_out"]).tolist() == MNIST_TRAIN
    assert counts["test"] == MNIST_TEST
    assert [sum(counts[split]) for split in ("train", "held_out", "test")] == [50000, 10000, 10000]


def test_fashion_mnist_counts():
    counts = described("fashion-mnist").counts
    assert np.add(counts["train"], counts["held_out"]).tolist() == [6000] * 10
    assert counts["test"] == [1000] * 10
    assert sum(counts["held_out"]) == 10000


@pytest.mark.slow
def test_cifar10_counts():
    info = described("cifar10-jpeg")
    assert info.shape == (3, 32, 32)
    assert np.add(info.counts["train"], info.counts["held_out"]).tolist() == [5000] * 10
    assert set(info.counts["held_out"]) == {833, 834}
    assert info.counts["test"] == [1000] * 10
    assert "JPEG" in info.notes


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_every_published_pixel_survives_the_import(name, tmp_path):
    folder = real_data(name)
    source = open_source(DatasetSpec(source=str(folder)))
    import_dataset(source, DatasetSpec(), new_dataset_folder(str(tmp_path)))
    dataset = Dataset.open(str(tmp_path))
    for split, part, rows in (
        ("train", "train", slice(50000)),
        ("held_out", "train", slice(50000, None)),
        ("test", "t10k", slice(None)),
    ):
        images = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())[16:]
        labels = gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes())[8:]
        pixels = np.frombuffer(images, np.uint8).reshape(-1, 1, 28, 28)[rows]
        of_row = np.frombuffer(labels, np.uint8)[rows]
        for k in range(10):
            read, read_labels = dataset.images(split, [k])
            assert np.array_equal(read, pixels[of_row == k])
            assert (read_labels == k).all()


def test_first_images_of_mnist_are_known():
    batch = next(open_source(DatasetSpec(source=str(real_data("mnist")))).batches())
    assert batch.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    digest = hashlib.sha256(batch.images[:10].tobytes()).hexdigest()
    assert digest == "28957a21a15ec1e79f23b06c3720ecc19ff7fbac3e1e3c2d242650654e68d428"


@pytest.mark.slow
def test_cifar10_pixels_are_those_that_pillow_decodes():
    folder = real_data("cifar10-jpeg")
    table = next(pq.ParquetFile(folder / "train.parquet").iter_batches(40)).to_pylist()
    rows = {}
    for batch in open_source(DatasetSpec(source=str(folder))).batches():
        rows |= dict(
            zip(batch.index.tolist(), zip(batch.labels, batch.images, strict=True), strict=True)
        )
        if batch.split == "train":
            break
    first = min(i for i, _ in rows.items() if i >= 10000)  # test.parquet sorts before train.parquet
    for i, row in enumerate(table[: len(rows) - first]):
        label, image = rows[first + i]
        pixels = np.asarray(Image.open(io.BytesIO(row["image"])))
        assert label == row["label"]
        assert np.array_equal(image.transpose(1, 2, 0), pixels)
