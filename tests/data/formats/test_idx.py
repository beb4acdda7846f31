from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from ganray.data import DatasetSpec, open_source
from ganray.errors import RefusedInput
from tests.data.published import digits, idx, read_all, write_folder, write_idx

TRAIN, TEST = digits(30, 3), digits(6, 3, seed=1)


@pytest.fixture(params=[True, False], ids=["gz", "raw"])
def folder(request, tmp_path):
    return write_idx(tmp_path / "digits", TRAIN, TEST, zipped=request.param)


def test_pixels_labels_and_splits_come_in_the_published_order(folder):
    rows = read_all(source=str(folder))
    read = [row for split in ("train", "held_out", "test") for row in rows[split]]
    images, labels = (np.concatenate(pair) for pair in zip(TRAIN, TEST, strict=True))
    assert read == [
        (i, label, image.tobytes())
        for i, (image, label) in enumerate(zip(images, labels.tolist(), strict=True))
    ]
    assert [len(rows[split]) for split in ("train", "held_out", "test")] == [25, 5, 6]


def test_description_counts_each_class(folder):
    info = open_source(DatasetSpec(source=str(folder), held_out=3)).describe()
    assert (info.name, info.shape, info.class_names) == ("digits", (1, 4, 5), ["0", "1", "2"])
    assert info.counts == {
        "train": np.bincount(TRAIN[1][:27]).tolist(),
        "held_out": np.bincount(TRAIN[1][27:], minlength=3).tolist(),
        "test": [2, 2, 2],
    }


def test_fingerprint_is_of_the_content(tmp_path):
    def fingerprint(name, train, zipped):
        folder = write_idx(tmp_path / name, train, TEST, zipped)
        return open_source(DatasetSpec(source=str(folder))).fingerprint()

    assert fingerprint("a", TRAIN, zipped=True) == fingerprint("b", TRAIN, zipped=False)
    changed = TRAIN[0].copy()
    changed[0, 0, 0, 0] ^= 1
    assert fingerprint("c", (changed, TRAIN[1]), zipped=True) != fingerprint("d", TRAIN, True)
    swapped = (TRAIN[0], np.roll(TRAIN[1], 1))
    assert fingerprint("e", swapped, zipped=True) != fingerprint("f", TRAIN, True)


def test_one_pair_of_files_is_split(tmp_path):
    (tmp_path / "images").write_bytes(idx(TRAIN[0][:, 0], 2051))
    (tmp_path / "labels.gz").write_bytes(gzip.compress(idx(TRAIN[1].astype(np.uint8), 2049)))
    rows = read_all(source=str(tmp_path), test=3, held_out=6)
    for k in range(3):
        of_class = np.flatnonzero(TRAIN[1] == k).tolist()
        expected = {"train": of_class[:-3], "held_out": of_class[-3:-1], "test": of_class[-1:]}
        for split, index in expected.items():
            assert [row[0] for row in rows[split] if row[1] == k] == index


def damaged(folder, stem, change):
    """Applies `change` to the content of the file `stem`."""
    (path,) = folder.glob(stem + "*")
    zipped = path.suffix == ".gz"
    data = change(gzip.decompress(path.read_bytes()) if zipped else path.read_bytes())
    path.write_bytes(gzip.compress(data) if zipped else data)


@pytest.mark.parametrize(
    ("stem", "change", "message"),
    [
        ("train-images", lambda data: data[:-1], r"\[30, 4, 5\] = 600 bytes, but 599 follow"),
        ("train-images", lambda data: data + b"x", "600 bytes, but 601 follow"),
        ("t10k-images", lambda data: data[:9], "ends within its header"),
        ("train-labels", lambda data: data[:-3], "30 bytes, but 27 follow"),
        ("train-images", lambda data: idx(TRAIN[0][:, 0], 2052), r"magic number \(=2052\).*2051"),
        ("t10k-labels", lambda data: idx(TEST[1].astype("u1"), 2051), r"=2051\).*2049 for labels"),
        ("t10k-labels", lambda data: idx(TEST[1][:5].astype("u1"), 2049), "6 images.*5 labels"),
        ("t10k-images", lambda data: idx(TEST[0][:, 0, :, :3], 2051), "4×3 pixels.*4×5"),
    ],
)
def test_damaged_files_are_refused(folder, stem, change, message):
    damaged(folder, stem, change)
    with pytest.raises(RefusedInput, match=message) as refusal:
        open_source(DatasetSpec(source=str(folder)))
    assert str(folder) in str(refusal.value)


def test_truncated_and_false_gzip_is_refused(tmp_path):
    folder = write_idx(tmp_path, TRAIN, TEST)
    path = folder / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    for data, reason in (
        (whole[:-20], "truncated or corrupt gzip"),
        (b"\x1f\x8b\x08\x00" + b"\0" * 6 + b"\xff" * 40, "truncated or corrupt gzip"),
        (b"plain text" * 2, r"magic number \(=1886151017\) must be 2051"),
    ):
        path.write_bytes(data)
        with pytest.raises(RefusedInput, match=f"{path.name}.*{reason}"):
            open_source(DatasetSpec(source=str(folder)))


def test_what_is_packed_is_seen_by_its_bytes(tmp_path):
    zipped = write_idx(tmp_path / "zipped", TRAIN, TEST)
    other = write_idx(tmp_path / "unpacked", TRAIN, TEST)
    for path in other.iterdir():
        path.write_bytes(gzip.decompress(path.read_bytes()))
    (other / "train-images-idx3-ubyte.gz").rename(other / "train-images.idx3-ubyte.gz")
    (zipped / "t10k-images-idx3-ubyte.gz").rename(zipped / "t10k-images-idx3-ubyte")
    assert read_all(source=str(other)) == read_all(source=str(zipped))
    fingerprints = {
        open_source(DatasetSpec(source=str(folder))).fingerprint() for folder in (other, zipped)
    }
    assert len(fingerprints) == 1


def test_a_folder_of_a_file_s_name_is_no_file(tmp_path):
    """Archives unpack each file into a folder of its name; and a class may be called "images"."""
    folder = write_idx(tmp_path / "idx", TRAIN, TEST, zipped=False)
    expected = read_all(source=str(folder))
    for path in list(folder.iterdir()):
        path.rename(folder / path.name.replace("-idx", ".idx"))
        (folder / path.name).mkdir()
    assert read_all(source=str(folder)) == expected
    root = write_folder(tmp_path / "folder", TRAIN[0], ["images", "labels", "b"] * 10)
    names = open_source(DatasetSpec(source=str(root))).describe().class_names
    assert names == ["b", "images", "labels"]


def test_a_bomb_is_not_read_to_its_end(tmp_path):
    folder = write_idx(tmp_path, TRAIN, TEST)
    path = folder / "train-images-idx3-ubyte.gz"
    head = gzip.compress(idx(TRAIN[0][:, 0], 2051))
    path.write_bytes(head + gzip.compress(bytes(1 << 20)) * 5 + b"damaged, and never reached")
    with pytest.raises(RefusedInput, match=r"600 bytes, but \d+ or more follow"):
        open_source(DatasetSpec(source=str(folder)))
    path.write_bytes(gzip.compress(struct.pack(">4I", 2051, 1, 1 << 20, 1 << 20)))
    with pytest.raises(RefusedInput, match="images of 1048576×1048576 pixels, more than 67108864"):
        open_source(DatasetSpec(source=str(folder)))


@pytest.mark.parametrize("stem", ["train-images", "train-labels", "t10k-images", "t10k-labels"])
def test_a_missing_file_is_named(folder, stem):
    (path,) = folder.glob(stem + "*")
    path.unlink()
    with pytest.raises(
        RefusedInput, match=rf"{stem}-idx\d-ubyte' does not exist, with or without .gz"
    ):
        open_source(DatasetSpec(source=str(folder)))


def test_a_web_page_is_called_one(folder):
    (path,) = folder.glob("t10k-labels*")
    page = b"\n<!DOCTYPE HTML PUBLIC><html><title>404 Not Found</title></html>"
    for data in (page, gzip.compress(page)):
        path.write_bytes(data)
        said = f"{path.name}' is a web page, not an IDX file; download the file itself again"
        with pytest.raises(RefusedInput, match=said):
            open_source(DatasetSpec(source=str(folder)))


def test_a_set_is_named_by_what_its_files_begin_with(tmp_path):
    write_idx(tmp_path, TRAIN, TEST)
    for path in list(tmp_path.iterdir()):
        path.rename(tmp_path / f"mine-{path.name}")
    source = open_source(DatasetSpec(source=str(tmp_path / "mine")))
    assert source.describe().name == "mine"
    assert sum(len(batch.images) for batch in source.batches()) == 36
    with pytest.raises(RefusedInput, match="of no known format"):
        open_source(DatasetSpec(source=str(tmp_path)))


def test_a_header_that_lies_allocates_nothing(tmp_path):
    folder = write_idx(tmp_path, TRAIN, TEST, zipped=False)
    for name, magic in (("train-images-idx3-ubyte", 2051), ("t10k-labels-idx1-ubyte", 2049)):
        right = (folder / name).read_bytes()
        sizes = (0xFFFFFFFF, 1, 1)[: 3 if magic == 2051 else 1]
        (folder / name).write_bytes(struct.pack(f">{1 + len(sizes)}I", magic, *sizes) + right[16:])
        with pytest.raises(RefusedInput, match="announces 4294967295 images, more than"):
            open_source(DatasetSpec(source=str(folder)))
        (folder / name).write_bytes(right)
