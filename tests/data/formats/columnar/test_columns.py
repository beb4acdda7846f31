"""Which columns are taken, by their names, types and metadata."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from ganray.data.formats.columnar.columns import (
    chosen_columns,
    is_encoded,
    tells_classes,
    tells_things,
)
from ganray.data.spec import Columns
from ganray.errors import RefusedInput

BYTES, NUMBERS = pa.binary(), pa.int64()
STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SAMPLE = pa.struct([("image", STRUCT), ("label", NUMBERS)])
OBJECTS = pa.struct([("bbox", pa.list_(pa.float32())), ("category", pa.list_(NUMBERS))])


def chosen(asked=None, partitions=(), features=None, **columns):
    schema = pa.schema(list(columns.items()))
    if features is not None:
        told = {"info": {"features": {name: {"_type": kind} for name, kind in features.items()}}}
        schema = schema.with_metadata({"huggingface": json.dumps(told)})
    found = chosen_columns(schema, Columns(**(asked or {})), list(partitions), "'a'")
    return found.image, found.label, found.split, found.noted


@pytest.mark.parametrize(
    ("columns", "right"),
    [
        ({"image": BYTES, "label": NUMBERS, "x": NUMBERS}, ("image", "label", None, "")),
        ({"image": BYTES}, ("image", None, None, "")),
        ({"image": BYTES, "split": pa.string()}, ("image", None, "split", "")),
        (
            {"Image": STRUCT, "Label": NUMBERS},
            ("Image", "Label", None, "Read from the columns Image, Label."),
        ),
        (
            {"pixel_values": pa.list_(pa.list_(NUMBERS)), "label": NUMBERS},
            ("pixel_values", "label", None, "Read from the column pixel_values."),
        ),
        (
            {"image": BYTES, "label": NUMBERS, "Label": NUMBERS, "class": NUMBERS},
            ("image", "label", None, ""),
        ),
        ({"a\nb": BYTES, "label": NUMBERS}, ("a\nb", "label", None, "Read from the column a b.")),
    ],
)
def test_columns_are_taken_by_their_names_and_types(columns, right):
    assert chosen(**columns) == right


def test_metadata_and_settings_choose():
    two = {"a": STRUCT, "b": STRUCT, "fine": NUMBERS, "coarse": NUMBERS}
    told = {"a": "Image", "coarse": "ClassLabel"}
    noted = "Read from the columns a, coarse."
    assert chosen(features=told, **two) == ("a", "coarse", None, noted)
    assert chosen({"image": "b", "label": "fine"}, **two) == ("b", "fine", None, "")
    assert chosen({"image": "b", "label": False}, **two)[1] is None
    assert chosen(partitions=["label"], image=BYTES)[1] == "label"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "lacks the column 'image'; it has no columns; name"),
        ({"label": NUMBERS}, "lacks the column 'image'; it has label; name"),
        ({"a": BYTES, "b": BYTES, "label": NUMBERS}, "it has a, b, label; name the one of images"),
        ({"image": BYTES, "fine": NUMBERS, "coarse": NUMBERS}, "it has image, fine, coarse; name"),
        ({"image": BYTES, "y": NUMBERS, "target": NUMBERS}, "(y, target may be meant)"),
        ({"a\nb": BYTES, "c\rd": BYTES}, "it has a b, c d; name"),
        ({"left": STRUCT, "right": STRUCT}, "data.columns.image (left, right may be meant)"),
        (
            {"sample": SAMPLE},
            "it has sample.image, sample.label; name the one of images by "
            "data.columns.image (sample.image may be meant)",
        ),
        (
            {"image": STRUCT, "objects": OBJECTS},
            "it has image, objects.bbox, objects.category; "
            "name the one of classes by data.columns.label (objects.category may be meant), or say",
        ),
        (
            {"image": STRUCT, "fine_label": NUMBERS, "coarse_label": NUMBERS},
            "(fine_label, coarse_label may be meant), or say",
        ),
        ({"x" * 9000: NUMBERS}, "x; name"),
    ],
)
def test_what_is_not_clear_is_refused_in_one_short_line(columns, said):
    with pytest.raises(RefusedInput) as refusal:
        chosen(**columns)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 1000


@pytest.mark.parametrize("name", ["__index_level_0__", "Unnamed: 0", "id"])
def test_what_pandas_writes_along_is_no_class(name):
    schema = pa.schema([("image", BYTES), (name, NUMBERS)])
    schema = schema.with_metadata({"pandas": json.dumps({"index_columns": [name, {"kind": "r"}]})})
    assert chosen_columns(schema, Columns(), [], "'a'").label is None
    kept = pa.schema([("image", BYTES), ("label", NUMBERS)], schema.metadata)
    assert chosen_columns(kept, Columns(), [], "'a'").label == "label"
    named = pa.schema([("image", BYTES), ("target", NUMBERS)])
    named = named.with_metadata({"pandas": json.dumps({"index_columns": ["target"]})})
    assert chosen_columns(named, Columns(), [], "'a'").label == "target"


def test_fields_in_columns_are_named_by_their_paths():
    nested = {
        "sample": SAMPLE,
        "objects": pa.list_(OBJECTS),
        "meta": pa.struct([("s", pa.string())]),
    }
    asked = {"image": "sample.image", "label": "sample.label", "split": "meta.s"}
    assert chosen(asked, **nested)[:3] == ("sample.image", "sample.label", "meta.s")
    assert chosen(asked | {"label": "objects.category"}, **nested)[1] == "objects.category"
    for lost in ("sample", "sample.label.x", "sample.", ".label", "objects.list.category"):
        with pytest.raises(RefusedInput, match=r"lacks the column .*sample.label.*names another"):
            chosen(asked | {"label": f"{lost}y"}, **nested)
    assert chosen({"label": "a.b"}, **{"image": BYTES, "a.b": NUMBERS})[1] == "a.b"


def test_settings_say_where_splits_are():
    columns = {"image": BYTES, "split": pa.string(), "subset": pa.string()}
    assert chosen({"split": "subset", "label": False}, **columns)[2] == "subset"
    assert chosen({"split": False, "label": False}, **columns)[2] is None
    with pytest.raises(RefusedInput, match=r"lacks the column 'sub'; .*data.columns.split names"):
        chosen({"split": "sub"}, **columns)


def test_columns_of_one_name_are_refused():
    for name, wanted in (("image", "label"), ("label", "image"), ("split", "image")):
        schema = pa.schema([("image", BYTES), (wanted, NUMBERS), (name, BYTES), (name, BYTES)])
        with pytest.raises(RefusedInput, match=r"has two columns"):
            chosen_columns(schema, Columns(), [], "'a'")


def test_types_of_pictures_are_told_from_pixels():
    text = pa.dictionary(pa.int32(), pa.string())
    for kind in (BYTES, pa.large_binary(), pa.binary_view(), STRUCT, pa.list_(STRUCT), text):
        assert is_encoded(kind)
    for kind in (pa.list_(pa.uint8()), pa.list_(pa.list_(NUMBERS)), pa.binary(9), NUMBERS):
        assert not is_encoded(kind)


def test_folders_tell_classes_or_things_or_neither():
    assert tells_classes("Label", None)
    assert tells_classes("species", "species")
    assert not tells_classes("species", None)
    assert not tells_classes("label", False)
    assert tells_things("species", "cat")
    for name, value in (("split", "train"), ("part", "test"), ("config", "small")):
        assert not tells_things(name, value)
