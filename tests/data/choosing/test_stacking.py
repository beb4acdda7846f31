"""Stacked images: three of the source in each, in the class that their classes make."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.data import DatasetSpec, open_source
from ganray.data import rows as rows_module
from ganray.errors import RefusedInput
from ganray.studies import study_from
from tests.cli.command import ganray
from tests.data.published import digits, read_all, real_data, write_folder, write_idx


@pytest.fixture
def source(tmp_path) -> str:
    """Grey images of three classes, each image of one value that no other has."""
    images, labels = digits(90, 3)
    images[:] = np.arange(90, dtype=np.uint8).reshape(-1, 1, 1, 1)
    test, told = digits(60, 3)
    test[:] = np.arange(100, 160, dtype=np.uint8).reshape(-1, 1, 1, 1)
    return str(write_idx(tmp_path / "source", (images, labels), (test, told)))


def test_channels_are_images_of_the_split_and_classes_are_theirs(source):
    opened = open_source(DatasetSpec(source=source, stacked=600))
    info = opened.describe()
    assert info.shape == (3, 4, 5)
    assert info.class_names[:4] == ["000", "001", "002", "010"]
    assert info.class_names[26] == "222"
    assert {split: sum(counts) for split, counts in info.counts.items()} == {
        "train": 600, "held_out": 120, "test": 480,
    }  # fmt: skip
    assert "three of the source" in info.notes
    single = {}  # the value of each image of the source, to its split and class
    for split, rows in read_all(source=source).items():
        single |= {pixels[0]: (split, label) for _, label, pixels in rows}
    seen = set()
    for batch in opened.batches():
        values = batch.images[:, :, 0, 0]
        assert (batch.images == values[:, :, None, None]).all()
        for row, label in zip(values.tolist(), batch.labels.tolist(), strict=True):
            assert {single[value][0] for value in row} == {batch.split}
            assert info.class_names[label] == "".join(str(single[value][1]) for value in row)
            seen |= set(row)
    assert len(seen) > 145  # of 150, each drawn often


def test_what_is_drawn_follows_from_the_number_alone(source, monkeypatch):
    few, many = (read_all(source=source, stacked=count)["train"] for count in (400, 800))
    assert many[:400] == few
    monkeypatch.setattr(rows_module, "CHUNK_BYTES", 200)
    assert read_all(source=source, stacked=400)["train"] == few
    fingerprints = {
        open_source(DatasetSpec(source=source, stacked=count)).fingerprint()
        for count in (None, 400, 800)
    }
    assert len(fingerprints) == 3


def test_it_covers_the_thousand_modes_of_real_digits():
    folder = str(real_data("mnist"))
    info = open_source(DatasetSpec(source=folder, stacked=128_000)).describe()
    assert len(info.class_names) == 1000
    assert info.class_names[407] == "407"
    for split, count in {"train": 128_000, "held_out": 25_600, "test": 25_600}.items():
        assert sum(info.counts[split]) == count
        assert min(info.counts[split]) >= count / 1000 / 4
    # Ten draws of one in ten each, three times: a chi-squared of 27 degrees of freedom.
    counts = np.array(info.counts["train"]).reshape(10, 10, 10)
    shares = open_source(DatasetSpec(source=folder)).describe().counts["train"]
    expected = np.array(shares) / sum(shares) * 128_000
    for axes in ((1, 2), (0, 2), (0, 1)):
        found = counts.sum(axis=axes)
        assert ((found - expected) ** 2 / expected).sum() < 30


def test_longer_names_stay_apart(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 1, 8, 8), dtype=np.uint8)
    folder = str(write_folder(tmp_path, images, ["cat", "dog"] * 20))
    info = open_source(DatasetSpec(source=folder, stacked=200)).describe()
    assert info.class_names[:3] == ["cat cat cat", "cat cat dog", "cat dog cat"]


def test_views_are_of_stacked_images(source):
    info = open_source(
        DatasetSpec(source=source, stacked=400, views=("plain", "inverted"))
    ).describe()
    assert len(info.class_names) == 54
    assert sum(info.counts["train"]) == 800


def test_import_writes_stacked_images(source, tmp_path):
    answer = ganray("data", "import", source, "--to", tmp_path / "to", "--set", "stacked=400")
    assert "27 classes, 400 train" in answer.out, answer
    answer = ganray("data", "import", source, "--to", tmp_path / "no", "--set", "stack=400")
    assert answer.code == 2
    assert "stack" in answer.err
    assert not (tmp_path / "no").exists()


def test_refusals(source, tmp_path):
    def opened(**told):
        return open_source(DatasetSpec(**told))

    with pytest.raises(RefusedInput, match=r"\(=30\): its 30 train images are of \d+ of 27"):
        opened(source=source, stacked=30)
    images = np.random.default_rng(0).integers(0, 256, (40, 3, 8, 8), dtype=np.uint8)
    coloured = str(write_folder(tmp_path / "coloured", images, ["cat", "dog"] * 20))
    with pytest.raises(RefusedInput, match="are coloured, and each is to be one channel"):
        opened(source=coloured, stacked=400)
    assert opened(source=coloured, stacked=400, channels=1).describe().shape == (3, 8, 8)
    flat = tmp_path / "flat"
    write_folder(flat, images[:, :1], ["only"] * 40)
    with pytest.raises(RefusedInput, match="must be of 2 to 21 labelled classes"):
        opened(source=str(flat / "only"), stacked=400)
    for data in ({"source": "embedded"}, {"source": "embedded", "channels": 3}):
        settings = {"data": data, "encoder": {"network": "channelwise"}}
        with pytest.raises(RefusedInput, match="'channelwise'\\) takes three channels and all tri"):
            study_from(settings).plan()
