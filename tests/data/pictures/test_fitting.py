"""Pictures made to fit, and those that cannot be read left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ganray.data import DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.data.pictures.fitting import Reading
from ganray.errors import RefusedInput
from tests.data.published import digits, encoded, write_folder, write_idx


def picture(height: int, width: int, channels: int = 3) -> np.ndarray:
    rows, columns = np.indices((height, width))
    planes = [(5 * rows + 3 * columns + 40 * c) % 256 for c in range(channels)]
    return np.stack(planes).astype(np.uint8)


def pillow(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))


@pytest.mark.parametrize(("height", "width"), [(40, 60), (60, 40), (33, 33), (5, 9)])
def test_crop_is_the_middle_resized(height, width):
    image, side = picture(height, width), min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    box = left, top, left + side, top + side
    expected = pillow(image).resize((16, 16), Image.Resampling.BICUBIC, box)
    found = Reading((16, 16))(image)
    np.testing.assert_array_equal(found.transpose(1, 2, 0), np.asarray(expected))


def test_pad_keeps_the_whole_picture_between_black_edges():
    image = np.full((3, 20, 40), 200, np.uint8)
    found = Reading((16, 16), "pad")(image)
    assert (found[:, 4:12] == 200).all()
    assert not found[:, :4].any()
    assert not found[:, 12:].any()


def test_stretch_is_pillows_resize():
    image = picture(40, 60)
    expected = pillow(image).resize((8, 24), Image.Resampling.BICUBIC)
    found = Reading((24, 8), "stretch")(image)
    np.testing.assert_array_equal(found.transpose(1, 2, 0), np.asarray(expected))


def test_channels_are_made_equal():
    colour, grey = picture(6, 5), picture(6, 5, 1)
    weights = np.array([0.299, 0.587, 0.114]).reshape(3, 1, 1)
    made = Reading(channels=1)(colour)
    assert np.abs(made[0] - (colour * weights).sum(axis=0)).max() <= 1
    np.testing.assert_array_equal(Reading(channels=3)(grey), grey.repeat(3, axis=0))


def test_what_fits_is_untouched():
    image = picture(9, 9)
    assert Reading((9, 9), channels=3)(image) is image
    assert Reading()(image) is image


def images_of(**spec: object) -> np.ndarray:
    source = open_source(DatasetSpec(**spec), whole=True)
    info = source.describe()
    found = np.concatenate([batch.images for batch in source.batches()])
    assert found.shape[1:] == info.shape
    return found


@pytest.fixture
def mixed(tmp_path: Path) -> tuple[Path, list[np.ndarray]]:
    """A folder of pictures of three sizes and both numbers of channels, and one that is none."""
    images = [picture(20, 30), picture(30, 20, 1), picture(12, 12), picture(40, 40)]
    (tmp_path / "set" / "a").mkdir(parents=True)
    for place, image in enumerate(images):
        pillow(image).save(tmp_path / "set" / "a" / f"{place}.png")
    return tmp_path / "set", images


def test_a_folder_of_mixed_pictures_is_brought_to_one_shape(mixed):
    folder, images = mixed
    found = images_of(source=str(folder), size=10, channels=3)
    reading = Reading((10, 10), channels=3)
    np.testing.assert_array_equal(found, np.stack([reading(image) for image in images]))
    with pytest.raises(RefusedInput, match=r"set data\.size and data\.channels, or make"):
        images_of(source=str(folder))
    with pytest.raises(RefusedInput, match=r"set data\.channels, or make them equal"):
        images_of(source=str(folder), size=10)


def test_parquet_of_mixed_pictures_is_brought_to_one_shape(mixed, tmp_path):
    folder, images = mixed
    rows = [(folder / "a" / f"{place}.png").read_bytes() for place in range(len(images))]
    pq.write_table(pa.table({"image": rows}), tmp_path / "mixed.parquet")
    found = images_of(source=str(tmp_path / "mixed.parquet"), size=[10, 12], channels=1)
    reading = Reading((10, 12), channels=1)
    np.testing.assert_array_equal(found, np.stack([reading(image) for image in images]))


def test_arrays_are_made_to_fit_as_pictures_are(tmp_path):
    images, labels = digits(30, 3)
    write_idx(tmp_path, (images, labels), digits(6, 3, seed=1))
    found = images_of(source=str(tmp_path), size=9, channels=3)
    expected = np.stack([Reading((9, 9), channels=3)(image) for image in images])
    np.testing.assert_array_equal(found[:30], expected)


def test_an_imported_set_is_read_anew_where_it_is_to_fit(tmp_path):
    images, labels = digits(30, 3)
    write_folder(tmp_path / "set", images, [f"c{label}" for label in labels])
    spec = DatasetSpec(source=str(tmp_path / "set"))
    import_dataset(open_source(spec), spec, new_dataset_folder(str(tmp_path / "imported")))
    assert open_source(DatasetSpec(source=str(tmp_path / "imported"))).imported
    resized = open_source(DatasetSpec(source=str(tmp_path / "imported"), size=9))
    assert not resized.imported
    assert resized.describe().shape == (1, 9, 9)


def test_what_is_done_is_part_of_the_fingerprint_and_said(mixed):
    folder, _ = mixed
    told: list[dict[str, object]] = [
        {"size": 10, "channels": 3},
        {"size": 10, "channels": 1},
        {"size": 11, "channels": 3},
        {"size": 10, "channels": 3, "fit": "pad"},
    ]
    sources = [open_source(DatasetSpec(source=str(folder), **one), whole=True) for one in told]
    assert len({source.fingerprint() for source in sources}) == len(told)
    assert "Images are made 10×10 pixels (crop, bicubic) and colour." in sources[0].describe().notes


def test_pictures_that_cannot_be_read_are_left_out_counted_and_named(tmp_path):
    images, labels = digits(12, 3)
    write_folder(tmp_path, images, [f"c{label}" for label in labels])
    files = sorted(tmp_path.rglob("*.png"))
    files[0].write_bytes(files[0].read_bytes()[:40])
    files[5].write_bytes(b"no picture")
    (files[7].parent / "notes.txt").write_text("left here")
    said = r"^3 of 13 images cannot be read: .*notes\.txt' is no picture by its name; .*skip_unr"
    with pytest.raises(RefusedInput, match=said):
        open_source(DatasetSpec(source=str(tmp_path)), whole=True)
    source = open_source(DatasetSpec(source=str(tmp_path), skip_unreadable=True), whole=True)
    info = source.describe()
    assert sum(map(sum, info.counts.values())) == 10
    assert sum(len(batch.images) for batch in source.batches()) == 10
    assert "3 of 13 images cannot be read and are left out: " in info.notes
    assert files[0].name in info.notes


def test_rows_that_cannot_be_read_are_left_out_with_their_labels(tmp_path):
    images, labels = digits(9, 3)
    column: list[bytes | None] = [encoded(image) for image in images]
    column[0], column[4], column[8] = b"none", None, b""
    table = pa.table({"image": column, "label": pa.array(labels, pa.int64())})
    pq.write_table(table, tmp_path / "set.parquet")
    spec = DatasetSpec(source=str(tmp_path / "set.parquet"), skip_unreadable=True)
    source = open_source(spec, whole=True)
    kept = [1, 2, 3, 5, 6, 7]
    batches = list(source.batches())
    np.testing.assert_array_equal(np.concatenate([b.images for b in batches]), images[kept])
    assert np.concatenate([b.labels for b in batches]).tolist() == labels[kept].tolist()
    assert (
        "3 of 9 images cannot be read and are left out: set.parquet, row 0 is no readable PNG"
        in (source.describe().notes)
    )


def test_a_source_without_any_readable_picture_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(b"none")
    with pytest.raises(RefusedInput, match="none of 1 images can be read"):
        open_source(DatasetSpec(source=str(tmp_path), skip_unreadable=True), whole=True)


@pytest.mark.parametrize("told", [{"size": 0}, {"size": [3]}, {"size": 9000}, {"channels": 2}])
def test_impossible_shapes_are_refused(told):
    with pytest.raises(ValueError, match=r"size|channels"):
        DatasetSpec(**told)


def test_a_picture_of_any_size_is_cropped():
    """Of 49×49 pixels to 32 the crop's edge came to −7·10⁻¹⁵, which Pillow refuses."""
    reading = Reading(size=(32, 32))
    for side in range(33, 120):
        assert reading(np.zeros((1, side, side + side % 3), np.uint8)).shape == (1, 32, 32)
