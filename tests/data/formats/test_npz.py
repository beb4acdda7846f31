from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.data import DatasetSpec, open_source
from ganray.errors import RefusedInput
from tests.data.formats.hostile import damaged, damages, read_or_refuse
from tests.data.published import http_server, read_all, write_folder

RNG = np.random.default_rng(0)


def content(count, *sizes):
    labels = RNG.permutation(np.arange(count) % 3)
    return RNG.integers(0, 256, (count, *sizes), dtype=np.uint8), labels


TRAIN, VAL, TEST = content(30, 4, 5, 3), content(6, 4, 5, 3), content(9, 4, 5, 3)


def medmnist(path, **changes):
    """As MedMNIST has it: deflated, labels as a column of uint8."""
    arrays = {}
    for name, (images, labels) in (("train", TRAIN), ("val", VAL), ("test", TEST)):
        arrays[f"{name}_images"] = images
        arrays[f"{name}_labels"] = labels[:, None].astype(np.uint8)
    np.savez_compressed(path, **(arrays | changes))
    return path


def rows(source, **spec):
    return read_all(source=str(source), **spec)


def expected(*parts):
    """Rows of splits in their order, channels first."""
    found, start = [], 0
    for images, labels in parts:
        first = images if images.ndim == 4 else images[..., None]
        pixels = np.ascontiguousarray(first.transpose(0, 3, 1, 2))
        found.append(
            [
                (start + i, label, image.tobytes())
                for i, (image, label) in enumerate(zip(pixels, labels.tolist(), strict=True))
            ]
        )
        start += len(images)
    return found


def test_medmnist_is_read_with_its_splits(tmp_path):
    path = medmnist(tmp_path / "bloodmnist.npz")
    info = open_source(DatasetSpec(source=str(path))).describe()
    assert (info.name, info.shape, info.class_names) == ("bloodmnist", (3, 4, 5), ["0", "1", "2"])
    read = rows(path)
    assert [read["train"], read["held_out"], read["test"]] == expected(TRAIN, VAL, TEST)
    assert rows(tmp_path) == read
    with http_server({"/m.npz": path.read_bytes()}) as url:
        assert rows(f"{url}/m.npz") == read


def test_keras_names_and_stored_members_are_read(tmp_path):
    grey = [(images[..., 0], labels) for images, labels in (TRAIN, TEST)]
    named = {"x_train": grey[0][0], "y_train": grey[0][1], "x_test": grey[1][0]}
    np.savez(tmp_path / "mnist.npz", **named, y_test=grey[1][1])
    read = rows(tmp_path / "mnist.npz", held_out=6)
    train, test = expected(*grey)
    assert (read["train"] + read["held_out"], read["test"]) == (train, test)


def test_files_of_one_array_each_are_one_set(tmp_path):
    for name, (images, labels) in (("train", TRAIN), ("test", TEST)):
        np.savez_compressed(tmp_path / f"k49-{name}-imgs.npz", images[..., 0])
        np.savez_compressed(tmp_path / f"k49-{name}-labels.npz", labels.astype(np.uint8))
    read = rows(tmp_path, held_out=6)
    train, test = expected(*((images[..., 0], labels) for images, labels in (TRAIN, TEST)))
    assert (read["train"] + read["held_out"], read["test"]) == (train, test)


@pytest.mark.parametrize(
    "arrays",
    [
        {"images": TRAIN[0], "labels": TRAIN[1]},
        {"arr_0": TRAIN[0], "arr_1": TRAIN[1]},
        {"X": TRAIN[0].astype(np.int64), "y": TRAIN[1].astype(np.uint8)},
        {"images": TRAIN[0].transpose(0, 3, 1, 2).copy(), "labels": TRAIN[1], "mean": np.zeros(3)},
    ],
)
def test_usual_layouts_are_recognised(tmp_path, arrays):
    np.savez(tmp_path / "set.npz", **arrays)
    read = read_all(source=str(tmp_path / "set.npz"), test=6, held_out=6)
    assert sorted(row for split in read.values() for row in split) == expected(TRAIN)[0]
    notes = open_source(DatasetSpec(source=str(tmp_path / "set.npz"))).describe().notes
    assert ("left out: mean" in notes) == ("mean" in arrays)


def test_flat_images_are_square_and_no_labels_are_none(tmp_path):
    flat = RNG.integers(0, 256, (40, 36), dtype=np.uint8)
    np.savez(tmp_path / "samples.npz", flat)
    info = open_source(DatasetSpec(source=str(tmp_path / "samples.npz"))).describe()
    assert (info.shape, info.labels) == ((1, 6, 6), "none")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train_images": TRAIN[0] / 255}, r"holds float64, whose range.*astype\('uint8'\)"),
        ({"train_images": TRAIN[0][:, :, :, :2]}, "images of 4×5×2; valid: n×h×w, "),
        ({"train_images": TRAIN[0][:, :3, :, :]}, "images of 3×5×3 may be h×w×c or c×h×w"),
        ({"train_images": np.asfortranarray(TRAIN[0])}, "holds uint8 by columns"),
        ({"train_images": TRAIN[0].astype(str)}, "holds <U3"),
        ({"train_images": TRAIN[0].astype(object)}, "holds Python objects, which are not unpickl"),
        ({"train_images": TRAIN[0][:, 0, 0]}, "images of 3; valid"),
        ({"train_images": TRAIN[0][:0]}, "holds no images"),
        ({"train_images": TRAIN[0].astype(np.int16) + 250}, r"image 0 has pixels from \d+ to"),
        ({"val_images": VAL[0][:, :, :, :1]}, "images of 1×4×5, but others are 3×4×5"),
        ({"train_labels": TRAIN[1][:29]}, "'train_labels' is 29, but .*30 images"),
        ({"train_labels": np.eye(3, dtype=np.uint8)[TRAIN[1]]}, "several labels for each image"),
        ({"train_labels": TRAIN[1] / 1}, "holds float64; labels are whole numbers"),
        ({"x_train": TRAIN[0]}, "holds images of train twice"),
        ({"test_labels": np.zeros((9, 1), object)}, "holds Python objects"),
    ],
)  # fmt: skip
def test_other_arrays_are_refused(tmp_path, changes, said):
    path = medmnist(tmp_path / "set.npz", **changes)
    with pytest.raises(RefusedInput, match=said) as refusal:
        list(open_source(DatasetSpec(source=str(path))).batches())
    assert "set.npz" in str(refusal.value)


def test_halves_are_refused(tmp_path):
    path = tmp_path / "set.npz"
    for arrays, said in (
        ({"labels": TRAIN[1]}, "holds no array of images; valid: arrays such as"),
        ({"mean": TRAIN[1]}, "holds no array of images"),
        ({"images": TRAIN[0], "labels_test": TRAIN[1]}, "has labels, but there are no images"),
        ({"images": TRAIN[0], "labels": TRAIN[1], "test_images": TEST[0]}, "has no labels, but"),
    ):
        np.savez(path, **arrays)
        with pytest.raises(RefusedInput, match=said):
            open_source(DatasetSpec(source=str(path)))
    medmnist(tmp_path / "other.npz")
    medmnist(tmp_path / "set.npz")
    with pytest.raises(RefusedInput, match=r"holds images of train twice: .*other.*; name"):
        open_source(DatasetSpec(source=str(tmp_path)))
    path.write_bytes(b"<html>404")
    with pytest.raises(RefusedInput, match=r"set\.npz' is a web page, not an \.npz file"):
        open_source(DatasetSpec(source=str(path)))
    path.write_bytes(b"no zip")
    with pytest.raises(RefusedInput, match=r"set\.npz' is no readable \.npz file"):
        open_source(DatasetSpec(source=str(path)))


def test_pictures_beside_statistics_are_a_folder(tmp_path):
    write_folder(tmp_path, content(60, 1, 9, 9)[0], ["a", "b"] * 30)
    np.savez(tmp_path / "statistics.npz", mu=np.zeros(3))
    assert open_source(DatasetSpec(source=str(tmp_path))).describe().class_names == ["a", "b"]


def zipped(name, data, claimed=None):
    """A zip of one member; in its directory the member's size may be another."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    whole = bytearray(target.getvalue())
    if claimed is not None:
        place = whole.rindex(b"PK\x01\x02")
        whole[place + 24 : place + 28] = struct.pack("<I", claimed)
    return bytes(whole)


def npy(shape, data=b"", version=1, header=None):
    text = header or f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(text) + 1)
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + b"\n" + data


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zipped("images.npy", npy((1 << 40, 8, 8), b"x" * 64)), r"announces .* but 64 are in it"),
        (zipped("images.npy", npy((-1, 8), b"")), "its shape"),
        (zipped("images.npy", npy(("(" * 3000, 8), b"")), "no readable"),
        (zipped("images.npy", npy(0, header=b"[" * 9000)), "no readable"),
        (zipped("images.npy", npy(0, version=2, header=b" " * 20_000_000)), "a header of 20000001"),
        (zipped("images.npy", b"\x93NUMPY\x09\x00"), "version"),
        (zipped("images.npy", npy((8, 8), bytes(64)), claimed=1 << 31), "announces|no readable"),
        (zipped("images.npy", npy((2, 8, 8), b"")[:-9]), "no readable"),
        (zipped("image.txt", b""), "holds 0 arrays"),
        (b"", "no readable"),
        (b"PK\x05\x06" + bytes(18), "holds 0 arrays"),
    ],
    ids=range(11),
)
def test_headers_that_lie_allocate_nothing(tmp_path, data, said):
    path = tmp_path / "set.npz"
    path.write_bytes(data)
    with pytest.raises(RefusedInput, match=said):
        open_source(DatasetSpec(source=str(path)))


def test_an_array_is_streamed(tmp_path, monkeypatch):
    """No read of a member is larger than a chunk, however large the set."""
    images = np.zeros((3000, 64, 64, 3), np.uint8)
    np.savez_compressed(tmp_path / "set.npz", images=images, labels=np.arange(3000) % 3)
    largest = 0
    read = zipfile.ZipExtFile.read

    def measured(self, count=-1):
        nonlocal largest
        data = read(self, count)
        largest = max(largest, len(data))
        return data

    monkeypatch.setattr(zipfile.ZipExtFile, "read", measured)
    source = open_source(DatasetSpec(source=str(tmp_path / "set.npz")))
    assert sum(len(batch.images) for batch in source.batches()) == 3000
    assert largest <= 4 << 20


@pytest.fixture(scope="module", params=[True, False], ids=["deflated", "stored"])
def small(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("npz") / "set.npz"
    write = np.savez_compressed if request.param else np.savez
    write(path, images=TRAIN[0][:9], labels=np.arange(9) % 3)
    return path, path.read_bytes()


@settings(max_examples=40)
@given(st.data())
def test_damage_is_refused_or_read(small, data):
    path, whole = small
    try:
        path.write_bytes(damaged(whole, data.draw(damages(len(whole)))))
        read_or_refuse(path, test=3, held_out=3)
    finally:
        path.write_bytes(whole)


def test_labels_may_be_any_whole_numbers(tmp_path):
    """Classes are called by them, in their order."""
    for change, names in ((2, ["0", "2", "4"]), (10**12 + 1, None)):
        labels = {f"{name}_labels": one[1].astype(np.int64) * change for name, one in
                  (("train", TRAIN),)}  # fmt: skip
        np.savez(tmp_path / "set.npz", train_images=TRAIN[0], **labels)
        info = open_source(DatasetSpec(source=str(tmp_path / "set.npz"))).describe()
        assert info.class_names == (names or ["0", str(change), str(2 * change)])
