from __future__ import annotations

import struct
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat, savemat

from ganray.data import DatasetSpec, open_source
from ganray.data.formats.containers.matlab import variables
from ganray.data.location import Location
from ganray.errors import RefusedInput
from tests.data.formats.hostile import damaged, damages, read_or_refuse
from tests.data.published import http_server, read_all


def content(count, seed=0):
    """X and y as published: height×width×3×n, labels 1 … 10."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % 10) + 1
    return rng.integers(0, 256, (4, 5, 3, count), dtype=np.uint8), labels.astype(np.uint8)[:, None]


TRAIN, TEST = content(60), content(20, seed=1)


def write_v5(folder, compressed=True, train=TRAIN, test=TEST):
    folder.mkdir(parents=True, exist_ok=True)
    for name, (images, labels) in (("train", train), ("test", test)):
        held = {"X": images, "y": labels}
        savemat(folder / f"{name}_32x32.mat", held, do_compression=compressed)
    return folder


def write_hdf5(folder, train=TRAIN, test=TEST, **options):
    h5py = pytest.importorskip("h5py")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (images, labels) in (("train", train), ("test", test)):
        path = folder / f"{name}_32x32.mat"
        with h5py.File(path, "w", userblock_size=512) as file:
            file.create_dataset("X", data=images.T, **options)
            file.create_dataset("y", data=labels.astype(np.float64).T)
            file.create_group("#refs#")
        header = b"MATLAB 7.3 MAT-file".ljust(124) + struct.pack("<H", 0x0200) + b"IM"
        path.write_bytes(header + path.read_bytes()[128:])
    return folder


def check(source):
    images = np.concatenate([TRAIN[0], TEST[0]], axis=3).transpose(3, 2, 0, 1)
    labels = np.concatenate([TRAIN[1], TEST[1]])[:, 0] % 10
    rows = read_all(source=str(source), held_out=20)
    assert [len(rows[split]) for split in ("train", "held_out", "test")] == [40, 20, 20]
    assert sorted(row for split in rows.values() for row in split) == [
        (i, label, image.tobytes())
        for i, (image, label) in enumerate(zip(images, labels.tolist(), strict=True))
    ]


@pytest.mark.parametrize("compressed", [True, False])
def test_version_5_is_read_as_scipy_reads_it(tmp_path, compressed):
    folder = write_v5(tmp_path / "svhn", compressed)
    info = open_source(DatasetSpec(source=str(folder), held_out=20)).describe()
    assert (info.name, info.shape, info.notes) == ("svhn", (3, 4, 5), "")
    assert info.class_names == list("0123456789")
    check(folder)
    known = loadmat(folder / "test_32x32.mat")
    for name, one in variables(Location.of(str(folder / "test_32x32.mat"))).items():
        assert one.shape == known[name].shape
        with one.values() as stream:
            values = np.frombuffer(stream.read(known[name].nbytes), one.kind)
        np.testing.assert_array_equal(values.reshape(one.shape, order="F"), known[name])


@pytest.mark.parametrize("options", [{}, {"compression": "gzip", "chunks": (7, 3, 5, 4)}])
def test_version_7_3_is_read_by_h5py(tmp_path, options):
    check(write_hdf5(tmp_path, **options))


def test_without_h5py_its_extra_is_named(tmp_path, monkeypatch):
    write_hdf5(tmp_path)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(RefusedInput, match=r"train_32x32.mat' is .* 7\.3, .*'ganray\[hdf5\]', or"):
        open_source(DatasetSpec(source=str(tmp_path)))


def test_an_array_in_another_file_is_refused(tmp_path):
    h5py = pytest.importorskip("h5py")
    write_hdf5(tmp_path)
    (tmp_path / "raw").write_bytes(TRAIN[0].T.tobytes())
    with h5py.File(tmp_path / "train_32x32.mat", "a") as file:
        del file["X"]
        outside = [(str(tmp_path / "raw"), 0, h5py.h5f.UNLIMITED)]
        file.create_dataset("X", TRAIN[0].T.shape, "u1", external=outside)
    with pytest.raises(RefusedInput, match="'X' lies in another file"):
        open_source(DatasetSpec(source=str(tmp_path)))
    with h5py.File(tmp_path / "train_32x32.mat", "a") as file:
        del file["X"]
        file["X"] = h5py.ExternalLink("test_32x32.mat", "X")
    with pytest.raises(RefusedInput, match="lacks the variables X and y; it has 'y'"):
        open_source(DatasetSpec(source=str(tmp_path)))


def test_a_large_array_that_is_not_there_is_refused(tmp_path):
    h5py = pytest.importorskip("h5py")
    write_hdf5(tmp_path)
    with h5py.File(tmp_path / "train_32x32.mat", "a") as file:
        del file["X"]
        file.create_dataset("X", (60, 3, 1 << 13, 1 << 13), "u1", chunks=(1, 1, 64, 64))
    with pytest.raises(RefusedInput, match=r"'X' announces .* more than a file of"):
        open_source(DatasetSpec(source=str(tmp_path)))


def test_extra_is_left_out_and_said(tmp_path):
    folder = write_v5(tmp_path)
    (folder / "extra_32x32.mat").write_bytes(b"not even looked at")
    info = open_source(DatasetSpec(source=str(folder), held_out=20)).describe()
    assert "extra_32x32.mat, 531,131 further images of easier digits, is left out" in info.notes
    (folder / "test_32x32.mat").unlink()
    open_source(DatasetSpec(source=str(folder), test=20))
    (folder / "train_32x32.mat").rename(folder / "test_32x32.mat")
    with pytest.raises(RefusedInput, match=r"train_32x32\.mat' does not exist"):
        open_source(DatasetSpec(source=str(folder)))


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(name, shape, data, kind=2, flags=9):
    inner = (
        element(6, struct.pack("<II", flags, 0))
        + element(5, struct.pack(f"<{len(shape)}i", *shape))
        + element(1, name)
        + data
    )
    return element(14, inner)


HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "does not begin as one of version 5"),
        (b"x" * 300, "does not begin as one of version 5"),
        (b"<!doctype html><html>" + b" " * 300, "is a web page, not a MATLAB file"),
        (HEADER + 2 * matrix(b"X", (1,), element(2, b"1")), "'X' is twice in it"),
        (HEADER + matrix(b"X\n", (1,), element(2, b"1")), "a variable that is called 'X.n'"),
        (HEADER, "lacks the variables X and y; it has"),
        (HEADER + struct.pack("<II", 15, 1 << 31), "it is truncated"),
        (HEADER + element(15, b"no zlib at all!!"), "incorrect header check|damaged"),
        (HEADER + matrix(b"X", (2, 2, 3, 5), element(2, bytes(59))), "'X' has 59 bytes for its"),
        (HEADER + matrix(b"X", (9, 1 << 30, 3, 1 << 30), element(2, bytes(8))), "'X' has 8 bytes"),
        (HEADER + matrix(b"X", (-2, -2, 3, 5), element(2, bytes(60))), "lacks the variables"),
        (HEADER + matrix(b"X", (60,), element(99, bytes(60))), "values of type 99"),
        (HEADER + element(14, element(6, bytes(1 << 12))), "4096 bytes where a name or sizes"),
        (
            HEADER + matrix(b"X", (2, 2, 4, 5), element(2, bytes(80)))
            + matrix(b"y", (5, 1), element(2, bytes(5))),
            "'X' .2×2×4×5. must be height×width×3×images of uint8",
        ),
        (
            HEADER + matrix(b"X", (2, 2, 3, 5), element(2, bytes(60)))
            + matrix(b"y", (5, 5), element(2, bytes(25))),
            "'y' .5×5. must hold a label for each image",
        ),
        (
            HEADER + matrix(b"X", (2, 2, 3, 5), element(2, bytes(60)))
            + matrix(b"y", (4, 1), struct.pack("<HH", 2, 4) + b"\1\2\3\4"),
            "5 images, but 4 labels",
        ),
        (
            HEADER + matrix(b"X", (2, 2, 3, 5), element(2, bytes(60)))
            + matrix(b"y", (5, 1), element(2, b"\1\2\3\4\x0b")),
            r"labels \(=11\) must be 1 … 10",
        ),
    ],
)  # fmt: skip
def test_damaged_and_other_files_are_refused(tmp_path, content, said):
    write_v5(tmp_path)
    (tmp_path / "test_32x32.mat").write_bytes(content)
    with pytest.raises(RefusedInput, match=said) as refusal:
        open_source(DatasetSpec(source=str(tmp_path)))
    assert "test_32x32.mat" in str(refusal.value)


def test_a_bomb_is_not_unpacked(tmp_path):
    write_v5(tmp_path)
    bomb = zlib.compress(matrix(b"y", (1 << 27, 1), element(2, bytes(1 << 27))), 1)
    images = matrix(b"X", (2, 2, 3, 5), element(2, bytes(60)))
    packed = struct.pack("<II", 15, len(bomb)) + bomb
    (tmp_path / "test_32x32.mat").write_bytes(HEADER + images + packed)
    with pytest.raises(RefusedInput, match=r"'y' .134217728×1. must hold a label for each"):
        open_source(DatasetSpec(source=str(tmp_path)))


def test_it_is_read_over_http(tmp_path):
    folder = write_v5(tmp_path)
    files = {f"/s/{path.name}": path.read_bytes() for path in folder.iterdir()}
    with http_server(files) as url:
        check(f"{url}/s")


@pytest.fixture(scope="module", params=["packed", "plain", "hdf5"])
def small(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("svhn")
    if request.param == "hdf5":
        write_hdf5(folder)
    else:
        write_v5(folder, request.param == "packed")
    path = folder / "train_32x32.mat"
    return folder, path, path.read_bytes()


@settings(max_examples=60)
@given(st.data())
def test_damage_is_refused_or_read(small, data):
    folder, path, whole = small
    try:
        path.write_bytes(damaged(whole, data.draw(damages(len(whole)))))
        read_or_refuse(folder, held_out=20)
    finally:
        path.write_bytes(whole)
