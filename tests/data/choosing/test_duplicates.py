"""Images that are there more than once: counted within and across splits, left out or refused."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ganray.data import DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.data.choosing.duplicates import digests, said_of_duplicates
from ganray.data.imported.dataset import Dataset
from ganray.errors import RefusedInput
from ganray.report.reading.results import Results
from ganray.report.sections.provenance.protocol import data_line
from tests import tiny
from tests.data.published import read_all, real_data, write_folder, write_idx

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 1, 8, 8), dtype=np.uint8)


@pytest.fixture
def source(tmp_path) -> str:
    """40 images in train, two of them twice, and 12 in test, of which three are training ones."""
    train = np.concatenate([IMAGES, IMAGES[:2]])
    test = np.concatenate([IMAGES[5:8], RNG.integers(0, 256, (9, 1, 8, 8), dtype=np.uint8)])
    labels = np.arange(42) % 2, np.arange(12) % 2
    return str(write_idx(tmp_path / "set", (train, labels[0]), (test, labels[1])))


SAID = (
    "Identical images: repeated within their split 2 of 42 training images; "
    "training images among the test ones 3."
)


def test_they_are_counted_at_import(source, tmp_path):
    spec = DatasetSpec(source=source, held_out=0)
    info = import_dataset(open_source(spec), spec, new_dataset_folder(str(tmp_path / "to")))
    assert info.notes == SAID
    assert Dataset.open(str(tmp_path / "to")).info.notes == SAID
    assert open_source(DatasetSpec(source=str(tmp_path / "to"))).describe().notes == SAID
    assert sum(info.counts["train"]) == 42  # and kept


def test_they_are_left_out(source):
    found = read_all(source=source, held_out=0, duplicates="drop")
    assert (len(found["train"]), len(found["test"])) == (37, 12)
    pixels = [row[2] for rows in found.values() for row in rows]
    assert len(set(pixels)) == len(pixels)
    kept = {image.tobytes() for place, image in enumerate(IMAGES) if place not in (5, 6, 7)}
    assert {row[2] for row in found["train"]} == kept
    labels = {row[2]: row[1] for row in found["train"]}
    assert labels[IMAGES[1].tobytes()] == 1  # the first of the two stays, with its own label
    notes = open_source(DatasetSpec(source=source, held_out=0, duplicates="drop")).describe().notes
    assert notes == f"{SAID} 5 of them are left out."


def test_they_are_refused(source, tmp_path):
    with pytest.raises(
        RefusedInput, match=r"^duplicates \(='refuse'\): set: Identical images: repeated"
    ):
        open_source(DatasetSpec(source=source, duplicates="refuse"))
    plain = str(write_folder(tmp_path / "plain", IMAGES, ["a", "b"] * 20))
    for handling in ("drop", "refuse"):
        spec = DatasetSpec(source=plain, duplicates=handling)
        assert sum(map(sum, open_source(spec).describe().counts.values())) == 40


def test_what_is_set_apart_is_apart(tmp_path):
    """Of a source without splits: no image lands in two."""
    images = np.repeat(IMAGES, 3, axis=0)
    plain = str(write_folder(tmp_path, images, ["a"] * 60 + ["b"] * 60))
    counts = Counter(
        row[2] for rows in read_all(source=plain, duplicates="drop").values() for row in rows
    )
    assert set(counts.values()) == {1}
    assert len(counts) == 40


def test_digests_are_of_pixels():
    found = digests(IMAGES)
    assert len(np.unique(found)) == 40
    assert (digests(IMAGES[::-1])[::-1] == found).all()
    assert said_of_duplicates(found, np.zeros(40, np.uint8)) == ""


def test_views_and_stacked_images_repeat_by_design(source, tmp_path):
    for place, told in enumerate(({"views": ("plain", "grey")}, {"stacked": 200})):
        spec = DatasetSpec(source=source, held_out=0, **told)
        to = new_dataset_folder(str(tmp_path / str(place)))
        assert "Identical" not in import_dataset(open_source(spec), spec, to).notes


def test_what_was_left_out_stands_in_a_file(tmp_path):
    root = write_folder(tmp_path / "set", IMAGES, ["a", "b"] * 20)
    (root / "a" / "0.png").write_bytes(b"nothing")
    spec = DatasetSpec(source=str(root), skip_unreadable=True)
    import_dataset(open_source(spec), spec, new_dataset_folder(str(tmp_path / "to")))
    (line,) = (tmp_path / "to" / "left_out.txt").read_text().splitlines()
    assert line.startswith("'a/0.png' is no readable PNG")


def test_a_class_of_which_nothing_is_left_is_none(tmp_path):
    images = np.repeat(IMAGES, 2, axis=0)
    source = str(write_folder(tmp_path, images, ["a", "b"] * 40))
    info = open_source(DatasetSpec(source=source, duplicates="drop")).describe()
    assert info.class_names == ["a"]
    assert info.notes.endswith("Left out with their images: the classes b (0).")


def test_the_report_of_a_study_says_it(tiny_study, tmp_path):
    root = write_folder(tmp_path / "set", np.tile(IMAGES, (2, 1, 2, 2)), ["a", "b"] * 40)
    _, agenda = tiny.run(
        tiny_study,
        str(tmp_path / "store"),
        f"data={{source: {root}, held_out: 10, test: 10}}",
        "marginals=[[a], [b]]",
        "search={on: []}",
        "evaluate={metrics: [class_divergence]}",
    )
    assert agenda.complete, agenda.failed
    said = data_line(Results.open(agenda.store, agenda.plan))
    assert (
        "Identical images: repeated within their split 20 of 60 training images; training" in said
    )


def test_real_digits_are_all_different():
    spec = DatasetSpec(source=str(real_data("mnist")), duplicates="refuse")
    assert sum(map(sum, open_source(spec).describe().counts.values())) == 70_000
