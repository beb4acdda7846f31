from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganray.data import DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.data import rows as rows_module
from ganray.data.formats import FORMATS
from ganray.errors import GanrayError, RefusedInput
from tests.data.published import digits, encoded, read_all, write_folder, write_idx


def test_the_embedded_set_is_the_default():
    info = open_source(DatasetSpec()).describe()
    assert (info.name, info.shape) == ("mnist_small", (1, 28, 28))
    assert info.class_names == [str(k) for k in range(10)]
    assert info.counts == {"train": [400] * 10, "held_out": [100] * 10, "test": [150] * 10}
    assert "CC BY-SA 3.0" in info.notes


def test_streaming_in_small_chunks_changes_nothing(tmp_path, monkeypatch):
    folder = write_idx(tmp_path, digits(30, 3), digits(6, 3, seed=1))
    whole = read_all(source=str(folder))
    monkeypatch.setattr(rows_module, "CHUNK_BYTES", 70)
    batches = list(open_source(DatasetSpec(source=str(folder))).batches())
    assert max(len(batch.images) for batch in batches) == 3
    assert read_all(source=str(folder)) == whole


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"held_out": 999}, r"held_out \(=999\)"),
    ],
)
def test_unexpected_images_are_refused(spec, message):
    with pytest.raises(RefusedInput, match=message):
        open_source(DatasetSpec(**spec))


def test_expected_images_are_accepted():
    assert open_source(DatasetSpec(channels=1, size=28)).describe().shape == (1, 28, 28)


@pytest.mark.parametrize("kind", ["auto", *FORMATS])
def test_a_missing_place_is_named(tmp_path, kind):
    with pytest.raises(
        RefusedInput, match=r"nowhere[/'].*(does not exist|lacks|holds no|no class)"
    ) as refusal:
        open_source(DatasetSpec(source=str(tmp_path / "nowhere"), format=kind))
    assert "\n" not in str(refusal.value)


def test_a_place_of_no_known_format_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(RefusedInput, match="of no known format; valid: a folder with"):
        open_source(DatasetSpec(source=str(tmp_path)))
    with pytest.raises(RefusedInput, match=r"notes\.txt'"):
        open_source(DatasetSpec(source=str(tmp_path / "notes.txt")))


def test_a_source_that_changed_while_it_was_read_is_refused(tmp_path):
    images, labels = digits(30, 3)
    root = write_folder(tmp_path, images, [str(k) for k in labels])
    source = open_source(DatasetSpec(source=str(root)))
    next(root.glob("2/*.png")).unlink()
    with pytest.raises(RefusedInput, match="does not exist"):
        list(source.batches())
    rows = source._rows
    for stream, found in (
        (lambda: iter([images[:20]]), "20 images read where 30"),
        (lambda: iter([images, images]), "60 images read where 30"),
        (lambda: iter([images[:, :, :2]]), "images of 1×2×5 from row 0 on.*1×4×5"),
    ):
        object.__setattr__(rows, "stream", stream)
        with pytest.raises(RefusedInput, match=found):
            list(source.batches())


def write_formats(folder):
    """One small set in each format."""
    folder.mkdir()
    images, labels = digits(30, 3)
    write_idx(folder / "idx", (images, labels), digits(9, 3, seed=1), zipped=False)
    write_idx(folder / "gz", (images, labels), digits(9, 3, seed=1))
    write_folder(folder / "png", images, [str(k) for k in labels])
    table = {"image": [encoded(image) for image in images], "label": labels}
    pq.write_table(pa.table(table), folder / "a.parquet")
    import_dataset(
        open_source(DatasetSpec(source=str(folder / "idx"))),
        DatasetSpec(),
        new_dataset_folder(str(folder / "set")),
    )


def sources(folder):
    """A file to damage → the source that it belongs to."""
    return {
        folder / "idx" / "train-images-idx3-ubyte": folder / "idx",
        folder / "gz" / "train-labels-idx1-ubyte.gz": folder / "gz",
        folder / "gz" / "train-images-idx3-ubyte.gz": folder / "gz",
        next(folder.glob("png/1/*.png")): folder / "png",
        folder / "a.parquet": folder / "a.parquet",
        folder / "set" / "dataset.json": folder / "set",
        folder / "set" / "split=test" / "label=1" / "part-00000.parquet": folder / "set",
    }


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.integers(0, 6), st.floats(0, 1, exclude_max=True), st.integers(0, 255), st.booleans())
def test_damage_is_told_or_harmless(tmp_path, which, where, value, is_cut):
    if not (tmp_path / "formats").exists():
        write_formats(tmp_path / "formats")
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(tmp_path / "formats", copy, dirs_exist_ok=True)
        victims = sources(Path(copy))
        path = list(victims)[which]
        data = bytearray(path.read_bytes())
        position = int(where * len(data))
        data[position] = value
        path.write_bytes(data[:position] if is_cut else data)
        with contextlib.suppress(GanrayError):
            list(open_source(DatasetSpec(source=str(victims[path]))).batches())


def test_batches_hold_one_split_each_with_matching_rows(tmp_path):
    images, labels = digits(30, 3)
    root = write_folder(tmp_path, images, [str(k) for k in labels])
    (root / "0" / "0.png").write_bytes(encoded(images[0]))
    for batch in open_source(DatasetSpec(source=str(root))).batches():
        assert batch.images.dtype == np.uint8
        assert batch.labels.dtype == batch.index.dtype == np.int64
        assert len(batch.images) == len(batch.labels) == len(batch.index)
        assert (np.diff(batch.index) > 0).all()
