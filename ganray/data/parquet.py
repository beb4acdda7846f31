"""Parquet sources: columns `image`, `label` and, where there is one, `split`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Int32, UInt8

from ganray.data.columns import images_of_column
from ganray.data.decoding import JPEG_NOTE, is_jpeg
from ganray.data.location import Location, one_line
from ganray.data.rows import TRAIN, Rows, natural_order, refuse_gaps, rows_per_chunk, split_code
from ganray.errors import RefusedInput
from ganray.spec import canonical_json


@dataclass(frozen=True)
class _File:
    location: Location
    split: int | None  # by the file's name; None where the name says nothing


@dataclass(frozen=True)
class _Columns:
    labels: pa.ChunkedArray
    splits: UInt8[np.ndarray, "n"]
    metadata: dict[bytes, bytes]


def read_parquet(location: Location) -> Rows:
    """One file, or every `*.parquet` below a folder (`train*`, `test*` name the split).

    Labels are integers 0 … k-1, or strings that become the class names. Names of integer labels
    come from the schema's metadata (`class_names` as a JSON list, or HuggingFace's features).

    Raises:
        RefusedInput: for unreadable files, missing columns, nulls, or labels with gaps.
    """
    files = _files(location)
    columns = [_read_columns(file) for file in files]
    labels, names = _labels(columns, location.shown)
    refuse_gaps(labels, names, location.shown)
    first, note = _first_image(files[0])
    metadata = columns[0].metadata
    return Rows(
        name=location.name.removesuffix(".parquet"),
        shape=first.shape[1:],
        class_names=names,
        labels=labels,
        splits=np.concatenate([column.splits for column in columns]),
        stream=lambda: _stream(files, rows_per_chunk(first.shape)),
        fingerprint=lambda: _fingerprint(files),
        notes=metadata.get(b"notes", note.encode()).decode(),
    )


def _files(location: Location) -> list[_File]:
    if location.name.endswith(".parquet"):
        return [_File(location, None)]
    names = [name for name in location.contents() if name.endswith(".parquet")]
    if not names:
        raise RefusedInput(f"{location.shown!r} holds no *.parquet file")
    files = [_File(location.child(name), _split_of_name(name)) for name in natural_order(names)]
    unnamed = [file.location.name for file in files if file.split is None]
    if unnamed and len(unnamed) < len(files):
        raise RefusedInput(
            f"{location.shown!r}: {unnamed[0]!r} does not begin with train, test or validation "
            f"as the other files do"
        )
    return files


def _split_of_name(path: str) -> int | None:
    name = path.rsplit("/", 1)[-1].removesuffix(".parquet")
    return split_code(name.split("-")[0].split(".")[0].rstrip("_0123456789"))


@contextmanager
def _opened(file: _File) -> Iterator[pq.ParquetFile]:
    try:
        with file.location.open() as raw:
            # pre_buffer would hold whole row groups, which published files make as big as the set
            yield pq.ParquetFile(raw, pre_buffer=False, buffer_size=1 << 20)
    except (pa.ArrowException, UnicodeError) as error:
        raise RefusedInput(
            f"{file.location.shown!r} is no readable Parquet: {one_line(error)}"
        ) from None


def _read_columns(file: _File) -> _Columns:
    with _opened(file) as parquet:
        schema = parquet.schema_arrow
        for name in ("image", "label"):
            if name not in schema.names:
                raise RefusedInput(
                    f"{file.location.shown!r} lacks the column {name!r}; it has "
                    f"{', '.join(schema.names)}"
                )
        wanted = [name for name in ("label", "split") if name in schema.names]
        table = parquet.read(columns=wanted)
    for name in wanted:
        if table[name].null_count:
            raise RefusedInput(
                f"{file.location.shown!r}: {table[name].null_count} rows have no {name}"
            )
    return _Columns(table["label"], _splits(table, file), dict(schema.metadata or {}))


def _splits(table: pa.Table, file: _File) -> UInt8[np.ndarray, "n"]:
    if "split" not in table.column_names:
        return np.full(len(table), file.split or TRAIN, dtype=np.uint8)
    column = table["split"].cast(pa.string()).combine_chunks().dictionary_encode()
    codes = [split_code(name) for name in column.dictionary.to_pylist()]
    if None in codes:
        raise RefusedInput(
            f"{file.location.shown!r}: split (={column.dictionary[codes.index(None)].as_py()!r}) "
            f"must be train, held_out or test"
        )
    return np.asarray(codes, dtype=np.uint8)[column.indices.to_numpy()]


def _labels(columns: list[_Columns], where: str) -> tuple[Int32[np.ndarray, "n"], list[str]]:
    chunks = [chunk for column in columns for chunk in column.labels.chunks]
    if all(pa.types.is_integer(chunk.type) for chunk in chunks):
        numbers = np.concatenate([chunk.to_numpy() for chunk in chunks])
        names = _names_in(columns[0].metadata) or [str(k) for k in range(len(np.unique(numbers)))]
        return np.clip(numbers, -1, np.iinfo(np.int32).max).astype(np.int32), names
    for chunk in chunks:
        if not _is_text(chunk.type):
            raise RefusedInput(f"{where}: column label (={chunk.type}); valid: integers or strings")
    text = pa.chunked_array([chunk.cast(pa.string()) for chunk in chunks]).combine_chunks()
    encoded = text.dictionary_encode()
    found = encoded.dictionary.to_pylist()
    names = natural_order(found)
    rank = np.asarray([names.index(name) for name in found], dtype=np.int32)
    return rank[encoded.indices.to_numpy()], names


def _is_text(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(value) or pa.types.is_large_string(value)


def _names_in(metadata: dict[bytes, bytes]) -> list[str]:
    if b"class_names" in metadata:
        return [str(name) for name in json.loads(metadata[b"class_names"])]
    if b"huggingface" in metadata:
        features = json.loads(metadata[b"huggingface"]).get("info", {}).get("features", {})
        return [str(name) for name in features.get("label", {}).get("names", [])]
    return []


def _first_image(file: _File) -> tuple[UInt8[np.ndarray, "1 c h w"], str]:
    with _opened(file) as parquet:
        column = next(parquet.iter_batches(1, columns=["image"])).column(0)
    value = column[0].as_py()
    data = value.get("bytes") if isinstance(value, dict) else value
    note = JPEG_NOTE if isinstance(data, bytes) and is_jpeg(data) else ""
    return images_of_column(column, 0, file.location.shown), note


def _stream(files: list[_File], rows: int) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
    for file in files:
        first_row = 0
        with _opened(file) as parquet:
            for batch in parquet.iter_batches(rows, columns=["image"]):
                yield images_of_column(batch.column(0), first_row, file.location.shown)
                first_row += len(batch)


def _fingerprint(files: list[_File]) -> str:
    layout = [[file.split, file.location.sha256()] for file in files]
    return hashlib.sha256(canonical_json({"format": "parquet", "files": layout})).hexdigest()
