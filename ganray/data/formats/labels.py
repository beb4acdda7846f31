"""The label columns of a set's files as numbers 0 … k-1, and the names of the classes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Int32

from ganray.data.rows import class_name, natural_order, refuse_gaps
from ganray.data.spec import UNLABELLED
from ganray.errors import RefusedInput
from ganray.wording import short_list


@dataclass(frozen=True)
class Labelled:
    """What one file says of classes.

    Attributes:
        where: the file, for messages.
        count: how many rows the file has; Spark and others write files without any.
        labels: a label for each row; None for a set without.
        metadata: of the file's schema.
        sizes: bytes of every column of every row group; those of equal files are equal.
    """

    where: str
    count: int
    labels: pa.ChunkedArray | None
    metadata: dict[bytes, bytes]
    sizes: tuple[int, ...]


def labels_of(parts: list[Labelled], where: str) -> tuple[Int32[np.ndarray, "n"], list[str]]:
    """The class of each row of all files, and the names of the classes.

    Names are strings among the labels, in natural order, or what the files' metadata say of
    integers, or else the integers.

    Raises:
        RefusedInput: there are no rows; labels are of other types, of differing ones, empty or
            with gaps; names contradict each other.
    """
    filled = [part for part in parts if part.count]
    if not filled:
        raise RefusedInput(f"{where} holds no rows")
    bare = [part for part in filled if part.labels is None]
    if len(bare) == len(filled):
        return np.zeros(sum(part.count for part in filled), np.int32), [UNLABELLED]
    if bare:
        raise RefusedInput(f"{bare[0].where} has no labels, but other files of {where} have")
    _refuse_types(filled, where)
    chunks = [chunk for part in filled if part.labels is not None for chunk in part.labels.chunks]
    if all(pa.types.is_integer(chunk.type) for chunk in chunks):
        numbers = np.concatenate([chunk.to_numpy() for chunk in chunks])
        names = _names_in(parts, where) or [str(k) for k in range(len(np.unique(numbers)))]
        refuse_gaps(numbers, names, where)
        return numbers.astype(np.int32), names
    text = pa.chunked_array([chunk.cast(pa.string()) for chunk in chunks]).combine_chunks()
    encoded = text.dictionary_encode()
    found = [class_name(name, where) for name in encoded.dictionary.to_pylist()]
    names = natural_order(sorted(set(found)))
    rank = {name: k for k, name in enumerate(names)}
    return np.asarray([rank[name] for name in found], np.int32)[encoded.indices.to_numpy()], names


def notes_of(parts: list[Labelled]) -> str | None:
    """The notes that the first file with any has in its metadata.

    Raises:
        RefusedInput: they are no UTF-8.
    """
    noted = next((part for part in parts if b"notes" in part.metadata), None)
    return None if noted is None else _text(noted, b"notes")


def _refuse_types(parts: list[Labelled], where: str) -> None:
    typed = [(part, part.labels.type) for part in parts if part.labels is not None]
    first, expected = typed[0][0], ""
    for part, kind in typed:
        if not (pa.types.is_integer(kind) or is_text(kind)):
            raise RefusedInput(f"{part.where}: column label (={kind}); valid: integers or strings")
        found = "strings" if is_text(kind) else "integers"
        expected = expected or found
        if found != expected:
            raise RefusedInput(
                f"{where}: labels are {expected} in {first.where}, but {found} in {part.where}; "
                f"they must be one"
            )


def is_text(kind: pa.DataType) -> bool:
    """Whether values of this type are strings, in any of Arrow's layouts."""
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return (
        pa.types.is_string(value)
        or pa.types.is_large_string(value)
        or pa.types.is_string_view(value)
    )


def _names_in(parts: list[Labelled], where: str) -> list[str]:
    """The class names in the files' metadata, which agree; none where no file has any."""
    named = [(part, names) for part in parts if (names := _names_of(part))]
    if not named:
        return []
    first, names = named[0]
    for part, others in named:
        if others != names:
            raise RefusedInput(
                f"{where}: classes are called {short_list(names)} in {first.where}, but "
                f"{short_list(others)} in {part.where}; they must be one list"
            )
    return names


def _names_of(part: Labelled) -> list[str]:
    if b"class_names" in part.metadata:
        names = _json(part, b"class_names")
    elif b"huggingface" in part.metadata:
        names = _json(part, b"huggingface")
        for key in ("info", "features", "label", "names"):
            names = names.get(key) if isinstance(names, dict) else None
    else:
        return []
    if not isinstance(names, list | None):
        raise RefusedInput(f"{part.where}: class_names (={names!r}) must be a list of names")
    return [class_name(str(name), part.where) for name in names or []]


def _json(part: Labelled, key: bytes) -> Any:
    try:
        return json.loads(_text(part, key))
    except (ValueError, RecursionError) as error:
        if isinstance(error, RefusedInput):
            raise
        raise RefusedInput(
            f"{part.where}: {key.decode()} in the schema's metadata is no JSON ({error})"
        ) from None


def _text(part: Labelled, key: bytes) -> str:
    try:
        return part.metadata[key].decode()
    except UnicodeDecodeError as error:
        raise RefusedInput(
            f"{part.where}: {key.decode()} in the schema's metadata is no UTF-8 ({error})"
        ) from None
