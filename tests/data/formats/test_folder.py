from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

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
    assert (info.class_names, info.labels) == (["A", "B"], "domains")
    assert info.counts["test"] == [int((domains[30:] == name).sum()) for name in "AB"]
    rows = read_all(source=str(tmp_path), held_out=0)
    for split, part in (("train", slice(30)), ("test", slice(30, None))):
        expected = zip((domains[part] == "B").tolist(), IMAGES[part], strict=True)
        assert sorted(row[1:] for row in rows[split]) == sorted(
            (int(is_b), image.tobytes()) for is_b, image in expected
        )


def test_pictures_in_no_folders_are_a_set_without_labels(tmp_path):
    root = write_folder(tmp_path, IMAGES, [""] * len(IMAGES))
    (root / "notes.txt").write_text("mine")
    info = open_source(DatasetSpec(source=str(root))).describe()
    assert (info.class_names, info.labels) == (["unlabelled"], "none")
    rows = read_all(source=str(root), held_out=4, test=6)
    assert [len(rows[split]) for split in ("train", "held_out", "test")] == [len(IMAGES) - 10, 4, 6]
    seen = sorted(row[2] for split in rows.values() for row in split)
    assert seen == sorted(image.tobytes() for image in IMAGES)


def test_split_folders_of_pictures_alone_are_a_set_without_labels(tmp_path):
    for split, part in (("train", slice(30)), ("test", slice(30, None))):
        write_folder(tmp_path, IMAGES[part], [split] * len(IMAGES[part]))
    info = open_source(DatasetSpec(source=str(tmp_path), held_out=4)).describe()
    assert (info.class_names, info.labels) == (["unlabelled"], "none")
    assert info.counts == {"train": [26], "held_out": [4], "test": [len(IMAGES) - 30]}


def test_class_names_that_are_no_folders_names_stand_in_a_file(tmp_path):
    write_folder(tmp_path, IMAGES, np.asarray(["a%2Fb", "c", "d"])[LABELS].tolist())
    assert open_source(DatasetSpec(source=str(tmp_path))).describe().class_names[0] == "a%2Fb"
    names = tmp_path / "class_names.json"
    names.write_text('{"class_names": {"a%2Fb": "a/b"}}')
    assert open_source(DatasetSpec(source=str(tmp_path))).describe().class_names[0] == "a/b"
    for of_others in ("[", "[" * 200_000, "[]", "{}", '["a", "b"]', '{"class_names": {"c": null}}'):
        names.write_text(of_others)
        assert open_source(DatasetSpec(source=str(tmp_path))).describe().class_names[0] == "a%2Fb"
    names.write_text('{"class_names": {"a%2Fb": "x", "c": "x"}}')
    with pytest.raises(RefusedInput, match=r"class_names.json': class names \(='x'\) are each"):
        open_source(DatasetSpec(source=str(tmp_path)))


def test_a_class_may_be_called_train_beside_others(tmp_path):
    """The vehicle, as in CIFAR-100."""
    write_folder(tmp_path, IMAGES, np.asarray(["train", "a", "b"])[LABELS].tolist())
    info = open_source(DatasetSpec(source=str(tmp_path))).describe()
    assert info.class_names == ["a", "b", "train"]


@pytest.mark.parametrize(
    "folders",
    [
        ["train/cat", "train/dog", "test/cat", "test/dog", "extra/cat"],
        ["train/cat", "train/dog", "extra"],
        ["train", "test", "extra"],
        ["cat", "dog", "test"],
        ["cat", "dog", "Validation"],
        ["training set", "test set", "cat"],
        ["trainA", "trainB", "testA", "testB", "extra"],
    ],
)
def test_folders_that_are_partly_splits_are_refused(tmp_path, folders):
    write_folder(tmp_path, IMAGES, [folders[i % len(folders)] for i in range(len(IMAGES))])
    with pytest.raises(RefusedInput, match="look like splits; valid: train/, test/") as refusal:
        open_source(DatasetSpec(source=str(tmp_path)))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("names", [("Train", "TEST", "Val"), ("training", "Testing", "dev")])
def test_splits_are_called_in_many_ways(tmp_path, names):
    for name, rows in zip(names, (slice(24), slice(24, 33), slice(33, None)), strict=True):
        write_folder(tmp_path / name, IMAGES[rows], NAMES[LABELS[rows]].tolist())
    counts = open_source(DatasetSpec(source=str(tmp_path))).describe().counts
    assert {split: sum(of) for split, of in counts.items()} == {
        "train": 24,
        "test": 9,
        "held_out": 9,
    }


def test_two_folders_for_one_split_are_refused(tmp_path):
    for split in ("train", "val", "valid"):
        write_folder(tmp_path / split, IMAGES, NAMES[LABELS].tolist())
    with pytest.raises(RefusedInput, match="train, val, valid are called as one split"):
        open_source(DatasetSpec(source=str(tmp_path)))


@pytest.mark.parametrize(
    ("stray", "note"),
    [
        ("test/5.png", "Images in no class folder are left out: 1 in test/."),
        ("train/5.png", "Images in no class folder are left out: 1 in train/."),
        ("5.JPG", "Images in no class folder are left out: 1 in set/."),
        ("test/notes.txt", "Left out, as no class folder is in it: test."),
        ("test.zip", "Left out, though called as a split: test.zip."),
        ("train/2/Thumbs.db", "Passed over as hidden or left by a system: train/2/Thumbs.db."),
    ],
)
def test_what_is_left_out_is_noted(tmp_path, stray, note):
    write_folder(tmp_path / "set" / "train", IMAGES, NAMES[LABELS].tolist())
    (tmp_path / "set" / stray).parent.mkdir(exist_ok=True)
    (tmp_path / "set" / stray).write_bytes(encoded(IMAGES[0]))
    info = open_source(DatasetSpec(source=str(tmp_path / "set"))).describe()
    assert note in info.notes
    assert sum(map(sum, info.counts.values())) == len(IMAGES)


def test_splits_told_by_files_are_refused(tmp_path):
    for i, image in enumerate(IMAGES):
        name = f"{'test' if i % 4 == 0 else 'train'}_{i}.png"
        (tmp_path / str(LABELS[i])).mkdir(exist_ok=True)
        (tmp_path / str(LABELS[i]) / name).write_bytes(encoded(image))
    with pytest.raises(RefusedInput, match=r"files' names tell splits \(test, train\)"):
        open_source(DatasetSpec(source=str(tmp_path)))


def test_a_wrapping_folder_is_gone_through(tmp_path):
    write_folder(tmp_path / "set" / "archive" / "PetImages", IMAGES, NAMES[LABELS].tolist())
    info = open_source(DatasetSpec(source=str(tmp_path / "set"))).describe()
    assert info.class_names == ["2", "10", "cat"]
    assert info.notes == "Read from archive/PetImages/, the only folder."
    write_folder(tmp_path / "one" / "cat", IMAGES, ["."] * len(IMAGES))
    assert open_source(DatasetSpec(source=str(tmp_path / "one"))).describe().class_names == ["cat"]


def test_splits_may_lie_in_the_classes(tmp_path):
    splits = np.asarray(["train", "Val", "test"])[np.arange(len(IMAGES)) // 3 % 3]
    names = NAMES[LABELS]
    write_folder(tmp_path, IMAGES, [f"{a}/{b}" for a, b in zip(names, splits, strict=True)])
    info = open_source(DatasetSpec(source=str(tmp_path))).describe()
    assert info.class_names == ["2", "10", "cat"]
    for split, name in (("train", "train"), ("held_out", "Val"), ("test", "test")):
        assert info.counts[split] == [
            int(((splits == name) & (names == of_class)).sum()) for of_class in info.class_names
        ]


def test_sets_side_by_side_are_refused_and_listed(tmp_path):
    for name in ("small", "large"):
        write_folder(tmp_path / name / "train", IMAGES, NAMES[LABELS].tolist())
    with pytest.raises(RefusedInput, match=r"holds 2 sets .* name one of them: .*large, .*small"):
        open_source(DatasetSpec(source=str(tmp_path)))


def test_a_folder_beside_many_pictures_is_not_taken_for_the_set(tmp_path):
    for place, image in enumerate(IMAGES[:20]):
        (tmp_path / f"{place}.png").write_bytes(encoded(image))
    write_folder(tmp_path, IMAGES[:5], ["previews"] * 5)
    with pytest.raises(RefusedInput, match="20 pictures lie beside the folders previews, in which"):
        open_source(DatasetSpec(source=str(tmp_path)))


def test_linked_classes_splits_and_pictures_are_read(tmp_path):
    plain = write_folder(tmp_path / "plain" / "train", IMAGES, NAMES[LABELS].tolist())
    expected = open_source(DatasetSpec(source=str(tmp_path / "plain"))).fingerprint()
    one = tmp_path / "one"
    for name in NAMES:
        (one / "train" / name).parent.mkdir(parents=True, exist_ok=True)
        (one / "train" / name).symlink_to(plain / name)
    two = tmp_path / "two"
    two.mkdir()
    (two / "train").symlink_to(plain)
    three = tmp_path / "three"
    for path in plain.rglob("*.png"):
        copy = three / "train" / path.relative_to(plain)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.symlink_to(path)
    for root in (one, two, three):
        assert open_source(DatasetSpec(source=str(root))).fingerprint() == expected


def test_one_name_in_two_unicode_forms_is_one_class(tmp_path):
    names = ["caf\u00e9", "cafe\u0301"]
    for split, name, rows in zip(
        ("train", "test"), names, (slice(30), slice(30, None)), strict=True
    ):
        classes = np.asarray([name, "tea"])[LABELS[rows] % 2]
        write_folder(tmp_path / split, IMAGES[rows], classes.tolist())
    info = open_source(DatasetSpec(source=str(tmp_path))).describe()
    assert info.class_names == [names[0], "tea"]
    assert sum(info.counts["test"]) == 12


def test_class_names_hold_no_line_breaks(tmp_path):
    write_folder(tmp_path, IMAGES, np.asarray(["a\nb", "c"])[LABELS % 2].tolist())
    with pytest.raises(RefusedInput, match=r"class \(='a\\nb'\) is no name"):
        open_source(DatasetSpec(source=str(tmp_path)))


def test_photos_held_upright_fit_those_that_lie(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    root = write_folder(tmp_path, IMAGES, NAMES[LABELS].tolist())
    path = root / "2" / f"{np.flatnonzero(LABELS == 0)[-1]}.png"
    Image.fromarray(np.rot90(IMAGES[3][0])).save(path, exif=exif)
    images = [row[2] for rows in read_all(source=str(tmp_path)).values() for row in rows]
    assert IMAGES[3].tobytes() in images


def test_fingerprint_is_of_the_content(tmp_path):
    def fingerprint(name, images):
        root = write_folder(tmp_path / name, images, NAMES[LABELS].tolist())
        return open_source(DatasetSpec(source=str(root))).fingerprint()

    assert fingerprint("a", IMAGES) == fingerprint("b", IMAGES)
    assert fingerprint("c", IMAGES[::-1]) != fingerprint("a", IMAGES)


def test_all_images_of_other_shapes_are_counted(tmp_path):
    root = write_folder(tmp_path, IMAGES, NAMES[LABELS].tolist())
    of_ten = np.flatnonzero(LABELS == 1)
    (root / "10" / f"{of_ten[-1]}.png").write_bytes(encoded(IMAGES[0][:, :2]))
    said = f"1 of 42 images differ from 1×4×5 .*: 1 of 1×2×5, such as .*10/{of_ten[-1]}.png'; set"
    with pytest.raises(RefusedInput, match=f"{said} data.size, or make them equal"):
        open_source(DatasetSpec(source=str(root)))
    (root / "10" / f"{of_ten[0]}.png").write_bytes(encoded(np.zeros((3, 4, 5), np.uint8)))
    said = "2 of 42 images differ .*: 1 of 3×4×5, 1 of 1×2×5, such as .*; set data.size and data.ch"
    with pytest.raises(RefusedInput, match=said):
        open_source(DatasetSpec(source=str(root)))


def test_all_images_that_cannot_be_read_are_counted(tmp_path):
    root = write_folder(tmp_path, IMAGES, NAMES[LABELS].tolist())
    path = root / "cat" / f"{np.flatnonzero(LABELS == 2)[-1]}.png"
    path.write_bytes(b"nothing")
    said = f"{path.name}' is no readable PNG, .* \\(1 of 42; data.skip_unreadable leaves it out"
    with pytest.raises(RefusedInput, match=said):
        open_source(DatasetSpec(source=str(root)))
    (root / "cat" / "notes.txt").write_text("left here")
    (root / "2" / "0.png").write_bytes(b"GIF89a")
    with pytest.raises(
        RefusedInput, match=r"^3 of 44 images cannot be read: .*; .* \(and 1 more\) .*leaves"
    ):
        open_source(DatasetSpec(source=str(root)))


def test_damage_that_no_header_tells_is_counted_while_images_are_read(tmp_path):
    root = write_folder(tmp_path, np.tile(IMAGES, (1, 1, 4, 4)), NAMES[LABELS].tolist())
    for row in (3, 30):
        path = root / str(NAMES[LABELS[row]]) / f"{row}.png"
        data = bytearray(path.read_bytes())
        data[60:64] = b"\xff\xff\xff\xff"
        path.write_bytes(data)
    source = open_source(DatasetSpec(source=str(root)))
    with pytest.raises(RefusedInput, match=r"^2 of 42 images cannot be read: .*damaged or trunc"):
        list(source.batches())


@pytest.mark.parametrize("folder", ["2", "10"])
def test_a_picture_is_read_once(tmp_path, folder):
    write_folder(tmp_path / "set", IMAGES, NAMES[LABELS].tolist())
    picture, *_ = (tmp_path / "set" / "2").iterdir()
    (tmp_path / "other.png").write_bytes(encoded(IMAGES[0]))
    for name, target in (("a.png", tmp_path / "other.png"), ("b.png", picture)):
        (tmp_path / "set" / folder / name).symlink_to(target)
    with pytest.raises(RefusedInput, match=r"(b\.png.*)are one file by links; remove one"):
        open_source(DatasetSpec(source=str(tmp_path / "set")))


def test_a_file_that_is_large_on_paper_alone_is_not_read(tmp_path):
    write_folder(tmp_path, IMAGES, NAMES[LABELS].tolist())
    with (tmp_path / "2" / "999.png").open("wb") as file:
        file.truncate(1 << 41)
    with pytest.raises(RefusedInput, match=r"999\.png': 2199023255552 bytes, more than"):
        open_source(DatasetSpec(source=str(tmp_path)))


def test_a_set_of_test_images_alone_says_so(tmp_path):
    write_folder(tmp_path / "test", IMAGES, NAMES[LABELS].tolist())
    with pytest.raises(RefusedInput, match="has no training images, only held_out or test ones"):
        open_source(DatasetSpec(source=str(tmp_path)))


def test_other_contents_are_refused(tmp_path):
    root = write_folder(tmp_path / "set", IMAGES, NAMES[LABELS].tolist())
    (root / "dog").mkdir()
    with pytest.raises(RefusedInput, match="set/dog' holds no images; remove the class"):
        open_source(DatasetSpec(source=str(root)))
    (root / "dog" / "a.xml").write_bytes(b"<annotation>")
    with pytest.raises(RefusedInput, match=r"holds no images, but 'a\.xml', no pictures by"):
        open_source(DatasetSpec(source=str(root)))
    (tmp_path / "empty").mkdir()
    with pytest.raises(RefusedInput, match="no class folders of images"):
        open_source(DatasetSpec(source=str(tmp_path / "empty"), format="folder"))
