from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganray.data import DatasetSpec, open_source
from ganray.data.rows import joined_notes, natural_order, numbered, rows_per_chunk, split_code
from ganray.errors import RefusedInput


def test_notes_are_one_line_that_a_terminal_shows():
    assert joined_notes("", "Read from a\x1b[2J\n/.", "Café.") == r"Read from a\x1b[2J /. Café."


def test_numbers_within_names_are_compared_as_numbers():
    names = ["10", "9", "img2", "img10", "img1b", "a", "010"]
    assert natural_order(names) == ["9", "010", "10", "a", "img1b", "img2", "img10"]


@given(st.lists(st.text(max_size=5), unique=True))
def test_the_order_does_not_depend_on_the_order_given(names):
    assert natural_order(names) == natural_order(names[::-1])
    assert sorted(natural_order(names)) == sorted(names)


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_numeric_names_are_sorted_as_numbers(numbers):
    assert natural_order([str(n) for n in numbers]) == [str(n) for n in sorted(numbers)]


def test_names_of_splits():
    assert [split_code(name) for name in ("train", "Validation", "held_out", "test")] == [
        0,
        1,
        1,
        2,
    ]
    assert split_code("cat") is None


def test_a_chunk_has_at_least_one_image():
    assert rows_per_chunk((3, 4096, 4096)) == 1
    assert rows_per_chunk((1, 1024, 1024)) == 4


def test_whole_numbers_become_labels_in_their_order():
    labels, names = numbered(np.asarray([7, -3, 7, 2**40, -1]), [], "set")
    assert (labels.tolist(), names) == ([1, 0, 1, 2, -1], ["-3", "7", str(2**40)])
    labels, names = numbered(np.asarray([3, 0, 3, -1]), ["a", "b", "c", "d"], "set")
    assert (labels.tolist(), names) == ([1, 0, 1, -1], ["a", "d"])
    for values, told, said in (
        ([0, 4], ["a", "b"], r"set: labels \(=0, 4\) must lie in 0 … 1, the places of .* a, b"),
        ([-2, 0], ["a", "b"], r"labels \(=-2, 0\) must lie in"),
        ([-1, 1, 1], [], r"labels \(=-1, 1\): -1 says elsewhere"),
        ([], [], "set holds no rows"),
        (range(100_001), [], "100,001 different labels, more than 100,000 classes"),
    ):
        with pytest.raises(RefusedInput, match=said):
            numbered(np.asarray(values, np.int64), told, "set")


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["a", "b", "a"], "'a'"),
        (["caf\u00e9", "cafe\u0301", "tea"], "'caf\u00e9'"),
    ],
)
def test_classes_of_one_name_are_refused(tmp_path, names, told):
    """The second é is an e and an accent."""
    images = pa.array([bytes(64)] * 30, pa.binary(64))
    table = pa.table({"image": images, "label": [k % 3 for k in range(30)]})
    metadata = {"class_names": json.dumps(names)}
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "x.parquet")
    with pytest.raises(RefusedInput, match=rf"x.parquet': class names \(={told}\) are each given"):
        open_source(DatasetSpec(source=str(tmp_path / "x.parquet")))
    features = {"label": {"names": names}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "x.parquet")
    with pytest.raises(RefusedInput, match="must have a name of its own"):
        open_source(DatasetSpec(source=str(tmp_path / "x.parquet")))
