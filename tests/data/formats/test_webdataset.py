from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from ganray.data import DatasetSpec, open_source
from ganray.errors import RefusedInput
from tests.data.packed.making import tarred
from tests.data.published import digits, read_all

IMAGES, LABELS = digits(60, 3)


def _png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image[0]).save(file, "PNG")
    return file.getvalue()


def _shard(path, rows, label=lambda k: ("cls", str(k).encode())):
    named = []
    for row in rows:
        ending, content = label(LABELS[row])
        named += [(f"{row:06d}.{ending}", content), (f"{row:06d}.png", _png(IMAGES[row]))]
    path.parent.mkdir(parents=True, exist_ok=True)
    return tarred(named, path)


def _read(source, **spec) -> list:
    rows = read_all(source=str(source), **spec)
    return sorted((row[0], int(row[1]), row[2]) for split in rows.values() for row in split)


EXPECTED = [(i, int(LABELS[i]), IMAGES[i].tobytes()) for i in range(60)]


@pytest.mark.parametrize("names", [False, True])
def test_shards_are_read_in_natural_order(tmp_path, names):
    for number in range(12):
        _shard(tmp_path / f"shard-{number}.tar", range(5 * number, 5 * number + 5))
    if names:
        (tmp_path / "classnames.txt").write_text("ant\nbee\ncow\n\n")
    assert _read(tmp_path, held_out=6, test=6) == EXPECTED
    info = open_source(DatasetSpec(source=str(tmp_path))).describe()
    assert info.class_names == (["ant", "bee", "cow"] if names else ["0", "1", "2"])


def test_one_shard_alone_is_a_set(tmp_path):
    path = _shard(tmp_path / "a.tar", range(60))
    (tmp_path / "labels.txt").write_text("ant\nbee\ncow")
    assert _read(path, held_out=6, test=6) == EXPECTED
    alone = open_source(DatasetSpec(source=str(path)))
    assert alone.describe().class_names == ["ant", "bee", "cow"]
    assert alone.fingerprint() == open_source(DatasetSpec(source=str(tmp_path))).fingerprint()


@pytest.mark.parametrize("layout", ["{}-0000.tar", "{}/0000.tar"])
def test_splits_are_told_by_names(tmp_path, layout):
    for split, rows in (("train", range(40)), ("val", range(40, 50)), ("test", range(50, 60))):
        _shard(tmp_path / layout.format(split), rows)
    counts = open_source(DatasetSpec(source=str(tmp_path))).describe().counts
    assert {split: sum(one) for split, one in counts.items()} == {
        "train": 40,
        "held_out": 10,
        "test": 10,
    }


@pytest.mark.parametrize("key", ["label", "class"])
def test_labels_stand_in_json(tmp_path, key):
    def label(k: int) -> tuple[str, bytes]:
        return "json", json.dumps({key: ["x", "y", "z"][k], "width": 5}).encode()

    path = _shard(tmp_path / "a.tar", range(60), label)
    assert _read(path, held_out=6, test=6) == EXPECTED
    assert open_source(DatasetSpec(source=str(path))).describe().class_names == ["x", "y", "z"]


def test_what_is_incomplete_is_counted(tmp_path):
    named = [(f"{row}.png", _png(IMAGES[row])) for row in range(60)]
    named += [(f"{row}.cls", b"%d" % LABELS[row]) for row in range(55)]
    named += [("lost.cls", b"1"), ("0.txt", b"a caption")]
    info = open_source(DatasetSpec(source=str(tarred(named, tmp_path / "a.tar")))).describe()
    assert sum(map(sum, info.counts.values())) == 55
    for said in ("5 of 60 images", "1 samples without a picture", "Not read: 1 .txt"):
        assert said in info.notes


def test_a_sample_without_a_label_is_no_class_beside_the_class_1(tmp_path):
    named = [(f"{row}.png", _png(IMAGES[row])) for row in range(60)]
    named += [(f"{row}.cls", b"1") for row in range(55)]
    info = open_source(DatasetSpec(source=str(tarred(named, tmp_path / "a.tar")))).describe()
    assert info.class_names == ["1"]


def test_what_contradicts_itself_is_refused(tmp_path):
    twice = [("a.png", _png(IMAGES[0])), ("a.jpg", b""), ("a.cls", b"1")]
    mixed = tmp_path / "mixed"
    _shard(mixed / "a-0.tar", range(30))
    _shard(mixed / "a-1.tar", range(30, 60), lambda k: ("cls", b"xyz"[k : k + 1]))
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "classes.txt").write_text("ant")
    long = [("a.png", _png(IMAGES[0])), ("a.cls", bytes(2 << 20))]
    for source, said in (
        (tarred(twice, tmp_path / "a.tar"), "two pictures: 1, as 'a.png' and 'a.jpg'"),
        (mixed, "numbers, as of"),
        (_shard(tmp_path / "few" / "a.tar", range(60)), "must lie in 0 … 0"),
        (tarred(long, tmp_path / "b.tar"), "2097152 bytes"),
        (tarred([("a.png", b""), ("a.cls", b"\xff")], tmp_path / "c.tar"), "no label in UTF-8"),
    ):
        with pytest.raises(RefusedInput, match=said):
            open_source(DatasetSpec(source=str(source)))
