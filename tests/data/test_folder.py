from __future__ import annotations

import numpy as np
import pytest

from ganray.data import DatasetSpec, open_source
from ganray.errors import RefusedInput
from tests.data.published import digits, encoded, read_all, write_folder

IMAGES, LABELS = digits(42, 3)
NAMES = np.asarray(["2", "10", "cat"])  # their natural order; alphabetically 10 comes first


def test_classes_and_files_come_in_natural_order(tmp_path):
    root = write_folder(tmp_path, IMAGES, NAMES[LABELS].tolist())
    (root / "README.md").write_text("not an image")
    (root / "cat" / ".hidden").write_text("not an image")
    rows = read_all(source=str(root), test=6, held_out=9)
    order = np.concatenate([np.flatnonzero(k == LABELS) for k in range(3)])
    read = sorted(row for split in rows.values() for row in split)
    assert read == [(i, LABELS[j], IMAGES[j].tobytes()) for i, j in enumerate(order)]
    assert [row[0] for row in rows["test"]] == [12, 13, 26, 27, 40, 41]
    assert open_source(DatasetSpec(source=str(root))).describe().class_names == NAMES.tolist()


def test_train_and_test_folders_are_followed(tmp_path):
    write_folder(tmp_path / "train", IMAGES[:30], NAMES[LABELS[:30]].tolist())
    write_folder(tmp_path / "test", IMAGES[30:], NAMES[LABELS[30:]].tolist())
    rows = read_all(source=str(tmp_path), held_out=0)
    for split, first in (("train", IMAGES[:30]), ("test", IMAGES[30:])):
        assert sorted(row[2] for row in rows[split]) == sorted(image.tobytes() for image in first)
    info = open_source(DatasetSpec(source=str(tmp_path))).describe()
    assert info.class_names == NAMES.tolist()
    assert info.counts["test"] == np.bincount(LABELS[30:]).tolist()


def test_the_layout_of_cyclegan_is_followed(tmp_path):
    domains = np.asarray(["A", "B"])[LABELS % 2]
    for split, rows in (("train", slice(30)), ("test", slice(30, None))):
        write_folder(tmp_path, IMAGES[rows], [split + domain for domain in domains[rows]])
    info = open_source(DatasetSpec(source=str(tmp_path), held_out=4)).describe()
    assert info.class_names == ["A", "B"]
    assert info.counts["test"] == [int((domains[30:] == name).sum()) for name in "AB"]
    rows = read_all(source=str(tmp_path), held_out=0)
    for split, part in (("train", slice(30)), ("test", slice(30, None))):
        expected = zip((domains[part] == "B").tolist(), IMAGES[part], strict=True)
        assert sorted(row[1:] for row in rows[split]) == sorted(
            (int(is_b), image.tobytes()) for is_b, image in expected
        )


def test_a_class_may_be_called_as_a_split_beside_others(tmp_path):
    write_folder(tmp_path, IMAGES, np.asarray(["test", "a", "b"])[LABELS].tolist())
    info = open_source(DatasetSpec(source=str(tmp_path))).describe()
    assert info.class_names == ["a", "b", "test"]


def test_fingerprint_is_of_the_content(tmp_path):
    def fingerprint(name, images):
        root = write_folder(tmp_path / name, images, NAMES[LABELS].tolist())
        return open_source(DatasetSpec(source=str(root))).fingerprint()

    assert fingerprint("a", IMAGES) == fingerprint("b", IMAGES)
    assert fingerprint("c", IMAGES[::-1]) != fingerprint("a", IMAGES)


def test_an_image_of_another_shape_is_named(tmp_path):
    root = write_folder(tmp_path, IMAGES, NAMES[LABELS].tolist())
    last = f"{np.flatnonzero(LABELS == 1)[-1]}.png"
    (root / "10" / last).write_bytes(encoded(IMAGES[0][:, :2]))
    source = open_source(DatasetSpec(source=str(root)))
    with pytest.raises(RefusedInput, match=f"10/{last}': image of 1×2×5 among images of 1×4×5"):
        list(source.batches())
    first = f"{np.flatnonzero(LABELS == 1)[0]}.png"
    (root / "10" / first).write_bytes(encoded(np.zeros((3, 4, 5), np.uint8)))
    with pytest.raises(RefusedInput, match=f"10/{first}': image of 3×4×5"):
        open_source(DatasetSpec(source=str(root)))


def test_an_unreadable_image_is_named(tmp_path):
    root = write_folder(tmp_path, IMAGES, NAMES[LABELS].tolist())
    path = root / "cat" / f"{np.flatnonzero(LABELS == 2)[-1]}.png"
    path.write_bytes(b"nothing")
    with pytest.raises(RefusedInput, match=f"{path.name}': not a readable PNG or JPEG"):
        list(open_source(DatasetSpec(source=str(root))).batches())


def test_other_contents_are_refused(tmp_path):
    root = write_folder(tmp_path / "set", IMAGES, NAMES[LABELS].tolist())
    (root / "dog").mkdir()
    with pytest.raises(RefusedInput, match="set/dog' holds no images; remove the class"):
        open_source(DatasetSpec(source=str(root)))
    (root / "dog" / "a.bmp").write_bytes(b"BM")
    with pytest.raises(RefusedInput, match=r"dog/a.bmp' is no image; .*\.png, \.jpg"):
        open_source(DatasetSpec(source=str(root)))
    (tmp_path / "empty").mkdir()
    with pytest.raises(RefusedInput, match="no class folders of images"):
        open_source(DatasetSpec(source=str(tmp_path / "empty"), format="folder"))
