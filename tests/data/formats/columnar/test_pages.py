"""What reading takes, told by the headers of pages."""

from __future__ import annotations

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganray.data import DatasetSpec, open_source
from ganray.data.formats.columnar import pages
from ganray.data.formats.columnar.pages import Held, held_by
from ganray.data.location import Location
from ganray.errors import RefusedInput
from tests.data.published import digits, encoded

SIZE = 5000
CELL = SIZE + 4  # its length stands before it


@pytest.fixture(autouse=True)
def _every_row_group_counts(monkeypatch):
    monkeypatch.setattr(pages, "_UNTOLD", 0)
    monkeypatch.setattr(pages, "_MANY", 0)


def held(path, column="image"):
    footer = pq.read_metadata(path)
    sizes = [footer.row_group(k).total_byte_size for k in range(footer.num_row_groups)]
    return held_by(Location.of(str(path)), column, sizes)


def write(path, values, **options):
    pq.write_table(
        pa.table({"image": values, "label": pa.array([1] * len(values))}), path, **options
    )
    return path


CELLS = pa.array([os.urandom(SIZE) for _ in range(40)])
RAW = {"compression": "none", "use_dictionary": False}
WRITTEN = {
    "one page": (RAW, 40 * CELL),
    "packed": ({"compression": "zstd", "use_dictionary": False}, 2 * 40 * CELL),
    "a dictionary": ({"compression": "none"}, 2 * 40 * CELL),
    "a packed dictionary": ({}, 2 * 40 * CELL),
    "row groups": ({**RAW, "row_group_size": 10}, 10 * CELL),
    "a page a row": ({**RAW, "write_batch_size": 1, "data_page_size": 1}, CELL),
    "the second version": ({**RAW, "data_page_version": "2.0"}, 40 * CELL),
    "statistics": ({**RAW, "write_page_index": True, "write_page_checksum": True}, 40 * CELL),
}  # fmt: skip


@pytest.mark.parametrize("way", WRITTEN)
def test_pages_are_as_large_as_what_was_written(tmp_path, way):
    options, right = WRITTEN[way]
    found = held(write(tmp_path / "a.parquet", CELLS, **options))
    assert right <= found.pages <= right + 2000
    assert CELL <= found.value <= CELL + 100


def test_a_value_that_is_stored_once_is_that_of_every_row(tmp_path):
    same = pa.DictionaryArray.from_arrays(pa.array(np.zeros(300, np.int32)), CELLS[:1])
    assert held(write(tmp_path / "a.parquet", same)).value == CELL


def test_fields_within_a_column_are_looked_at(tmp_path):
    table = pa.StructArray.from_arrays([CELLS, CELLS], ["bytes", "other"])
    path = write(tmp_path / "a.parquet", table, **RAW)
    for column in ("image", "image.bytes"):
        assert held(path, column).value >= CELL
    assert held(path, "imag") == Held()


def test_damage_is_left_to_the_reader(tmp_path):
    path = write(tmp_path / "a.parquet", CELLS, **RAW)
    whole = path.read_bytes()
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    sizes = [200_000]
    for place in (*range(footer, len(whole), 7), 4, 5, 6, 9):
        for value in (0, 255):
            broken = bytearray(whole)
            broken[place] = value
            path.write_bytes(bytes(broken))
            held_by(Location.of(str(path)), "image", sizes)


def test_what_takes_too_much_is_refused_when_planned(tmp_path, monkeypatch):
    module = "ganray.data.formats."
    monkeypatch.setattr(f"{module}columnar.file_table.MOST_HELD", 1000)
    monkeypatch.setattr(f"{module}parquet.MOST_HELD", 1000)
    monkeypatch.setattr(f"{module}parquet._PAGE", 500)
    images, _ = digits(12, 1)
    files = pa.array([encoded(image) for image in images])
    for name in ("train-0", "train-1"):
        write(tmp_path / f"{name}.parquet", files.slice(0, 11 if name == "train-1" else 12))
    with pytest.raises(RefusedInput) as refusal:
        open_source(DatasetSpec(source=str(tmp_path)))
    assert "train-0.parquet' has pages of the column image that take 2." in str(refusal.value)
    assert "more than 1000 B (2 of 2 files); write it again with fewer rows" in str(refusal.value)
    assert "row_group_size=5, or" in str(refusal.value)
    assert "\n" not in str(refusal.value)
