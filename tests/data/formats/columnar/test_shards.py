from __future__ import annotations

import pytest

from ganray.data.formats.columnar.shards import find_shards
from ganray.data.location import Location
from ganray.data.rows import HELD_OUT, TEST, TRAIN
from ganray.errors import RefusedInput


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return Location.of(str(folder))


def found(folder, *names):
    """Path → split of the shards among files of these names."""
    root = touch(folder, *names)
    shards, _ = find_shards(root)
    return {shard.location.path.removeprefix(f"{root.path}/"): shard.split for shard in shards}


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train-00000-of-00001.parquet", "test-00000-of-00001.parquet"),
        ("train/0000.parquet", "test/0000.parquet"),
        ("mnist/train/0000.parquet", "mnist/test/0000.parquet"),
        ("Train/0.parquet", "TEST/0.parquet"),
        ("training/data/0.parquet", "testing/data/0.parquet"),
        ("data/train/a/0.parquet", "data/eval/a/0.parquet"),
        ("train/data-0.parquet", "test/data-0.parquet"),
        ("train/train-0.parquet", "test/test-0.parquet"),
        ("mnist_train.parquet", "mnist_test.parquet"),
        ("mnist-Train-0.parquet", "mnist-Test-0.parquet"),
        ("split=train/part-0.parquet", "split=test/part-0.parquet"),
        ("TRAIN.PARQUET", "TEST.PARQUET"),
        ("test/train/0.parquet", "test/test/0.parquet"),
    ],
)
def test_the_file_s_name_tells_the_split_or_the_nearest_folder(tmp_path, train, test):
    assert found(tmp_path, train, test) == {train: TRAIN, test: TEST}


@pytest.mark.parametrize("name", ["validation", "valid", "VAL", "dev", "held_out", "held-out"])
def test_what_is_held_out_has_many_names(tmp_path, name):
    assert found(tmp_path / "a", f"{name}-0.parquet") == {f"{name}-0.parquet": HELD_OUT}
    assert found(tmp_path / "b", f"{name}/0.parquet") == {f"{name}/0.parquet": HELD_OUT}


@pytest.mark.parametrize(
    "names",
    [
        ("0.parquet", "1.parquet"),
        ("part-00000-1f.snappy.parquet", "part-00001-a0.snappy.parquet"),
        ("day=1/part-0.parquet", "day=2/part-0.parquet"),
        ("1f0e3dad-9990-4a5c.parquet", "c4ca4238-a0b9-2382.parquet"),
    ],
)
def test_numbered_files_are_one_set_without_splits(tmp_path, names):
    assert found(tmp_path, *names) == dict.fromkeys(names)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["test/train-0.parquet"], "several splits .train, test"),
        (["train_test.parquet"], "several splits .test, train"),
        (["train-0.parquet", "extra.parquet"], "nor a folder of 'extra.parquet' tells train"),
        (["train/0.parquet", "0.parquet"], "nor a folder of '0.parquet'"),
        (["train-0.parquet", "val-0.parquet", "dev-0.parquet"], "files called dev, val would be"),
        (["plain/train-0.parquet", "other/train-0.parquet"], "several sets.*/other, .*/plain$"),
        (["plain/train/0.parquet", "other/test/0.parquet"], "several sets.*/other, .*/plain$"),
        (["train-0.parquet", "other/train-0.parquet"], "several sets"),
        (["mnist.parquet", "fashion.parquet"], r"several sets .fashion\.parquet, mnist\.parquet\)"),
        (["mnist_train.parquet", "fashion_train.parquet"], "files of several sets"),
        (["cifar10-train.parquet", "cifar100-train.parquet"], "files of several sets"),
        (["config=a/0.parquet", "config=b/0.parquet"], "several sets.*/config=a, .*/config=b$"),
        (["v1-train.parquet", "v2-train.parquet"], "files of several sets"),
        (["train-digits.parquet", "train-letters.parquet"], "files of several sets"),
        (["train_mnist.parquet", "test_fashion.parquet"], "files of several sets"),
        (["train.parquet", "train copy.parquet"], "files of several sets"),
        (["notes.txt"], r"holds no \*\.parquet"),
    ],
)
def test_names_that_leave_doubt_are_refused(tmp_path, names, message):
    with pytest.raises(RefusedInput, match=message) as refusal:
        find_shards(touch(tmp_path / "set", *names))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "names",
    [
        ("train-00000-of-00002-a09b74b3ef9c3b56.parquet", "train-00001-of-00002-1c0e5b.parquet"),
        ("train-1f0e3dad-9990-4a5c-8b1e-0123456789ab.parquet", "train-0.snappy.parquet"),
        ("00000-train.parquet", "00001-train.parquet"),
        ("train1.parquet", "train2.parquet"),
        ("train_part-1.zstd.parquet", "train.parquet"),
    ],
)
def test_numbers_and_hashes_say_nothing_of_a_set(tmp_path, names):
    assert found(tmp_path, *names) == dict.fromkeys(names, TRAIN)


def test_what_is_called_as_a_split_and_not_read_is_noted(tmp_path):
    place = touch(tmp_path, "train.parquet", "test.pq", "val.parquet.gz", "notes.txt")
    assert "called as a split: test.pq, val.parquet.gz." in find_shards(place)[1]


def test_what_others_left_is_no_shard(tmp_path):
    names = [
        "train-0.parquet",
        ".ipynb_checkpoints/train-0-checkpoint.parquet",
        ".git/lfs/a.parquet",
        "._train-0.parquet",
        ".train-0.parquet.crc",
        "_SUCCESS",
        "_metadata",
        "_common_metadata",
        "_temporary/0/train-1.parquet",
    ]
    assert found(tmp_path, *names) == {"train-0.parquet": TRAIN}
    assert "5 in all" not in find_shards(Location.of(str(tmp_path)))[1]
    assert "(4 in all)" in find_shards(Location.of(str(tmp_path)))[1]


def test_a_file_is_read_once(tmp_path):
    root = touch(tmp_path, "train-0.parquet")
    (tmp_path / "train-1.parquet").symlink_to("train-0.parquet")
    with pytest.raises(RefusedInput, match=r"1\.parquet' and .*0\.parquet' are one file by links"):
        find_shards(root)


def test_a_file_alone_is_a_set_whatever_its_name(tmp_path):
    place = touch(tmp_path, "test.parquet").child("test.parquet")
    assert [shard.split for shard in find_shards(place)[0]] == [None]


def test_a_folder_may_be_called_as_a_file(tmp_path):
    """As Spark writes a table."""
    assert found(tmp_path / "set.parquet", "part-0.parquet") == {"part-0.parquet": None}


def test_files_that_others_count_are_noted(tmp_path):
    names = [f"train-0000{k}-of-00004.parquet" for k in (0, 3)]
    touch(tmp_path, *names, "test-00000-of-00001.parquet")
    _, notes = find_shards(Location.of(str(tmp_path)))
    assert notes == "Not there, though others count them: 2 of 4 files train-…-of-4."
    touch(tmp_path, *(f"train-0000{k}-of-00004.parquet" for k in (1, 2)))
    assert find_shards(Location.of(str(tmp_path)))[1] == ""


def test_a_set_that_was_divided_twice_is_refused(tmp_path):
    touch(tmp_path, *(f"train-0000{k}-of-0000{of}.parquet" for k, of in [(0, 1), (0, 2), (1, 2)]))
    with pytest.raises(RefusedInput, match=r"divided several times \(train-…-of-1, train-…-of-2\)"):
        find_shards(Location.of(str(tmp_path)))
