"""Which columns of a table hold images, labels and splits: by their names, types and metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ganray.data.formats.columnar.fields import field_called, is_list, names_within
from ganray.data.rows import split_code, words_of
from ganray.data.spec import Columns
from ganray.errors import RefusedInput, one_line
from ganray.text.wording import short_list

_LABELS = ("labels", "class", "category", "target", "y", "class_name", "class_label")
"""Names of columns that are taken for the labels where none is called `label`."""
_MAY_BE_LABELS = {"label", "labels", "class", "category", "target"}
_INDEX = re.compile(r"__index_level_[0-9]+__|Unnamed: [0-9]+")  # which pandas writes along


@dataclass(frozen=True)
class Chosen:
    """The names of columns; none of what a table does not hold.

    Attributes:
        noted: whether a column is taken that is not called as expected.
        splits_are_told: whether a setting says which column tells splits, or that none does.
    """

    image: str
    label: str | None
    split: str | None
    noted: str = ""
    splits_are_told: bool = False


def chosen_columns(
    schema: pa.Schema, asked: Columns, partitions: Sequence[str], where: str
) -> Chosen:
    """The columns of a set.

    Args:
        partitions: further columns, which the file's folders hold (`label=3/`).

    Raises:
        RefusedInput: naming the columns that there are, and the setting that chooses.
    """
    names = [*schema.names, *partitions]
    split = _split(schema, asked.split, where)
    image = _image(schema, asked.image, where)
    beside = {image.partition(".")[0], split, *_indices(schema)}
    others = [name for name in names if name not in beside]
    label = _label(schema, asked.label, others, partitions, where)
    taken = [image] if asked.image is None and image != "image" else []
    taken += [label] if asked.label is None and label not in (None, "label") else []
    noted = f"Read from the column{'s' * (len(taken) > 1)} {_listed(taken)}." if taken else ""
    return Chosen(image, label, split, noted, asked.split is not None)


def _indices(schema: pa.Schema) -> set[str]:
    """The columns in which pandas has kept the numbers of rows."""
    told = _told(schema.metadata or {}, b"pandas").get("index_columns")
    named = [name for name in (told if isinstance(told, list) else []) if isinstance(name, str)]
    found = {*named, *filter(_INDEX.fullmatch, schema.names)}
    return {name for name in found if name.lower() not in ("label", *_LABELS)}


def tells_classes(name: str, asked: str | bool | None) -> bool:
    """Whether a folder's column, such as `label=3`, may be that of the classes."""
    return name == asked or (asked is None and name.lower() in ("label", *_LABELS))


def tells_things(name: str, value: str) -> bool:
    """Whether a folder such as `species=cat` tells something of what the images show."""
    is_split = split_code(name) is not None or split_code(value) is not None
    return not is_split and name.lower() not in ("split", "config", "config_name", "dataset")


def is_bytes(kind: pa.DataType) -> bool:
    """Whether values of this type are bytes, in any of Arrow's layouts."""
    return (
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)
    )


def is_encoded(kind: pa.DataType) -> bool:
    """Whether a column of images of this type holds picture files, or their paths."""
    kind = _innermost(kind)
    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0 or kind.get_field_index("path") >= 0
    return is_bytes(kind) or is_text(kind)


def is_text(kind: pa.DataType) -> bool:
    """Whether values of this type are strings, in any of Arrow's layouts."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _innermost(kind: pa.DataType) -> pa.DataType:
    """Of lists of one and of dictionaries: the type of their values."""
    if pa.types.is_dictionary(kind):
        return _innermost(kind.value_type)
    if is_list(kind) and not pa.types.is_integer(kind.value_type) and not is_list(kind.value_type):
        return _innermost(kind.value_type)
    return kind


def _split(schema: pa.Schema, asked: str | bool | None, where: str) -> str | None:
    if asked is False:
        return None
    if asked:
        return _only_one(str(asked), schema, [], "split", where)
    if schema.names.count("split") > 1:
        raise RefusedInput(
            f"{where} has two columns 'split'; it has {_listed(schema.names)}; drop one"
        )
    return "split" if "split" in schema.names else None


def _image(schema: pa.Schema, asked: str | None, where: str) -> str:
    if asked or "image" in schema.names:
        return _only_one(asked or "image", schema, [], "image", where)
    told = [name for name, kind in _features(schema).items() if kind == "Image"]
    alike = [name for name in told if name in schema.names] or [
        one.name for one in schema if _looks_like_images(one.type)
    ]
    if len(alike) == 1:
        return alike[0]
    within = names_within(schema)
    fields = [field for name in within if (field := field_called(schema, name))]
    alike = alike or [field.name for field in fields if _looks_like_images(field.kind)]
    said = f" ({_listed(alike)} may be meant)" if alike else ""
    raise RefusedInput(
        f"{where} lacks the column 'image'; it has {_listed(within)}; name the one "
        f"of images by data.columns.image{said}"
    )


def _looks_like_images(kind: pa.DataType) -> bool:
    inner = _innermost(kind)
    if isinstance(kind, pa.FixedShapeTensorType) or is_bytes(inner):
        return True
    if pa.types.is_struct(inner):
        return inner.get_field_index("bytes") >= 0
    depth = 0
    while is_list(kind):
        kind, depth = kind.value_type, depth + 1
    return (depth >= 1 and kind == pa.uint8()) or (depth >= 2 and pa.types.is_integer(kind))


def _label(
    schema: pa.Schema,
    asked: str | bool | None,
    others: Sequence[str],
    partitions: Sequence[str],
    where: str,
) -> str | None:
    names = [*schema.names, *partitions]
    if asked is False:
        return None
    if asked or "label" in names:
        return _only_one(str(asked or "label"), schema, partitions, "label", where)
    told = [name for name, kind in _features(schema).items() if kind == "ClassLabel"]
    alike = [name for name in told if name in names] or [
        n for n in others if n.lower() in ("label", *_LABELS)
    ]
    if len(alike) == 1:
        return alike[0]
    if not others:
        return None
    within = [*names_within(schema), *partitions]
    alike = alike or [name for name in within if _MAY_BE_LABELS.intersection(words_of(name))]
    said = f" ({_listed(alike)} may be meant)" if alike else ""
    raise RefusedInput(
        f"{where} lacks the column 'label'; it has {_listed(within)}; name the one of classes by "
        f"data.columns.label{said}, or say that there are none by data.columns.label=false"
    )


def _only_one(
    name: str, schema: pa.Schema, partitions: Sequence[str], what: str, where: str
) -> str:
    """The name, where there is one column of it, or else one field in the columns."""
    names = [*schema.names, *partitions]
    if names.count(name) == 1 or (name not in names and field_called(schema, name)):
        return name
    lacks = "has two columns" if name in names else "lacks the column"
    raise RefusedInput(
        f"{where} {lacks} {name!r}; it has {_listed([*names_within(schema), *partitions])}; "
        f"data.columns.{what} names another"
    )


def _listed(names: Sequence[str]) -> str:
    """Names of columns on one line, whatever is in them."""
    return short_list([one_line(name)[:100] for name in names]) or "no columns"


def _features(schema: pa.Schema) -> dict[str, str]:
    """Column → what Hugging Face's `datasets` says that it holds: Image, ClassLabel, …."""
    return {
        name: str(feature.get("_type"))
        for name, feature in features_of(schema.metadata or {}).items()
        if isinstance(feature, dict)
    }


def features_of(metadata: dict[bytes, bytes]) -> dict[str, Any]:
    """What Hugging Face's `datasets` says of the columns; nothing where it says nothing."""
    info = _told(metadata, b"huggingface").get("info")
    features = info.get("features") if isinstance(info, dict) else None
    return features if isinstance(features, dict) else {}


def _told(metadata: dict[bytes, bytes], who: bytes) -> dict[str, Any]:
    """What a library has written down in a schema's metadata; nothing where it is no JSON."""
    try:
        told = json.loads(metadata.get(who, b"{}"))
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
