"""Which folders are splits, classes or domains, by their names."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.data import DatasetSpec, open_source
from ganray.data.rows import HELD_OUT, TEST, TRAIN, split_code, split_words
from ganray.errors import RefusedInput
from tests.data.published import digits, encoded

IMAGES, _ = digits(12, 2)


def described(root, *folders, **told):
    """What is read of folders with pictures of their own each."""
    for k, folder in enumerate(folders):
        (root / folder).mkdir(parents=True)
        for i, image in enumerate(IMAGES[:6]):
            (root / folder / f"{i}.png").write_bytes(encoded(np.roll(image, k, axis=-1) ^ k))
    return open_source(DatasetSpec(source=str(root), **told)).describe()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *dict.fromkeys(
            ["trainset", "TrainingSet", "traindata", "TRN", "trainimages"], TRAIN
        ).items(),
        *dict.fromkeys(["holdout", "Hold-Out", "hold_out", "validate", "valset"], HELD_OUT).items(),
        *dict.fromkeys(["testset", "TestDir", "tst", "testingset", "evaldata"], TEST).items(),
        *dict.fromkeys(["trainer", "testament", "validator", "sets", "set", "tr", "devil"]).items(),
    ],
)
def test_splits_are_called_in_one_word_too(name, code):
    assert split_code(name) == code


def test_words_run_together_are_found():
    assert split_words("mnistTrain-01") == ["train"]
    assert split_words("my_testset") == ["testset"]
    assert split_words("contest_training_hold_out") == ["training", "hold_out"]


@pytest.mark.parametrize("names", [("trainset", "testset"), ("Train", "tst"), ("trn", "TESTDATA")])
def test_such_folders_are_splits_with_classes_and_without(tmp_path, names):
    inner = [f"{name}/{kind}" for name in names for kind in ("cat", "dog")]
    found = described(tmp_path / "classes", *inner)
    assert found.class_names == ["cat", "dog"]
    assert found.counts["test"] == [6, 6]
    found = described(tmp_path / "flat", *names)
    assert (found.labels, found.counts["test"]) == ("none", [6])


@pytest.mark.parametrize("other", ["query", "Extra", "unlabeled", "tests", "unseen", "submission"])
def test_what_lies_beside_train_alone_is_no_class(tmp_path, other):
    with pytest.raises(RefusedInput, match=rf"train, {other} among the folders .* look like spl"):
        described(tmp_path, "train", other)


def test_vehicles_are_classes_still(tmp_path):
    assert described(tmp_path, "bus", "train", test=2).class_names == ["bus", "train"]


@pytest.mark.parametrize("names", [("traina", "trainb", "testa", "testb"),
                                   ("TrainA", "TrainB", "TestA", "TestB")])  # fmt: skip
def test_the_domains_of_cyclegan_are_found_in_any_case(tmp_path, names):
    found = described(tmp_path, *names)
    assert (found.class_names, found.labels) == (["A", "B"], "domains")
    assert found.counts["test"] == [6, 6]


def test_a_head_in_italian_is_a_class(tmp_path):
    found = described(tmp_path, "testa", "mano", "piede", test=3)
    assert found.class_names == ["mano", "piede", "testa"]


@pytest.mark.parametrize(
    "name",
    [
        "#recycle/x.png",
        "~$list.docx",
        "Icon\r",
        "Thumbs.db:encryptable",
        "Picasa.ini",
        "@Recycle/x",
    ],
)
def test_droppings_are_no_classes_and_no_pictures(tmp_path, name):
    described(tmp_path, "cat", "dog", test=2)
    for place in ("", "cat/"):
        file = tmp_path / f"{place}{name}"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x")
    found = open_source(DatasetSpec(source=str(tmp_path), test=2)).describe()
    assert found.class_names == ["cat", "dog"]
    assert sum(map(sum, found.counts.values())) == 12
    assert "Passed over as hidden" in found.notes
    assert "\r" not in found.notes


@pytest.mark.parametrize("name", ["metadata.jsonl", "labels.csv", "cats.TSV", "sheet.xlsx"])
def test_tables_beside_pictures_are_noted(tmp_path, name):
    described(tmp_path, "pictures")
    (tmp_path / "pictures" / name).write_text("x")
    notes = open_source(DatasetSpec(source=str(tmp_path / "pictures"))).describe().notes
    assert notes == f"Not read, as folders alone tell classes: {name}."


def test_pictures_of_other_formats_are_named(tmp_path):
    (tmp_path / "cat").mkdir()
    for k in range(3):
        (tmp_path / "cat" / f"{k}.gif").write_bytes(b"GIF89a")
    with pytest.raises(RefusedInput, match=r"holds no images, but '0\.gif' \(and 2 more\), no"):
        open_source(DatasetSpec(source=str(tmp_path)))
