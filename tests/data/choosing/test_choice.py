"""Which rows count: those with a label, of chosen, merged or renamed classes, and of large ones."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganray.data import DatasetSpec, open_source
from ganray.errors import RefusedInput
from ganray.spec import parse
from ganray.studies import study_from
from tests.data.published import digits, encoded, read_all, write_folder, write_idx

NAMES = np.asarray(["cat", "dog", "owl"])


@pytest.fixture
def pets(tmp_path) -> tuple[str, np.ndarray, np.ndarray]:
    """30 cats, 20 dogs and 10 owls in class folders, their images and names."""
    images = np.random.default_rng(0).integers(0, 256, (60, 1, 8, 8), dtype=np.uint8)
    names = np.repeat(NAMES, (30, 20, 10))
    return str(write_folder(tmp_path / "pets", images, names.tolist())), images, names


def described(**told):
    return open_source(parse(DatasetSpec, told, "data"), whole=True).describe()


def images_of(label: int, **told) -> set[bytes]:
    rows = read_all(**told)
    return {pixels for split in rows.values() for _, own, pixels in split if own == label}


@pytest.mark.parametrize(
    ("classes", "names", "members"),
    [
        (["dog", "cat"], ["dog", "cat"], [["dog"], ["cat"]]),
        ({"pet": ["cat", "dog"], "bird": "owl"}, ["pet", "bird"], [["cat", "dog"], ["owl"]]),
        ({"owl": "cat", "cat": ["owl"]}, ["owl", "cat"], [["cat"], ["owl"]]),
    ],
)
def test_classes_are_chosen_merged_and_renamed(pets, classes, names, members):
    source, images, known = pets
    info = described(source=source, classes=classes)
    assert info.class_names == names
    for k, own in enumerate(members):
        expected = {image.tobytes() for image in images[np.isin(known, own)]}
        assert images_of(k, source=source, classes=classes) == expected
        assert info.counts["train"][k] == len(expected)
    left = sorted(set(NAMES) - {name for one in members for name in one})
    assert [f"{name} (" in info.notes for name in left] == [True] * len(left)
    assert ("Left out" in info.notes) == bool(left)


def test_arrays_are_chosen_from_as_pictures_are(tmp_path):
    images, labels = digits(60, 3)
    source = str(write_idx(tmp_path, (images, labels), digits(12, 3)))
    assert described(source=source, classes=[2, 0]).class_names == ["2", "0"]
    for k, old in enumerate((2, 0)):
        found = images_of(k, source=source, classes=[2, 0])
        assert found >= {image.tobytes() for image in images[labels == old]}
    only = open_source(DatasetSpec(source=source, classes=[1]))
    assert sum(len(batch.images) for batch in only.batches()) == 24


def test_small_classes_are_left_out(pets):
    info = described(source=pets[0], least=20)
    assert info.class_names == ["cat", "dog"]
    assert info.notes == "Left out with their images: the classes owl (10)."
    with pytest.raises(RefusedInput, match=r"least \(=31\): no class .* the largest, cat, has 30"):
        described(source=pets[0], least=31)


def test_what_is_not_chosen_may_be_broken(pets, tmp_path):
    (tmp_path / "pets" / "owl" / "50.png").write_bytes(b"nothing")
    with pytest.raises(RefusedInput, match="no readable"):
        described(source=pets[0])
    assert described(source=pets[0], classes=["cat", "dog"]).class_names == ["cat", "dog"]


def test_the_choice_is_part_of_the_fingerprint(pets):
    told = [{}, {"classes": ("cat", "dog")}, {"classes": {"pet": ("cat", "dog")}}, {"least": 20}]
    found = [open_source(DatasetSpec(source=pets[0], **one)).fingerprint() for one in told]
    assert len({*found}) == 3  # least = 20 leaves what naming cat and dog does
    assert found[1] == found[3]


def test_rows_without_a_label_are_left_out_and_counted(tmp_path):
    images, labels = digits(40, 2)
    png = pa.array([encoded(image) for image in images])

    def source(column: pa.Array) -> str:
        pq.write_table(pa.table({"image": png, "label": column}), tmp_path / "set.parquet")
        return str(tmp_path / "set.parquet")

    missing = np.arange(40) % 4 == 0
    columns = {
        "null": pa.array(labels, mask=missing),
        "-1": pa.array(np.where(missing, -1, labels)),
        "NaN": pa.array(np.where(missing, np.nan, labels)),
        "text": pa.array(labels.astype(str), mask=missing),
        "lists": pa.array([[int(k)][: 1 - gone] for gone, k in zip(missing, labels, strict=True)]),
    }
    for name, column in columns.items():
        info = described(source=source(column))
        assert info.class_names == ["0", "1"], name
        assert sum(map(sum, info.counts.values())) == 30
        assert info.notes == "10 of 40 images have no label and are left out.", name
        for k in (0, 1):
            expected = {image.tobytes() for image in images[~missing & (labels == k)]}
            assert images_of(k, source=str(tmp_path / "set.parquet")) == expected
    for column in (pa.nulls(40), pa.array([-1] * 40), pa.nulls(40, pa.string())):
        info = described(source=source(column))
        assert (info.labels, info.class_names) == ("none", ["unlabelled"])
        assert info.notes == "No image has a label."


def test_refusals(pets, tmp_path):
    source = pets[0]
    for classes, said in (
        (["cow"], r"classes \(='cow'\): unknown name 'cow'"),
        (["cat", "cat"], "names \\(='cat'\\) are each given to several"),
        ({"a": ["cat"], "b": ["dog", "cat"]}, r"classes \(='cat'\) is named twice"),
        ([], "at least 1"),
        ({}, "at least 1"),
        ({"a": []}, "at least 1"),
    ):
        with pytest.raises(RefusedInput, match=said):
            described(source=source, classes=classes)
    flat = write_folder(tmp_path / "flat", pets[1], ["."] * 60)
    with pytest.raises(RefusedInput, match="the images of flat have no labels"):
        described(source=str(flat), classes=["cat"])


def test_rare_classes_are_named_at_once_with_the_setting_that_helps(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (51, 1, 8, 8), dtype=np.uint8)
    names = ["cat"] * 24 + ["dog"] * 24 + ["lynx"] * 2 + ["otter"]
    source = str(write_folder(tmp_path, images, names))
    said = r"lynx \(of 2 in all\), otter \(of 1 in all\); .*data\.least=3 leaves out"
    with pytest.raises(RefusedInput, match=said):
        open_source(DatasetSpec(source=source))
    assert open_source(DatasetSpec(source=source, least=3)).describe().class_names == ["cat", "dog"]


def test_a_file_says_it(pets):
    study = study_from({"data": {"source": pets[0], "classes": {"pet": ["cat", "dog"]}}})
    assert study.settings.data.classes == {"pet": ("cat", "dog")}


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 1001])
def test_new_names_are_names(pets, name):
    with pytest.raises(RefusedInput, match="classes: class"):
        described(source=pets[0], classes={name: "cat", "dogs": "dog"})


@pytest.mark.parametrize("told", ["cat", [1.5], [None], [True], [], {}, {"a": []}, {"a": [[1]]}, 3])
def test_what_is_no_list_of_names_is_said_in_words(told):
    with pytest.raises(RefusedInput, match=r"must be a list of at least 1 name, or a") as refusal:
        parse(DatasetSpec, {"classes": told}, "data")
    assert "lambda" not in str(refusal.value)
