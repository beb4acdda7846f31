"""Cells of Parquet files that hold pictures, or say where they lie."""

from __future__ import annotations

import base64
import io
import os
import threading

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ganray.data.formats.columnar.cells import Cells, opened, rows_at_once
from ganray.data.formats.columnar.fields import field_called
from ganray.data.formats.columnar.shards import Shard
from ganray.data.location import Location
from ganray.data.pictures.decoding import decode_image, header_of
from ganray.errors import RefusedInput
from tests.data.formats.hostile import damaged, damages, read_or_refuse, refused


def cells(path, values, kind=None, **options):
    table = pa.table({"image": pa.array(values, kind)})
    pq.write_table(table, path, **options)
    with opened(Location.of(str(path))) as parquet:
        field = field_called(parquet.schema_arrow, "image")
        at_once = rows_at_once(parquet, field)
    return Cells([Shard(Location.of(str(path)), None)], [field], [len(table)], [at_once])


def contents(found, *rows):
    return list(found.bytes_of(np.asarray(rows or range(sum(found.counts)))))


STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def test_contents_are_had_in_any_layout(tmp_path):
    wanted = [b"one", b"two", b"three"]
    for kind in (pa.binary(), pa.large_binary(), pa.dictionary(pa.int32(), pa.binary())):
        assert contents(cells(tmp_path / "a.parquet", wanted, kind)) == wanted
    inner = [{"bytes": data, "path": "a"} for data in wanted]
    assert contents(cells(tmp_path / "a.parquet", inner, STRUCT)) == wanted
    assert contents(cells(tmp_path / "a.parquet", [[one] for one in inner])) == wanted


def test_some_rows_of_some_row_groups_are_read(tmp_path):
    found = cells(tmp_path / "a.parquet", [bytes([k]) for k in range(200)], row_group_size=7)
    assert contents(found, 3, 6, 7, 199) == [b"\3", b"\6", b"\7", b"\xc7"]
    assert found.said(199).endswith("a.parquet, row 199")


def test_files_beside_are_read(tmp_path):
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / "é 1.png").write_bytes(b"pixels")
    paths = ["img/é 1.png", "./img/é 1.png"]
    assert contents(cells(tmp_path / "a.parquet", paths)) == [b"pixels"] * 2
    inner = [{"bytes": None, "path": paths[0]}]
    assert contents(cells(tmp_path / "a.parquet", inner, STRUCT)) == [b"pixels"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "has no image; every row needs one"),
        ("../a.png", "leads elsewhere"),
        ("/etc/passwd", "leads elsewhere"),
        ("img\\a.png", "leads elsewhere"),
        ("a\0b", "no such file lies beside it"),
        ("", "no such file lies beside it"),
        (".", "no such file lies beside it"),
        ("a/" * 5000, "no such file lies beside it"),
        ("http://127.0.0.1:9/a.png", "no such file lies beside it"),
        ("pipe", "no such file lies beside it"),
        ("device", "no such file lies beside it"),
        (base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(9000)).decode()[:-5], "is damaged"),
        ("data:image/jpeg;base64,/9j/4AAQ?", "as text (base64) that is damaged"),
        ("data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>" + " " * 1000, "no base64"),
        ((b"\xff\xd8\xff" + bytes(900)).hex(), "as text ('ffd8ff000000'…) that is no base64"),
        (repr(b"\x89PNG" + bytes(900)), "that is no base64"),
        (str([137, 80] * 900), "that is no base64"),
        ([b"a", b"b"], "has 2 images; each row must have one"),
        ({"bytes": 3}, "has no image, but a value of type int"),
        ({"bytes": [137, 80]}, "has no image, but 2 numbers that begin as no picture's file does"),
        ({"bytes": [137]}, "has no image, but 1 numbers"),
        ({"bytes": [-129]}, "has no image, but 1 numbers"),
        ([137, 80, 78, 71, 13, 10, 26, 10, 300], "has no image, but 9 numbers"),
        (3.5, "has no image, but a value of type float"),
        ({"path": 3}, "has no image, but a value of type int"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_picture_is_said_in_one_short_line(value, said, tmp_path):
    """Nor is anything waited for: a pipe beside the file has no end."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    found = cells(tmp_path / "a.parquet", [value])
    answers = []
    reading = threading.Thread(target=lambda: answers.extend(contents(found)), daemon=True)
    reading.start()
    reading.join(20)
    (answer,) = answers
    assert isinstance(answer, RefusedInput)
    assert said in str(answer)
    assert "row 0" in str(answer)
    assert "\n" not in str(answer)
    assert len(str(answer)) < 700


def test_large_pictures_are_taken_a_few_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("ganray.data.formats.columnar.cells._BYTES_AT_ONCE", 64 << 10)
    large = os.urandom(24 << 10)
    plain = {"compression": "none", "use_dictionary": False}
    assert cells(tmp_path / "a.parquet", [large] * 3, **plain).at_once == [2]
    assert cells(tmp_path / "a.parquet", [b"abc"] * 300).at_once == [64]
    numbers = cells(tmp_path / "a.parquet", [list(large[:1000])] * 300, pa.list_(pa.int64()))
    assert 1 <= numbers.at_once[0] <= 64 * 1024 // 8000


def picture(kind, **options):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 12, 3), np.uint8)
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, kind, **options)
    return sink.getvalue()


PICTURES = [picture("PNG"), picture("JPEG"), picture("JPEG", progressive=True), picture("WEBP"),
            picture("TIFF"), picture("BMP"), picture("PPM")]  # fmt: skip


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_damaged_pictures_are_refused_or_are_as_their_headers_say(data):
    whole = data.draw(st.sampled_from(PICTURES))
    broken = damaged(whole, data.draw(damages(len(whole))))
    headers, pixels = [], []
    told = refused(lambda: headers.append(header_of(broken, "it", (0, 0, 0)).shape))
    if not refused(lambda: pixels.append(decode_image(broken, "it", (0, 0, 0)))):
        assert not told
        assert headers == [pixels[0].shape]
        assert pixels[0].dtype == np.uint8


@pytest.fixture(scope="module", params=["bytes", "structs", "pixels"])
def table(tmp_path_factory, request):
    path = tmp_path_factory.mktemp("damage") / "a.parquet"
    columns = {
        "bytes": {"image": [PICTURES[0]] * 20, "split": ["train", "train", "test", "test"] * 5},
        "structs": {"image": [{"bytes": PICTURES[1], "path": "a"}] * 20},
        "pixels": {"image": [[[k] * 8] * 8 for k in range(20)]},
    }[request.param]
    labels = pa.array(["a", "b"] * 10).dictionary_encode()
    pq.write_table(pa.table({**columns, "label": labels}), path, row_group_size=10)
    return path, path.read_bytes()


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_file_is_refused_or_read_as_announced(table, data):
    path, whole = table
    # The footer is what Arrow trusts; a third of the changes go there.
    damage = data.draw(damages(len(whole)))
    if damage[0] == "flip" and data.draw(st.booleans()):
        damage = "flip", [(len(whole) - 1 - place % 2000, mask) for place, mask in damage[1]]
    path.write_bytes(damaged(whole, damage))
    read_or_refuse(path)
