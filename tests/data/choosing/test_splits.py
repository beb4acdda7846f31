from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganray.data import DatasetSpec
from ganray.data.choosing.splits import apportion, assign_splits, last_of_each_class
from ganray.data.rows import Rows
from ganray.errors import RefusedInput


def rows(labels: list[int], splits: list[int] | None = None, by_class: bool = True) -> Rows:
    return Rows(
        name="toy",
        shape=(1, 2, 2),
        class_names=[str(k) for k in range(max(labels) + 1)],
        labels=np.asarray(labels, dtype=np.int32),
        splits=np.asarray(splits or [0] * len(labels), dtype=np.uint8),
        stream=lambda: iter(()),
        fingerprint=lambda: "",
        by_class=by_class,
    )


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.data())
def test_apportion_is_hamiltons_method(sizes, data):
    count = data.draw(st.integers(0, sum(sizes)))
    quotas = [Fraction(count * size, sum(sizes)) for size in sizes]
    expected = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(sizes)), key=lambda k: (expected[k] - quotas[k], k))
    for k in by_remainder[: count - sum(expected)]:
        expected[k] += 1
    assert apportion(np.asarray(sizes), count).tolist() == expected


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.data())
def test_the_last_rows_of_each_class_are_marked(labels, data):
    labels = np.unique(labels, return_inverse=True)[1]
    count = data.draw(st.integers(0, len(labels)))
    marked = last_of_each_class(labels.astype(np.int32), count)
    shares = apportion(np.bincount(labels), count)
    for k, share in enumerate(shares):
        of_class = np.flatnonzero(labels == k)
        assert np.flatnonzero(marked & (labels == k)).tolist() == (
            of_class[len(of_class) - share :].tolist()
        )


def test_defaults_are_one_seventh_for_test_and_then_one_sixth_held_out():
    splits = assign_splits(rows([0, 1] * 35), DatasetSpec())
    assert np.bincount(splits).tolist() == [50, 10, 10]
    assert splits[-10:].tolist() == [2] * 10
    assert splits[-20:-10].tolist() == [1] * 10


def test_published_order_counts_where_the_format_says_so():
    labels = [0, 1, 0, 1, 0, 1, 1, 1, 0, 1]
    splits = assign_splits(rows(labels, [0] * 8 + [2] * 2, by_class=False), DatasetSpec(held_out=2))
    assert splits.tolist() == [0] * 6 + [1] * 2 + [2] * 2


def test_the_sources_own_splits_are_kept():
    own = [0, 0, 1, 2, 2, 0, 0, 1]
    splits = assign_splits(rows([0, 1, 0, 0, 1, 0, 1, 1], own), DatasetSpec(held_out=2))
    assert splits.tolist() == own


def test_nothing_is_held_out_on_request():
    assert 1 not in assign_splits(rows([0, 1] * 10), DatasetSpec(held_out=0, test=2))


@pytest.mark.parametrize(
    ("labels", "own", "spec", "message"),
    [
        ([0] * 10, None, {"held_out": 9}, r"held_out \(=9\).* 9 training images.*at most 8"),
        ([0] * 10, None, {"test": 10}, r"test \(=10\).* 10 training images.*at most 9"),
        ([0] * 4, [0, 0, 0, 2], {"test": 2}, r"test \(=2\).*of its own, of 1 images"),
        ([0] * 4, [0, 0, 1, 2], {"held_out": 3}, r"held_out \(=3\).*of its own, of 1 images"),
        ([0, 0, 1, 0], [0, 0, 0, 2], {"held_out": 0}, "no test images of class 1"),
        ([0, 1, 1], [0, 2, 2], {"held_out": 0}, "no train images of class 1"),
    ],
)
def test_impossible_splits_are_refused(labels, own, spec, message):
    with pytest.raises(RefusedInput, match=message):
        assign_splits(rows(labels, own), DatasetSpec(**spec))
