from __future__ import annotations

import pickle
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.data import DatasetSpec, open_source
from ganray.data.formats.cifar import read_cifar
from ganray.data.location import Location
from ganray.errors import RefusedInput
from tests.data.formats.containers.test_pickles import Calls
from tests.data.formats.hostile import damaged, damages, read_or_refuse
from tests.data.published import http_server, read_all

NAMES = ["airplane", "automobile", "bird"]
BATCHES = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]


def content(count, classes, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % classes)
    return rng.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8), labels


def records(images, *labels):
    """A binary batch: the label bytes of each image, and its pixels."""
    columns = [np.asarray(label, np.uint8)[:, None] for label in labels]
    return np.concatenate([*columns, images.reshape(len(images), -1)], axis=1).tobytes()


def text(value):
    """A string as Python 2 pickled it."""
    data = value if isinstance(value, bytes) else value.encode()
    if len(data) < 256:
        return b"U" + bytes([len(data)]) + data
    return b"T" + struct.pack("<i", len(data)) + data


def number(value):
    return b"K" + bytes([value]) if value < 256 else b"M" + struct.pack("<H", value)


def listed(values, how):
    return b"](" + b"".join(map(how, values)) + b"e"


def python_2(images, labels, key="labels"):
    """A batch as the published ones are: pickled by Python 2 with protocol 2."""
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85q\x09U\x01bq\x0a"
        b"\x87q\x0bRq\x0c(K\x01" + number(len(images)) + b"M\x00\x0c\x86q\x0dcnumpy\ndtype\nq\x0e"
        b"U\x02u1q\x0fK\x00K\x01\x87q\x10Rq\x11(K\x03U\x01|q\x12NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"
        b"K\x00tq\x13b\x89" + text(images.tobytes()) + b"q\x14tq\x15b"
    )
    names = listed((f"picture_s_{k:06}.png" for k in range(len(images))), text)
    return (
        b"\x80\x02}q\x01(" + text("batch_label") + b"q\x02" + text("training batch 1 of 5")
        + text(key) + listed(labels, number) + text("data") + array
        + text("filenames") + names + b"u."
    )  # fmt: skip


def write_cifar10(folder, binary=True, batches=BATCHES):
    """Batches of 6 images; returns images and labels, those of test last."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [content(6, 3, seed) for seed in range(len(batches))]
    for name, (images, labels) in zip(batches, parts, strict=True):
        if binary:
            (folder / f"{name}.bin").write_bytes(records(images, labels))
        else:
            (folder / name).write_bytes(python_2(images, labels))
    if binary:
        (folder / "batches.meta.txt").write_text("\n".join(NAMES) + "\n\n")
    else:
        names = b"\x80\x02}q\x01(" + text("label_names") + listed(NAMES, text) + b"u."
        (folder / "batches.meta").write_bytes(names)
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))


def write_cifar100(folder, binary=True):
    folder.mkdir(parents=True, exist_ok=True)
    parts = [content(12, 3, seed) for seed in range(2)]
    for name, (images, fine) in zip(("train", "test"), parts, strict=True):
        if binary:
            (folder / f"{name}.bin").write_bytes(records(images, np.zeros(12), fine))
        else:
            (folder / name).write_bytes(python_2(images, fine, "fine_labels"))
    if binary:
        (folder / "fine_label_names.txt").write_text("\n".join(NAMES) + "\n")
        (folder / "coarse_label_names.txt").write_text("things\n")
    else:
        names = b"\x80\x02}q\x01(" + text("fine_label_names") + listed(NAMES, text) + b"u."
        (folder / "meta").write_bytes(names)
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))


def check(folder, images, labels, test):
    rows = read_all(source=str(folder), held_out=3)
    assert [len(rows[split]) for split in ("train", "held_out", "test")][2] == test
    read = sorted(row for split in rows.values() for row in split)
    assert read == [
        (i, label, image.tobytes())
        for i, (image, label) in enumerate(zip(images, labels.tolist(), strict=True))
    ]


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "python"])
def test_cifar_10_is_read_in_the_order_of_its_batches(tmp_path, binary):
    images, labels = write_cifar10(tmp_path, binary)
    info = open_source(DatasetSpec(source=str(tmp_path))).describe()
    assert (info.shape, info.class_names, info.notes) == ((3, 32, 32), NAMES, "")
    check(tmp_path, images, labels, test=6)


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "python"])
def test_cifar_100_is_read_by_its_fine_labels(tmp_path, binary):
    images, labels = write_cifar100(tmp_path, binary)
    info = open_source(DatasetSpec(source=str(tmp_path))).describe()
    assert (info.class_names, info.notes) == (
        NAMES,
        "The classes are CIFAR-100's 100 fine labels, not its 20 coarse ones.",
    )
    check(tmp_path, images, labels, test=12)


def test_python_3_s_pickles_are_read_too(tmp_path):
    images, labels = write_cifar10(tmp_path)
    (tmp_path / "3").mkdir()
    for k, name in enumerate(BATCHES):
        rows = slice(6 * k, 6 * k + 6)
        held = {"data": images[rows].reshape(6, -1), "labels": labels[rows].tolist()}
        (tmp_path / "3" / name).write_bytes(pickle.dumps(held, protocol=2 + k % 3))
    (tmp_path / "3" / "batches.meta").write_bytes(pickle.dumps({b"label_names": NAMES}, 4))
    check(tmp_path / "3", images, labels, test=6)


def test_the_folder_around_an_unpacked_archive_will_do(tmp_path):
    write_cifar10(tmp_path / "cifar-10-batches-py", binary=False)
    whole, inner = (
        open_source(DatasetSpec(source=str(folder)))
        for folder in (tmp_path, tmp_path / "cifar-10-batches-py")
    )
    assert whole.fingerprint() == inner.fingerprint()


def test_missing_batches_are_said_or_refused(tmp_path):
    write_cifar10(tmp_path, batches=BATCHES[:2])
    source = open_source(DatasetSpec(source=str(tmp_path), test=3))
    assert source.describe().notes == (
        "Not there, and so not read: data_batch_3.bin, data_batch_4.bin, data_batch_5.bin, "
        "test_batch.bin."
    )
    (tmp_path / "data_batch_2.bin").rename(tmp_path / "data_batch_4.bin")
    with pytest.raises(RefusedInput, match=r"data_batch_2\.bin' does not exist, but later batches"):
        open_source(DatasetSpec(source=str(tmp_path)))
    (tmp_path / "batches.meta.txt").unlink()
    (tmp_path / "data_batch_4.bin").unlink()
    assert read_cifar(Location.of(str(tmp_path))).class_names == ["0", "1", "2"]


def test_damaged_batches_are_refused(tmp_path):
    write_cifar10(tmp_path / "b")
    write_cifar10(tmp_path / "p", binary=False)
    for name, data, said in (
        (
            "b/data_batch_3.bin",
            lambda whole: whole[:-7],
            "18431 bytes are no whole number",
        ),
        ("b/data_batch_3.bin", lambda whole: b"", "holds no images"),
        (
            "b/data_batch_3.bin",
            lambda whole: b"<html>404",
            "is a web page, not a batch",
        ),
        ("b/test_batch.bin", lambda whole: b"\x09" + whole[1:], r"labels \(=0, 1, 2, 9\)"),
        ("b/batches.meta.txt", lambda whole: b"\n", "holds no names"),
        ("p/data_batch_2", lambda whole: whole[:-900], "is no readable pickle"),
        ("p/data_batch_2", lambda whole: python_2(*content(4, 3))[:-1] + b"0.", "uses POP"),
        ("p/data_batch_2", lambda whole: pickle.dumps({"labels": [1]}, 2), "must be a uint8 array"),
        ("p/data_batch_2", lambda whole: pickle.dumps({"a\n": [1]}, 2), "'labels' must be a list"),
        ("p/batches.meta", lambda whole: pickle.dumps({"a": [1]}, 2), "holds no names"),
        ("p/batches.meta", lambda whole: pickle.dumps({"label_names": 5}, 2), "holds no names"),
        ("p/data_batch_2", lambda whole: pickle.dumps(Calls(print, 1), 2), "builtins?.*print"),
    ):
        path = tmp_path / name
        whole = path.read_bytes()
        path.write_bytes(data(whole))
        with pytest.raises(RefusedInput, match=said) as refusal:
            open_source(DatasetSpec(source=str(path.parent)))
        assert path.name in str(refusal.value) or "0, 1, 2, 9" in str(refusal.value)
        path.write_bytes(whole)


def test_they_are_read_over_http(tmp_path):
    images, labels = write_cifar10(tmp_path)
    files = {f"/c/{path.name}": path.read_bytes() for path in tmp_path.iterdir()}
    with http_server(files) as url:
        check(f"{url}/c", images, labels, test=6)


@pytest.fixture(scope="module", params=[True, False], ids=["binary", "python"])
def small(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cifar")
    write_cifar10(folder, request.param, BATCHES[:1])
    return folder, {path: path.read_bytes() for path in sorted(folder.iterdir())}


@settings(max_examples=40)
@given(st.integers(0, 1), damages(700))
def test_damage_is_refused_or_read(small, number, damage):
    folder, contents = small
    path = list(contents)[number]
    try:
        path.write_bytes(damaged(contents[path], damage))
        read_or_refuse(folder, test=1)
    finally:
        path.write_bytes(contents[path])
