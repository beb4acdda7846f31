from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.data import DatasetSpec, open_source
from ganray.data.formats.containers.lmdb_index import find_values
from ganray.data.location import Location
from ganray.errors import RefusedInput
from tests.data.formats.hostile import damaged, damages, read_or_refuse
from tests.data.published import encoded, http_server, read_all

RNG = np.random.default_rng(0)


def pictures(count, height=9, width=12):
    return RNG.integers(0, 256, (count, 3, height, width), dtype=np.uint8)


def write(folder, values, keys=None):
    """An environment as LSUN has it: keys are hashes, values encoded pictures."""
    lmdb = pytest.importorskip("lmdb")
    folder.mkdir(parents=True)
    environment = lmdb.open(str(folder), map_size=1 << 24)
    with environment.begin(write=True) as transaction:
        for i, value in enumerate(values):
            key = keys[i] if keys else hashlib.sha1(str(i).encode()).hexdigest().encode()
            transaction.put(key, value)
    environment.close()
    (folder / "lock.mdb").unlink()
    return folder


def contents(folder):
    """Values by the library itself."""
    lmdb = pytest.importorskip("lmdb")
    with lmdb.open(str(folder), readonly=True, lock=False) as environment, environment.begin() as t:
        return sorted(bytes(value) for _, value in t.cursor())


def found_in(folder):
    place = Location.of(str(folder / "data.mdb"))
    values = find_values(place)
    data = (folder / "data.mdb").read_bytes()
    assert (np.diff(values.starts) > 0).all()
    return sorted(
        data[start : start + length]
        for start, length in zip(values.starts, values.lengths, strict=True)
    )


def images_of(rows):
    return sorted(image for split in rows.values() for _, _, image in split)


@pytest.mark.parametrize("sizes", [[], [0, 1, 30], list(range(0, 12_000, 37)), [3_000_000, 5]])
def test_values_are_found_where_the_library_has_them(tmp_path, sizes):
    """Small ones in leaves, large ones on pages of their own, under branches of two levels."""
    values = [RNG.bytes(size) for size in sizes]
    folder = write(tmp_path / "set", values)
    assert found_in(folder) == sorted(values) == contents(folder)


def test_what_was_deleted_and_written_again_is_not_read(tmp_path):
    lmdb = pytest.importorskip("lmdb")
    folder = write(tmp_path / "set", [RNG.bytes(500) for _ in range(300)])
    for turn in range(4):
        environment = lmdb.open(str(folder), map_size=1 << 24)
        with environment.begin(write=True) as transaction:
            for i in range(turn, 300, 3):
                key = hashlib.sha1(str(i).encode()).hexdigest().encode()
                transaction.delete(key)
                if turn % 2:
                    transaction.put(key, RNG.bytes(9000))
        environment.close()
        assert found_in(folder) == contents(folder)


def test_categories_side_by_side_are_classes(tmp_path):
    sets = {
        "bedroom_train_lmdb": pictures(8),
        "church_outdoor_train_lmdb": pictures(6),
        "bedroom_val_lmdb": pictures(3),
        "church_outdoor_val_lmdb": pictures(2),
        "test_lmdb": pictures(1),
    }
    for name, images in sets.items():
        write(tmp_path / name, [encoded(image) for image in images])
    spec = DatasetSpec(source=str(tmp_path), test=4)
    info = open_source(spec).describe()
    assert info.class_names == ["bedroom", "church_outdoor"]
    assert info.counts["held_out"] == [3, 2]
    assert info.notes == "Left out, as no category: test_lmdb."
    rows = read_all(source=str(tmp_path), test=4)
    expected = [image.tobytes() for name, images in sets.items() if name != "test_lmdb"
                for image in images]  # fmt: skip
    assert images_of(rows) == sorted(expected)


def test_one_category_is_a_set_without_labels(tmp_path):
    images = pictures(20)
    folder = write(tmp_path / "bedroom_val_lmdb", [encoded(image, "WEBP") for image in images])
    info = open_source(DatasetSpec(source=str(folder))).describe()
    assert (info.labels, info.class_names, info.shape) == ("none", ["unlabelled"], (3, 9, 12))
    assert "JPEG-compressed" in info.notes
    files = {"/b/data.mdb": (folder / "data.mdb").read_bytes()}
    with http_server(files) as url:
        assert read_all(source=f"{url}/b") == read_all(source=str(folder))
    folder.rename(tmp_path / "bedroom_train_lmdb")
    expected = read_all(source=str(tmp_path / "bedroom_train_lmdb"))
    assert read_all(source=str(tmp_path)) == expected


def test_pictures_of_several_sizes_are_made_to_fit(tmp_path):
    values = [encoded(image) for image in (*pictures(5), *pictures(5, 20, 10))]
    folder = write(tmp_path / "cat_lmdb", values)
    rows = read_all(source=str(folder), size=8, channels=1, test=2, held_out=2)
    assert {len(image) for image in images_of(rows)} == {64}
    with pytest.raises(
        RefusedInput, match=r"5 of 10 images differ .*value at byte .* set data\.size"
    ):
        read_all(source=str(folder), test=2, held_out=2)


def test_unreadable_values_are_refused_or_left_out(tmp_path):
    values = [encoded(image) for image in pictures(9)]
    folder = write(tmp_path / "cat_lmdb", [b"no picture", *values, b""])
    with pytest.raises(RefusedInput, match=r"data\.mdb', value at byte \d+ is no readable"):
        read_all(source=str(folder), test=2, held_out=2)
    spec = {"source": str(folder), "test": 2, "held_out": 2, "skip_unreadable": True}
    info = open_source(DatasetSpec(**spec)).describe()
    assert "2 of 11 images cannot be read and are left out: 'data.mdb', value at byte" in info.notes
    assert sum(map(sum, info.counts.values())) == 9
    folder = write(tmp_path / "bad_lmdb", [b"no picture"])
    with pytest.raises(RefusedInput, match="none of 1 images can be read"):
        open_source(DatasetSpec(source=str(folder), skip_unreadable=True))
    folder = write(tmp_path / "empty_lmdb", [])
    with pytest.raises(RefusedInput, match="holds no images"):
        open_source(DatasetSpec(source=str(folder)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: b"", "does not begin as one of version 1"),
        (lambda data: data[: len(data) // 2], "it is truncated"),
        (lambda data: b"<html>".ljust(9000), "does not begin"),
        (lambda data: data[:20] + struct.pack("<I", 2) + data[24:4116]
         + struct.pack("<II", 0xBEEFC0DE, 2) + data[4116 + 4 :], "does not begin as one of"),
    ],
)  # fmt: skip
def test_other_files_are_refused(tmp_path, change, said):
    folder = write(tmp_path / "cat_lmdb", [encoded(image) for image in pictures(9)])
    path = folder / "data.mdb"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(RefusedInput, match=rf"data\.mdb' is no readable LMDB file .*{said}"):
        open_source(DatasetSpec(source=str(folder)))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    values = [encoded(image) for image in pictures(6, 8, 8)]
    folder = write(tmp_path_factory.mktemp("lmdb") / "cat_lmdb", values)
    path = folder / "data.mdb"
    return folder, path, path.read_bytes()


@settings(max_examples=40)
@given(st.data())
def test_damage_is_refused_or_read(small, data):
    folder, path, whole = small
    # Most of a small file is empty: what is not is damaged more often.
    used = np.flatnonzero(np.frombuffer(whole, np.uint8))
    place = st.sampled_from(used.tolist())
    flips = st.lists(st.tuples(place, st.integers(1, 255)), min_size=1, max_size=3)
    damage = data.draw(st.one_of(damages(len(whole)), st.tuples(st.just("flip"), flips)))
    try:
        path.write_bytes(damaged(whole, damage))
        read_or_refuse(folder, test=1, held_out=1)
    finally:
        path.write_bytes(whole)


@settings(max_examples=40)
@given(st.data())
def test_damaged_trees_are_refused_or_read(tmp_path_factory, deep, data):
    path, whole = deep
    page = data.draw(st.integers(0, len(whole) // 4096 - 1))
    inside = st.tuples(st.integers(0, 200), st.integers(1, 255))
    flips = [(page * 4096 + place, mask) for place, mask in data.draw(st.lists(inside, min_size=1))]
    path.write_bytes(damaged(whole, ("flip", flips)))
    try:
        values = find_values(Location.of(str(path)))
    except RefusedInput:
        return
    assert ((values.starts + values.lengths) <= len(whole)).all()


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    sizes = [i * 97 % 3000 for i in range(300)]
    folder = write(tmp_path_factory.mktemp("deep") / "set", [RNG.bytes(size) for size in sizes])
    return folder / "data.mdb", (folder / "data.mdb").read_bytes()
