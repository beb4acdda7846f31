from __future__ import annotations

import gzip
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganray.data import DatasetSpec, open_source
from ganray.errors import RefusedInput
from tests.data.formats.hostile import damaged, damages, read_or_refuse
from tests.data.published import http_server, idx


def write_emnist(folder, variant, labels, mapping="", seed=0):
    """A variant as published, each image transposed; returns the upright ones."""
    rng = np.random.default_rng(seed)
    upright = []
    for part, repeated in (("train", 3), ("test", 1)):
        here = rng.permutation(np.repeat(labels, repeated)).astype(np.uint8)
        images = rng.integers(0, 256, (len(here), 4, 5), dtype=np.uint8)
        upright.append((images, here))
        for name, data in (
            ("images-idx3", idx(np.ascontiguousarray(images.transpose(0, 2, 1)), 2051)),
            ("labels-idx1", idx(here, 2049)),
        ):
            target = folder / f"emnist-{variant}-{part}-{name}-ubyte.gz"
            target.write_bytes(gzip.compress(data))
    if mapping:
        (folder / f"emnist-{variant}-mapping.txt").write_text(mapping)
    return upright


def pixels(source):
    found = {}
    for batch in source.batches():
        found |= dict(zip(batch.index.tolist(), batch.images[:, 0], strict=True))
    return np.stack([found[i] for i in range(len(found))])


def test_letters_are_upright_and_begin_with_a(tmp_path):
    (train, test) = write_emnist(tmp_path, "letters", np.arange(1, 27))
    source = open_source(DatasetSpec(source=str(tmp_path), held_out=6))
    info = source.describe()
    assert (info.name, info.shape) == ("emnist-letters", (1, 4, 5))
    assert info.class_names[:2] + info.class_names[-1:] == ["A", "B", "Z"]
    assert info.counts["test"] == [1] * 26
    assert info.notes == (
        "EMNIST's files hold every image transposed; here all are turned upright. "
        "Each class of letters has capital and small ones."
    )
    np.testing.assert_array_equal(pixels(source), np.concatenate([train[0], test[0]]))
    labels = np.concatenate([batch.labels for batch in source.batches()])
    np.testing.assert_array_equal(labels, np.concatenate([train[1], test[1]]) - 1)


@pytest.mark.parametrize(
    ("variant", "names"),
    [
        ("digits", string.digits),
        ("mnist", string.digits),
        ("byclass", string.digits + string.ascii_uppercase + string.ascii_lowercase),
        ("bymerge", string.digits + string.ascii_uppercase + "abdefghnqrt"),
        ("balanced", string.digits + string.ascii_uppercase + "abdefghnqrt"),
    ],
)
def test_classes_have_their_characters_for_names(tmp_path, variant, names):
    write_emnist(tmp_path, variant, np.arange(len(names)))
    source = open_source(DatasetSpec(source=str(tmp_path)))
    assert source.describe().class_names == list(names)


def test_a_mapping_that_is_there_names_the_classes(tmp_path):
    write_emnist(tmp_path, "letters", np.arange(1, 4), "1 65 97 \n2 66\r\n\n3 67 99\n")
    assert open_source(DatasetSpec(source=str(tmp_path))).describe().class_names == [
        "A",
        "B",
        "C",
    ]
    mapping = tmp_path / "emnist-letters-mapping.txt"
    mapping.write_text("1 65\n2 66\n3 67\n4 68")
    of_letters = open_source(DatasetSpec(source=str(tmp_path))).describe().class_names
    assert of_letters == ["A", "B", "C"]  # of D there are no images
    for text, said in (
        ("1 65\n2 66", r"labels \(=3\) are not in the mapping, which has 1 … 2"),
        ("1 65\n2 x", r"line 2 \(='2 x'\) must be a label and the codes"),
        ("1 65\n1 66", "line 2"),
        ("1 " + "9" * 5000, "line 1"),
        ("1 10\n2 66\n3 67", "class .* is no name"),
    ):
        mapping.write_text(text)
        with pytest.raises(RefusedInput, match=said):
            open_source(DatasetSpec(source=str(tmp_path)))


def test_of_several_variants_one_is_named(tmp_path):
    write_emnist(tmp_path, "digits", np.arange(10))
    write_emnist(tmp_path, "letters", np.arange(1, 27))
    said = (
        "holds 2 variants of EMNIST, each a set of its own; name one: .*emnist-digits, .*emnist-l"
    )
    with pytest.raises(RefusedInput, match=said):
        open_source(DatasetSpec(source=str(tmp_path)))
    for variant, classes in (("digits", 10), ("letters", 26)):
        for name in (f"emnist-{variant}", f"emnist-{variant}"):
            source = open_source(DatasetSpec(source=str(tmp_path / name), held_out=1))
            assert len(source.describe().class_names) == classes
    (tmp_path / "emnist-digits-test-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(RefusedInput, match="emnist-digits-test-labels-idx1-ubyte' does not exist"):
        open_source(DatasetSpec(source=str(tmp_path / "emnist-digits")))


def test_it_is_read_from_a_server_that_lists_nothing(tmp_path):
    write_emnist(tmp_path, "digits", np.arange(10))
    local = open_source(DatasetSpec(source=str(tmp_path)))
    with http_server({f"/e/{path.name}": path.read_bytes() for path in tmp_path.iterdir()}) as url:
        for address in (f"{url}/e", f"{url}/e/emnist-digits"):
            there = open_source(DatasetSpec(source=address))
            assert there.fingerprint() == local.fingerprint()
            np.testing.assert_array_equal(pixels(there), pixels(local))


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    folder = tmp_path_factory.mktemp("emnist")
    write_emnist(folder, "letters", np.arange(1, 4), "1 65 97\n2 66 98\n3 67 99\n")
    return folder, {path: path.read_bytes() for path in sorted(folder.iterdir())}


@given(st.integers(0, 4), damages(400))
def test_damage_is_refused_or_read(three, number, damage):
    folder, contents = three
    path = list(contents)[number]
    try:
        path.write_bytes(damaged(contents[path], damage))
        read_or_refuse(folder, test=1)
    finally:
        path.write_bytes(contents[path])
