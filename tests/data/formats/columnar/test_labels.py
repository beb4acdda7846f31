"""Columns of labels, of every type that people write, as classes 0 … k-1 with names."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganray.data.formats.columnar.labels import Labelled, labels_of
from ganray.data.rows import natural_order
from ganray.errors import RefusedInput
from tests.data.formats.hostile import refused


def part(labels, metadata=None, where="'a'"):
    array = labels if isinstance(labels, pa.Array) else pa.array(labels)
    return Labelled(where, len(array), "label", pa.chunked_array([array]), metadata or {}, ())


def read(*arrays, **metadata):
    told = {name.encode(): value.encode() for name, value in metadata.items()}
    labels, names = labels_of([part(array, told) for array in arrays], "'set'")
    return [names[label] if label >= 0 else None for label in labels]


NUMBERS = [pa.int8(), pa.uint16(), pa.uint64(), pa.float16(), pa.float32(), pa.float64()]


@pytest.mark.parametrize("kind", NUMBERS, ids=str)
def test_whole_numbers_of_any_type_are_classes(kind):
    assert read(pa.array(np.asarray([7, 0, 7, 10]), pa.int64()).cast(kind)) == ["7", "0", "7", "10"]


WHOLE = {**dict.fromkeys((pa.decimal128(9, 0), pa.decimal256(40, 2)), Decimal),
         **dict.fromkeys((*NUMBERS, pa.int64(), pa.uint8()), int)}  # fmt: skip
MISSING = {"none": [], "null": [None], "-1": [-1, None], "NaN": [float("nan"), None],
           "NaN and -1": [float("nan"), -1]}  # fmt: skip
WRITTEN = {
    "plain": lambda array: [array],
    "dictionary": lambda array: [array.dictionary_encode()],
    "lists of one": lambda array: [pa.ListArray.from_arrays(range(len(array) + 1), array)],
    "two files": lambda array: [array[:2], array[2:]],
}


@pytest.mark.parametrize("kind", WHOLE, ids=str)
@pytest.mark.parametrize("missing", MISSING)
def test_numbers_from_anywhere_may_be_missing(kind, missing):
    """Neither null nor NaN nor -1 is a class, whatever the others are."""
    gone = MISSING[missing]
    if (-1 in gone and pa.types.is_unsigned_integer(kind)) or (
        gone[:1] and gone[0] not in (None, -1) and not pa.types.is_floating(kind)
    ):
        return  # no column holds it
    for values in ([0, 1], [1, 2], [5, 5], [2, 0], *([[1, 1]] if -1 not in gone else [])):
        make = float if pa.types.is_floating(kind) else WHOLE[kind]
        whole = [value if value is None else make(value) for value in [*values, *gone]]
        array = pa.array(whole, pa.float64()).cast(kind) if make is float else pa.array(whole, kind)
        right = [*map(str, values), *[None] * len(gone)]
        for way, written in WRITTEN.items():
            assert read(*written(array)) == right, (way, values)


TEXTS = [pa.string(), pa.large_string(), pa.binary(), pa.bool_()]


@pytest.mark.parametrize("kind", TEXTS, ids=str)
def test_names_and_truths_may_be_missing(kind):
    values = [True, None, False] if kind == pa.bool_() else ["b", None, "a"]
    right = ["true", None, "false"] if kind == pa.bool_() else values
    for way, written in WRITTEN.items():
        assert read(*written(pa.array(values, kind))) == right, way


@pytest.mark.parametrize(
    "bare",
    [pa.nulls(2), pa.nulls(2, pa.string()), [np.nan, None], [-1, -1], pa.nulls(2, pa.date32())],
)
def test_a_file_without_any_label_goes_with_every_other(bare):
    """Its type says nothing: pandas writes NaN for names, Hive knows none of a null folder."""
    for labels in (["b", "a"], [2, 2], [True, False]):
        right = read(labels)
        assert read(bare, labels) == [None, None, *right]
        assert read(labels, bare) == [*right, None, None]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view(), pa.binary()])
def test_texts_of_any_type_are_names(kind):
    assert read(pa.array(["b", None, "a"], kind)) == ["b", None, "a"]
    assert read(pa.array(["10", "9"], kind), pa.array(["9"], pa.string())) == ["10", "9", "9"]


def test_lists_of_one_and_dictionaries_are_what_they_hold():
    assert read([[3], [5]]) == ["3", "5"]
    assert read([[["x"]], [[]], None]) == ["x", None, None]
    assert read(pa.array([[3], [5]], pa.list_(pa.int64(), 1))) == ["3", "5"]
    assert read(pa.array(["x", None]).dictionary_encode()) == ["x", None]
    assert read([True, False, None]) == ["true", "false", None]
    assert read([None, None]) == [None, None]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (pa.array([b"\xff", b"a"]), "holds bytes that are no UTF-8"),
        ([0.0, np.inf], "label (=inf) is too large"),
        ([0.0, -np.inf], "label (=-inf) is too large"),
        ([0.0, 1e300], "label (=1e+300) is too large"),
        ([0.0, 2.0**53 + 2], "is too large"),
        ([0.0, 0.5], "label (=0.5) is no whole number"),
        (pa.array([0, 1 << 63], pa.uint64()), "is too large"),
        ([Decimal(0), Decimal("0.5")], "label (=0.5) is no whole number; valid: whole numbers"),
        ([None, Decimal(10**40)], f"label (={10**40}) is too large; valid: whole numbers"),
        ([-1, 1, None], "labels (=-1, 1): -1 says elsewhere"),
        ([[1, 2], [1], []], "1 of 3 rows have several labels in the column label, up to 2"),
        ([{"a": 1}], "label (=struct<a: int64>) holds several values; name a field of it by"),
        ([datetime.date(2000, 1, 1)], "column label (=date32[day])"),
        (["a", ""], "class (='') is no name"),
        (["a", "b\nc"], "is no name"),
        (["a", "b\u2028c"], "is no name"),
        (["a", "9" * 5000], "has 5,000 characters, more than 1,000; is another column"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_class_is_refused_in_one_short_line(labels, said):
    refusal = refused(lambda: read(labels))
    assert said in refusal
    assert len(refusal) < 700


@pytest.mark.parametrize("names", ["3", '"ab"', "[[1]]", "[null]", "{}", "[", "[true]"])
def test_names_that_are_none_are_refused(names):
    assert "class_names" in refused(lambda: read([0, 0], class_names=names))


def test_names_number_the_labels():
    assert read([1, 0], class_names='["cat", 7]') == ["7", "cat"]
    assert "must lie in 0 … 0" in refused(lambda: read([1, 0], class_names='["cat"]'))
    hub = {"info": {"features": {"label": {"names": ["a", "b"]}}}}
    assert read([1, 0], huggingface=json.dumps(hub)) == ["b", "a"]
    for damaged in ("{", "[]", '{"info": []}', "[" * 100_000):
        assert read([1, 0], huggingface=damaged) == ["1", "0"]


def test_files_must_agree():
    assert "but strings in" in refused(lambda: read([0, 1], ["0", "1"]))
    with pytest.raises(RefusedInput, match="holds no rows"):
        labels_of([part(pa.array([], pa.int64()))], "'set'")


@given(st.lists(st.text(st.characters(categories=["Lu", "Nd", "Zs"]), max_size=9)))
@settings(max_examples=60, deadline=None)
def test_natural_order_is_that_of_the_numbers(names):
    found = natural_order(names)
    assert sorted(found) == sorted(names)
    assert natural_order(found[::-1]) == found


@given(st.lists(st.integers(0, 10**30), max_size=9))
@settings(max_examples=60, deadline=None)
def test_digits_are_ordered_as_numbers_of_any_length(numbers):
    known = [f"x{number}" for number in sorted(numbers)]
    assert natural_order(known[::-1]) == known
    assert natural_order(["9" * 5000, "1" * 5000, "2"]) == ["2", "1" * 5000, "9" * 5000]


TYPED = [st.integers(-(1 << 63), (1 << 64) - 1), st.integers(-2, 9), st.floats(),
         st.text(max_size=5), st.binary(max_size=5), st.booleans()]  # fmt: skip


@given(st.sampled_from(TYPED).flatmap(lambda one: st.lists(st.none() | one, max_size=6)))
@settings(max_examples=60, deadline=None)
def test_any_column_is_read_rightly_or_refused(values):
    try:
        array = pa.array(values)
    except (pa.ArrowException, OverflowError, UnicodeError):
        return
    found = []
    if refused(lambda: found.append(read(array))):
        return
    for name, one in zip(found[0], values, strict=True):
        missing = one is None or one in (-1, -1.0) or one != one
        assert (name is None) == missing
        if type(one) is int and not missing:
            assert name == str(one)
