"""Pictures' files in cells, in every way in which people write them."""

from __future__ import annotations

import base64

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganray.data import DatasetSpec, open_source
from ganray.errors import RefusedInput
from tests.data.published import digits, encoded, read_all

IMAGES, LABELS = digits(12, 2)
FILES = [encoded(image) for image in IMAGES]
PADDED = [data.ljust(max(map(len, FILES)) + 3, b"\0") for data in FILES]


def as_text(data):
    return base64.b64encode(data).decode()


def signed(data):
    return np.frombuffer(data, np.int8).tolist()


def wrapped(kind):
    return pa.struct([("bytes", kind), ("path", pa.string())])


NUMBERS = pa.list_(pa.uint8())
WAYS = {
    "bytes": (pa.binary(), FILES),
    "large bytes": (pa.large_binary(), FILES),
    "bytes of one length": (pa.binary(len(PADDED[0])), PADDED),
    "numbers": (NUMBERS, [list(data) for data in FILES]),
    "numbers of 64 bits": (pa.large_list(pa.int64()), [list(data) for data in FILES]),
    "numbers as Java has bytes": (pa.list_(pa.int8()), [signed(data) for data in FILES]),
    "numbers, so many": (pa.list_(pa.uint8(), len(PADDED[0])), [list(data) for data in PADDED]),
    "a field": (wrapped(pa.binary()), [{"bytes": data, "path": "lost.png"} for data in FILES]),
    "a field of numbers": (wrapped(NUMBERS), [{"bytes": list(data)} for data in FILES]),
    "a list of one": (pa.list_(pa.binary()), [[data] for data in FILES]),
    "base64": (pa.string(), [as_text(data) for data in FILES]),
    "base64 in lines": (pa.large_string(), [
        base64.encodebytes(data).decode() for data in FILES]),
    "a data URL": (pa.string(), [f"data:image/png;base64,{as_text(data)}" for data in FILES]),
    "base64 as bytes": (pa.binary(), [as_text(data).encode() for data in FILES]),
    "a field of base64": (wrapped(pa.string()), [{"bytes": as_text(data)} for data in FILES]),
    "a path": (pa.string(), [f"img/{k}.png" for k in range(12)]),
    "a path as bytes": (pa.binary(), [b"img/%d.png" % k for k in range(12)]),
    "a field with a path": (wrapped(pa.binary()), [{"path": f"img/{k}.png"} for k in range(12)]),
    "a field with nothing and a path": (wrapped(pa.binary()), [
        {"bytes": b"", "path": f"img/{k}.png"} for k in range(12)]),
    "some here, some beside": (wrapped(pa.binary()), [
        {"bytes": None, "path": f"img/{k}.png"} if k % 2 else {"bytes": FILES[k]}
        for k in range(12)]),
}  # fmt: skip


def write(folder, image, label=LABELS, **options):
    (folder / "img").mkdir(parents=True, exist_ok=True)
    for k, data in enumerate(FILES):
        (folder / "img" / f"{k}.png").write_bytes(data)
    pq.write_table(pa.table({"image": image, "label": pa.array(label)}), folder / "a.parquet",
                   row_group_size=5, **options)  # fmt: skip
    return str(folder / "a.parquet")


@pytest.mark.parametrize("way", WAYS)
def test_pictures_are_read_however_their_files_are_kept(tmp_path, way):
    kind, values = WAYS[way]
    path = write(tmp_path, pa.array(values, kind))
    rows = read_all(source=path, held_out=2, test=2)
    found = sorted(row for split in rows.values() for row in split)
    assert [row[2] for row in found] == [image.tobytes() for image in IMAGES]


def test_what_is_no_picture_among_numbers_is_counted(tmp_path):
    values = [list(data) for data in FILES]
    values[3], values[7] = None, [1, 2, 3]
    path = write(tmp_path, pa.array(values, NUMBERS))
    with pytest.raises(RefusedInput) as refusal:
        open_source(DatasetSpec(source=path))
    assert "2 of 12 images cannot be read: " in str(refusal.value)
    assert "row 3 has no image; every row needs one" in str(refusal.value)
    assert "row 7 has no image, but 3 numbers that begin as no picture's" in str(refusal.value)
    kept = open_source(DatasetSpec(source=path, skip_unreadable=True, held_out=2, test=2))
    assert kept.count == 10


BY_TYPE = ["bytes", "numbers", "a field", "base64", "bytes of one length"]


@pytest.mark.parametrize("way", BY_TYPE)
def test_a_cell_without_anything_is_no_picture(tmp_path, way):
    kind, values = WAYS[way]
    array = pa.array([*values[:11], None], kind)
    for column in [array, *([array.dictionary_encode()] if way in ("bytes", "base64") else [])]:
        with pytest.raises(
            RefusedInput, match=r"row 11 has no image; every row needs one .1 of 12"
        ):
            open_source(DatasetSpec(source=write(tmp_path, column)))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (bytes(784), "has the length of raw pixels (28×28)"),
        (bytes(3 * 64), "has the length of raw pixels (8×8 in colour)"),
        (b"\x93NUMPY\1\0v\0{'descr': '|u1'}", "is a NumPy array, no PNG"),
        (b"\x80\x04\x95" + bytes(99), "is a pickle of Python's, no PNG"),
    ],
)
def test_other_bytes_are_called_what_they_are(tmp_path, value, said):
    with pytest.raises(RefusedInput) as refusal:
        open_source(DatasetSpec(source=write(tmp_path, pa.array([value] * 12))))
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
