"""Which folders side by side are splits, classes, masks or copies: tables of names, no pictures."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.data.formats.file_names import note_of_classes, note_of_masks
from ganray.data.formats.folder import images_in
from ganray.data.formats.folder_names import words
from ganray.data.formats.layout import class_folders, unwrapped, without_annotations
from ganray.data.listing import Listing
from ganray.data.location import Location
from ganray.data.spec import SPLITS
from ganray.errors import RefusedInput

HELD = "held_out"


def listing_of(*folders):
    """A listing with a picture in each folder; what ends in a suffix is a file of its own."""
    kinds = {}
    for folder in folders:
        path = folder if folder.endswith((".txt", ".xml")) else f"{folder}/0.png"
        kinds[path] = "file"
        while path := path.rpartition("/")[0]:
            kinds[path] = "directory"
    return Listing(Location.of("/set"), dict(sorted(kinds.items())), [], {})


def read(*folders, asked=()):
    """(split, class) of each folder that holds pictures, as far as it is read, and the notes."""
    listing, left_out = without_annotations(listing_of(*folders))
    listing, wrapper = unwrapped(listing)
    found = class_folders(listing, asked)
    where = {path: (SPLITS[split], name) for path, (split, name) in found.folders.items()}
    return where, " ".join([left_out, wrapper, found.notes])


def splits_of(*folders):
    return {path: split for path, (split, _) in read(*folders)[0].items()}


def refusal(*folders):
    with pytest.raises(RefusedInput) as refused:
        read(*folders)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    "names",
    [
        {"tr": "train", "te": "test"},
        {"imagesTr": "train", "imagesTs": "test"},
        {"train_set": "train", "test_set": "test"},
        {"training_data": "train", "testing_data": "test", "validation_data": HELD},
        {"Train Images": "train", "Test Images": "test"},
        {"01_train": "train", "02_val": HELD, "03_test": "test"},
        {"train": "train", "test1": "test"},
        {"mnist-train": "train", "mnist-test": "test"},
        {"X_train": "train", "X_te": "test"},
        {"trainval": "train", "test": "test"},
        {"train2017": "train", "val2017": HELD},
        {"data_tr": "train", "data_va": HELD},
        {"训练集": "train", "测试集": "test"},
        {"treino": "train", "teste": "test"},
        {"seg_train": "train", "seg_test": "test"},
    ],
)
def test_where_all_are_called_as_splits_they_are(names):
    assert splits_of(*names) == names
    inner = [f"{name}/{kind}" for name in names for kind in ("cat", "dog")]
    found, notes = read(*inner)
    assert found == {path: (names[path.split("/")[0]], path.split("/")[1]) for path in inner}
    assert ("by their names" in notes) == (set(names) - {"train", "test", "val"} != set())


@pytest.mark.parametrize(
    "names",
    [
        ["bus", "car", "train", "truck"],
        ["beaker", "test_tube", "training_shoes", "validator"],
        ["test_tube", "beaker"],
        ["train_station", "bus_stop"],
        ["contest", "testament", "trainer", "devil", "evaluator", "detest"],
        ["en", "tr", "de"],
        ["te", "hi", "tr", "en"],
        ["mask", "no_mask"],
        ["with_mask", "without_mask", "mask_worn_incorrectly"],
        ["label_0", "label_1"],
        ["old", "young"],
        ["original", "forged"],
        ["0", "1", "10"],
        ["class1", "class2"],
        ["photos", "drawings"],
        ["VA", "TX", "TE"],
        ["running", "swimming", "training"],
    ],
)
def test_names_of_things_are_classes(names):
    found, _ = read(*names)
    assert found == {name: ("train", name) for name in names}


@pytest.mark.parametrize(
    ("names", "noted"),
    [
        (["bus", "car", "train", "truck"], ["train (a split)"]),
        (["test_tube", "beaker"], ["test_tube (a split)"]),
        (["cat", "dog", "masks"], ["masks (masks or labels)"]),
        (["cat", "dog", "annotations", "images"], ["annotations", "images (pictures of any"]),
        (["cat", "dog", "dog.old"], ["dog.old (a copy of dog)"]),
        (["cat", "cat (1)", "dog - Copy", "dog"], ["cat (1) (a copy of cat)", "dog - Copy (a"]),
        (["cats", "cats_masks", "dogs"], ["cats_masks (masks or labels of cats)"]),
        (["cat", "unlabeled"], ["unlabeled (what lies beside splits)"]),
        (["query", "gallery"], ["gallery", "query"]),
        (["fold1", "fold2"], ["fold1 (a part)", "fold2 (a part)"]),
        (["cat", "train_old"], ["train_old (a copy)"]),
        (["en", "tr", "te"], ["te (a split)", "tr (a split)"]),
    ],
)
def test_one_of_many_that_is_called_otherwise_is_noted(names, noted):
    found, notes = read(*names)
    assert {name for _, name in found.values()} == set(names)
    for said in noted:
        assert said in notes


@pytest.mark.parametrize(
    ("folders", "said", "source"),
    [
        (["imagesTr", "imagesTs", "labelsTr"], "labelsTr beside", "{imagesTr,imagesTs}"),
        (["images", "masks"], "masks beside images", "images"),
        (["img", "labels", "annotations"], "annotations, labels beside img", "img"),
        (["JPEGImages", "SegmentationClass"], "SegmentationClass beside", "JPEGImages"),
        (["images/0.txt", "masks"], "masks beside images", ""),
        (["train", "ground_truth"], "ground_truth beside train", "train"),
        (["train", "train.old"], "train.old beside train", "train"),
        (["train", "test", "test_backup"], "test_backup beside", "{test,train}"),
        (["train/cat", "test/cat", "train_masks"], "train_masks beside", "{test,train}"),
        (["train/images", "train/masks"], "masks beside images", "train/images"),
        (["train/img", "train/gt", "test/img", "test/gt"], "gt beside", "{test,train}/img"),
        (["cat", "dog", "test"], "test among the folders", "{cat,dog}"),
        (["cat", "dog", "test_images"], "test_images among", "{cat,dog}"),
        (["train/cat", "train/dog", "train/test"], "test among", "train/{cat,dog}"),
        (["train", "test", "unlabeled"], "unlabeled among", "{test,train}"),
        (["cats_train", "cats_test", "dogs_train", "dogs_test"], "look like splits", ""),
        (["valid", "invalid"], "valid among", ""),
    ],
)
def test_some_that_are_called_otherwise_are_refused_with_what_helps(folders, said, source):
    told = refusal(*folders)
    assert said in told
    assert ("data.source=" in told) == bool(source)
    assert not source or f"data.source='/set/{source}'" in told
    assert "name them in data.classes" in told


def test_what_data_classes_names_is_a_class():
    for names in (["images", "masks"], ["valid", "invalid"], ["train", "test"], ["cat", "test"]):
        found, notes = read(*names, asked=set(names))
        assert {name for _, name in found.values()} == set(names)
        assert not notes.strip()


def test_a_folder_that_holds_those_beside_it_again_is_named():
    listing = listing_of("cells/P", "cells/U", "P", "U")
    folders = class_folders(listing).folders
    with pytest.raises(RefusedInput, match=r"data.source='/set/\{P,U\}'"):
        images_in(listing, folders)


def test_folders_of_one_split_are_refused():
    for names in (["test1", "test2"], ["train", "train_2"], ["val", "valid"]):
        assert "are called as one split" in refusal(*names)


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (["train/train/cat"], {"train/train/cat": "cat"}),
        (["train/train", "test1/test1"],
         {"train/train": "unlabelled", "test1/test1": "unlabelled"}),
        (["d/train/d/train/cat", "d/test/d/test/cat"],
         {"train/d/train/cat": "cat", "test/d/test/cat": "cat"}),
        (["Cats/Cats", "Dogs/dogs/Dogs"], {"Cats/Cats": "Cats", "Dogs/dogs/Dogs": "Dogs"}),
        (["n1/images", "n2/images"], {"n1/images": "n1", "n2/images": "n2"}),
        (["train/n1/images", "val/images"], {"train/n1/images": "n1"}),
        (["train/images", "test/images"],
         {"train/images": "unlabelled", "test/images": "unlabelled"}),
        (["train/images/cat", "test/images/cat"],
         {"train/images/cat": "cat", "test/images/cat": "cat"}),
        (["train/train/train"], {"train/train/train": "unlabelled"}),
        (["a/set/images"], {"": "unlabelled"}),
        (["images_001/images", "images_002/images"],
         {"images_001/images": "unlabelled", "images_002/images": "unlabelled"}),
        (["part1/cat", "part2/cat", "part2/dog"],
         {"part1/cat": "cat", "part2/cat": "cat", "part2/dog": "dog"}),
        (["images/train", "images/val", "labels/train/0.txt"],
         {"train": "unlabelled", "val": "unlabelled"}),
        (["train/images", "train/labels/0.txt"], {"train/images": "unlabelled"}),
        (["train/cat", "test/cat", "docs/0.txt"], {"train/cat": "cat", "test/cat": "cat"}),
        (["101_Kinds/ant", "101_Kinds/bee", "Annotations/0.xml"], {"ant": "ant", "bee": "bee"}),
        (["JPEGImages/cat", "Annotations/0.xml"], {"cat": "cat"}),
    ],
)  # fmt: skip
def test_folders_that_are_there_for_nothing_are_gone_through(folders, expected):
    found, notes = read(*folders)
    assert {path: name for path, (_, name) in found.items()} == expected
    assert notes.strip()


def test_splits_in_classes_may_be_called_so_too():
    found = splits_of("cat/train", "cat/test", "dog/tr", "dog/te")
    assert found == {"cat/train": "train", "cat/test": "test", "dog/tr": "train", "dog/te": "test"}


def test_splits_in_splits_are_refused():
    assert "train, val in test, train are called as splits" in refusal(
        "train/train", "train/val", "test"
    )


WORDS = st.sampled_from(["cat", "dog", "bus", "owl", "tube", "shoes", "Paris", "ok", "x9", "赤"])
CLASSES = st.lists(WORDS, min_size=2, max_size=6, unique_by=str.lower)
SPLIT_WORDS = [("train", "test"), ("Training", "Testing"), ("TRAIN", "VAL"), ("tr", "te"),
               ("train", "valid"), ("trn", "tst"), ("dev", "eval")]  # fmt: skip
DRESS = st.sampled_from(["{}", "{}_set", "{}-data", "{} images", "{}1", "01-{}", "images_{}",
                         "my_{}", "{}.2019"])  # fmt: skip


@given(CLASSES, st.sampled_from(SPLIT_WORDS), DRESS)
@settings(max_examples=15)
def test_splits_dressed_alike_are_splits_whatever_their_classes(classes, pair, dress):
    first, second = (dress.format(word) for word in pair)
    found = splits_of(*[f"{split}/{name}" for split in (first, second) for name in classes])
    assert len(set(found.values())) == 2
    assert {path.rpartition("/")[2] for path in found} == set(classes)


@given(CLASSES, st.sampled_from([word for pair in SPLIT_WORDS[:3] for word in pair]), WORDS)
@settings(max_examples=15)
def test_a_word_for_a_split_beside_one_of_its_own_is_a_class(classes, split, own):
    if own.isascii() and own.isalpha():
        names = {*classes, f"{split}_{own}"}
        assert {name for _, name in read(*names)[0].values()} == names


def test_names_are_cut_into_words():
    assert words("JPEGImages_v2") == ("jpeg", "images", "v", "2")
    assert words("imagesTr") == ("images", "tr")
    assert words("held-out groundTruth") == ("heldout", "groundtruth")


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["cat.{}.jpg", "dog.{}.jpg"], "(cat, dog)"),
        (["{}_cat.png", "{}_dog.png"], "(cat, dog)"),
        (["img_{}_cat.png", "img_{}_dog.png"], "(cat, dog)"),
        (["0_{}.png", "1_{}.png", "2_{}.png"], "(0, 1, 2)"),
        (["cat{}.png", "dog{}.png"], "(cat, dog)"),
        (["a/cat_{}.png", "b/dog_{}.png"], "(cat, dog)"),
        (["image_{}.png"], ""),
        (["{}.png"], ""),
        (["a{}9f.png", "{}b.png"], ""),
    ],
)
def test_classes_in_names_of_files_are_told_of(names, classes):
    note = note_of_classes([name.format(100 + i) for name in names for i in range(12)])
    assert classes in note if classes else not note


def test_masks_among_pictures_are_told_of():
    paths = ["cat/a.png", "cat/a_mask.png", "dog/b (1).png", "dog/b (1)-GT.png", "dog/x_mask.png",
             "dog/img_7.png", "dog/label_7.png"]  # fmt: skip
    note = note_of_masks(paths)
    for path in paths:
        assert (path in note) == (path.endswith(("a_mask.png", "-GT.png", "label_7.png"))), path
    assert not note_of_masks(["length/segment_1.png", "length/1.png"])
