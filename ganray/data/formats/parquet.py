"""Parquet sources: columns of images, labels and, where there is one, `split`."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import UInt8

from ganray.data.formats.columnar.cells import Cells, opened
from ganray.data.formats.columnar.fields import Field, picked
from ganray.data.formats.columnar.file_table import MOST_HELD, FileTable, read_table
from ganray.data.formats.columnar.labels import Labelled, labels_of, notes_of
from ganray.data.formats.columnar.pixel_shapes import PixelShapes
from ganray.data.formats.columnar.pixels import pixels_of_column, refuse_no_pixels
from ganray.data.formats.columnar.shards import SUFFIX, Shard, find_shards, is_parquet
from ganray.data.formats.format import Format
from ganray.data.location import Location
from ganray.data.pictures.encoded import Encoded
from ganray.data.rows import Rows, joined_notes, rows_per_chunk
from ganray.data.spec import Columns
from ganray.errors import RefusedInput
from ganray.spec import canonical_json
from ganray.text.wording import short_list, size

_LOOKED_AT = 16 << 20  # bytes of pixels that a look takes at once
_PAGE = 64 << 20  # bytes that a page had better have at most


def read_parquet(location: Location, asked: Columns) -> Rows | Encoded:
    """One file, or every `*.parquet` below a folder that `find_shards` says is of the set.

    Labels are whole numbers, strings that become the class names, or true and false. Names of
    numbers come from the schema's metadata (`class_names` as a JSON list, or Hugging Face's).

    Raises:
        RefusedInput: for unreadable files, missing columns, or a file that is there twice.
    """
    shards, passed_over = find_shards(location)
    tables = [read_table(shard, asked) for shard in shards]
    parts = [table.labelled for table in tables]
    _refuse_copies(shards, parts)
    labels, names = labels_of(parts, location.shown)
    bare = any(part.labels is None for part in parts if part.count)
    _refuse_unread(tables, location)
    filled = [table for table in tables if table.labelled.count]
    known: dict[str, Any] = {
        "name": location.name.removesuffix(SUFFIX),
        "class_names": names,
        "labels": labels,
        "splits": np.concatenate([table.splits for table in tables]),
        "fingerprint": lambda: _fingerprint(shards),
        "notes": joined_notes(
            notes_of(parts) or "",
            filled[0].chosen.noted,
            _note_of_empty(shards, parts),
            passed_over,
        ),
        "told": "none" if bare else "classes",
    }
    _refuse_large(tables, shards)
    encoded = {table.encoded for table in tables if table.labelled.count}
    if len(encoded) > 1:
        raise RefusedInput(
            f"{location.shown!r}: some files hold encoded pictures, others pixels; make them alike"
        )
    if encoded.pop():
        return _encoded(tables, shards, location, known)
    return _raw([(shard, table) for shard, table in zip(shards, tables, strict=True)
                 if table.labelled.count], known)  # fmt: skip


def _encoded(
    tables: list[FileTable], shards: list[Shard], location: Location, known: dict[str, Any]
) -> Encoded:
    cells = Cells(
        shards,
        [table.image for table in tables],
        [table.labelled.count for table in tables],
        [table.at_once for table in tables],
    )
    above = f"{location.shown.rstrip('/')}/"
    root = above.rstrip("/").rpartition("/")[0] + "/" if is_parquet(location.name) else above
    return Encoded(**known, items=cells, chosen=np.arange(len(known["labels"])), root=root)


def _raw(filled: list[tuple[Shard, FileTable]], known: dict[str, Any]) -> Rows:
    """Pixels, all of which are looked at before: their shapes stand in no header."""
    shapes = PixelShapes()
    for shard, table in filled:
        refuse_no_pixels(table.image.kind, repr(shard.location.shown))
        seen = 0
        for batch in _batches(shard, table.image, _rows_to_look_at(shard, table.image)):
            shapes.add(batch, seen, shard.location.shown)
            seen += len(batch)
        if seen != table.labelled.count:
            raise RefusedInput(
                f"{shard.location.shown!r} is no readable Parquet: it announces "
                f"{table.labelled.count} rows and holds {seen or 'none'}; "
                "write it again"
            )
    shapes.refuse_differing()
    first = next(_pixels(*filled[0], rows=1))
    rows = rows_per_chunk(first.shape)
    return Rows(
        **known,
        shape=first.shape[1:],
        stream=lambda: chain.from_iterable(_pixels_again(*one, rows) for one in filled),
    )


def _rows_to_look_at(shard: Shard, field: Field) -> int:
    """So many as the first ones, which may be stored in next to nothing, let expect."""
    first = next(_batches(shard, field, 16), pa.array([0]))
    return max(1, min(4096, _LOOKED_AT * len(first) // max(1, first.nbytes)))


def _refuse_large(tables: list[FileTable], shards: list[Shard]) -> None:
    """A page is read whole, and held twice and more while it is unpacked."""
    large = [(table, shard) for table, shard in zip(tables, shards, strict=True)
             if table.held.pages > MOST_HELD]  # fmt: skip
    if not large:
        return
    (table, shard), most = large[0], max(table.held.pages for table, _ in large)
    some = f" ({len(large):,} of {len(tables):,} files)" if len(tables) > 1 else ""
    rows = max(1, _PAGE // max(1, table.held.value))
    raise RefusedInput(
        f"{shard.location.shown!r} has pages of the column {table.image.name} that take "
        f"{size(most)} to be read, more than {size(MOST_HELD)}{some}; write it again with fewer "
        f"rows in a group, such as pyarrow's row_group_size={rows}, or the pictures as files"
    )


def _refuse_unread(tables: list[FileTable], location: Location) -> None:
    """Folders such as `species=cat/` beside each other would be classes that are not read."""
    found = dict.fromkeys(told for table in tables for told in table.unread)
    names = {told.partition("=")[0] for told in found}
    if len(found) > len(names):
        raise RefusedInput(
            f"{location.shown!r} lacks the column 'label', but its folders are called "
            f"{short_list(list(found))}; name the one of classes by data.columns.label, or say "
            "that there are none by data.columns.label=false"
        )


def _note_of_empty(shards: list[Shard], parts: list[Labelled]) -> str:
    """What is said of a split whose files hold no rows, so that one is set apart instead."""
    filled = {shard.split for shard, part in zip(shards, parts, strict=True) if part.count}
    bare = [shard.location.name for shard in shards if shard.split not in filled]
    return f"Without rows: {short_list(bare)}." if bare else ""


def _refuse_copies(shards: list[Shard], parts: list[Labelled]) -> None:
    """A file that was downloaded twice would be read twice; empty ones may well be equal."""
    alike: dict[tuple[int, ...], list[Location]] = defaultdict(list)
    for shard, part in zip(shards, parts, strict=True):
        if part.count:
            alike[part.sizes].append(shard.location)
    for group in alike.values():
        lengths = [_length(file) for file in group] if len(group) > 1 else []
        seen: dict[str, Location] = {}
        for file, length in zip(group, lengths, strict=False):
            if lengths.count(length) == 1:
                continue
            first = seen.setdefault(file.sha256(), file)
            if first is not file:
                raise RefusedInput(
                    f"{file.shown!r} and {first.shown!r} hold the same bytes; remove one"
                )


def _length(file: Location) -> int:
    with file.open() as raw:
        return raw.seek(0, os.SEEK_END)


def _batches(shard: Shard, field: Field, rows: int) -> Iterator[pa.Array]:
    """The images of a file, `rows` at a time; row groups may be empty."""
    with opened(shard.location) as parquet:
        for batch in parquet.iter_batches(rows, columns=[field.read]):
            if len(batch):
                yield picked(batch.column(0), field)


def _pixels(shard: Shard, table: FileTable, rows: int) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
    first = 0
    for batch in _batches(shard, table.image, rows):
        yield pixels_of_column(batch, first, shard.location.shown)
        first += len(batch)


def _pixels_again(
    shard: Shard, table: FileTable, rows: int
) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
    """Those of a file in which nothing was wrong when the set was opened."""
    try:
        yield from _pixels(shard, table, rows)
    except RefusedInput as error:
        said, _, rest = str(error).rpartition("; ")  # which says what would be valid
        raise RefusedInput(f"{said or rest}; the source changed meanwhile, start again") from None


def _fingerprint(shards: list[Shard]) -> str:
    layout = [[shard.split, shard.location.sha256()] for shard in shards]
    return hashlib.sha256(canonical_json({"format": "parquet", "files": layout})).hexdigest()


FORMAT = Format(
    valid="a folder with *.parquet, or a .parquet file",
    fits=lambda found: any(map(is_parquet, found.listing.files)),
    read=lambda location, spec: read_parquet(location, spec.columns),
    suffixes=(SUFFIX,),
)
