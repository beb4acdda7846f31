"""Archives and folders that are sets of their own, as one source."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganray.data import DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.data.packed import globs
from ganray.errors import RefusedInput
from tests.data.packed.making import packed
from tests.data.published import digits, encoded, http_server, read_all, write_folder, write_idx

IMAGES, LABELS = digits(24, 3)
NAMES = np.asarray(["ant", "bee", "10"])[LABELS]


@pytest.fixture
def pets(tmp_path):
    """`train/` and `test/` with classes, and each as an archive of its own."""
    for split, rows in (("train", slice(15)), ("test", slice(15, 24))):
        folder = write_folder(tmp_path / "pets" / split, IMAGES[rows], NAMES[rows].tolist())
        packed(folder, tmp_path / f"{split}.zip")
        packed(folder, tmp_path / f"{split}.tgz", f"{split}/")
    return tmp_path


def described(*sources, **told):
    source = sources[0] if len(sources) == 1 else sources
    return open_source(DatasetSpec(source=source, **told), whole=True).describe()


def refusal(*sources):
    with pytest.raises(RefusedInput) as refused:
        described(*sources)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_archives_of_splits_are_read_as_the_folder_of_both(pets):
    whole = open_source(DatasetSpec(source=f"{pets}/pets"))
    for pattern in ("{train,test}.zip", "t*.tgz", "{train.tgz,test.zip}"):
        source = open_source(DatasetSpec(source=f"{pets}/{pattern}"))
        assert source.fingerprint() == whole.fingerprint()
        assert source.describe().counts == whole.describe().counts
    assert read_all(source=f"{pets}/*.tgz") == read_all(source=f"{pets}/pets")


def test_an_archive_of_each_class_is_one(tmp_path):
    for name in ("ant", "bee"):
        folder = write_folder(tmp_path / name, IMAGES[name == NAMES], ["."] * (name == NAMES).sum())
        packed(folder, tmp_path / f"{name}.zip")
    found = described(f"{tmp_path}/*.zip")
    assert (found.class_names, found.counts["train"]) == (["ant", "bee"], [8, 8])
    assert "Classes are called as what holds their pictures: ant, bee." in found.notes
    assert described(f"{tmp_path}/ant.zip", f"{tmp_path}/bee").class_names == ["ant", "bee"]
    assert described(f"{tmp_path}/*.zip", classes=["bee"]).class_names == ["bee"]


def test_parts_of_a_set_are_put_together(pets):
    write_folder(pets / "2020", IMAGES[:6], NAMES[:6].tolist())
    write_folder(pets / "2021", IMAGES[6:12], ["owl"] * 6)
    found = described(f"{pets}/202*")
    assert found.class_names == ["10", "ant", "bee", "owl"]
    assert sum(found.counts["train"]) == 12
    packed(write_folder(pets / "a", IMAGES[:6], ["."] * 6), pets / "images_1.tar.xz")
    packed(write_folder(pets / "b", IMAGES[6:], ["."] * 18), pets / "images_2.tar.xz")
    found = described(f"{pets}/images_*")
    assert (found.labels, found.counts["train"]) == ("none", [24])


def test_folders_in_several_places_are_classes_or_splits_by_their_names(pets):
    write_folder(pets, IMAGES[:8], ["a/cats"] * 4 + ["b/dogs"] * 4)
    assert described(f"{pets}/a/cats", f"{pets}/b/dogs").class_names == ["cats", "dogs"]
    write_folder(pets / "other" / "val", IMAGES[:6], NAMES[:6].tolist())
    counts = described(f"{pets}/pets/train", f"{pets}/other/val").counts
    assert [sum(numbers) for numbers in counts.values()] == [15, 6, 0]


def test_formats_are_joined_where_all_are_pictures(pets):
    rows = [encoded(image) for image in IMAGES[:4]]
    pq.write_table(pa.table({"image": rows, "label": ["ant"] * 4}), pets / "val.parquet")
    found = described(f"{pets}/train.zip", f"{pets}/val.parquet")
    assert [sum(numbers) for numbers in found.counts.values()] == [15, 4, 0]
    both = DatasetSpec(source=(f"{pets}/train.zip", f"{pets}/val.parquet"))
    source = open_source(both, whole=True)
    assert sum(len(batch.labels) for batch in source.batches()) == 19


def test_imported_sets_are_joined_as_pixels(pets):
    both = (f"{pets}/one", f"{pets}/two")
    for name, path in zip(("train", "test"), both, strict=True):
        spec = DatasetSpec(source=f"{pets}/pets/{name}", held_out=0, test=3)
        import_dataset(open_source(spec), spec, new_dataset_folder(path))
        packed(pets / path, pets / f"{path}.tar")
    source = open_source(DatasetSpec(source=tuple(f"{path}.tar" for path in both)), whole=True)
    assert sum(len(batch.labels) for batch in source.batches()) == 24
    assert len(source.fingerprint()) == 64
    assert "has pixels of 1×4×5, and" in refusal(f"{both[0]}.tar", f"{pets}/test.zip")


def test_what_cannot_be_one_set_is_refused_in_one_line(pets, monkeypatch):
    packed(write_folder(pets / "flat", IMAGES[:4], ["."] * 4), pets / "flat.zip")
    assert "has no labels, and '" in refusal(f"{pets}/train.zip", f"{pets}/flat.zip")
    write_idx(pets / "digits", (IMAGES, LABELS), (IMAGES, LABELS), zipped=False)
    packed(pets / "digits", pets / "digits.zip")
    assert "as one set they must be alike" in refusal(f"{pets}/digits.zip", f"{pets}/train.zip")
    (pets / "x").mkdir()
    packed(pets / "pets", pets / "x" / "test.zip")
    assert "is called test, but holds images of train and test" in refusal(
        f"{pets}/train.zip", f"{pets}/x/test.zip"
    )
    packed(pets / "flat", pets / "x" / "other.zip")
    assert "other.zip' is an archive; name that, or several by a list or a glob" in refusal(
        f"{pets}/x"
    )
    monkeypatch.setattr(globs, "_MOST_ARCHIVES", 1)
    assert "2 sets are more than 1; unpack" in refusal(f"{pets}/train.zip", f"{pets}/test.zip")


def test_files_of_a_web_server_are_joined(pets, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    served = {f"/{split}.zip": (pets / f"{split}.zip").read_bytes() for split in ("train", "test")}
    with http_server(served) as url:
        assert read_all(source=f"{url}/{{train,test}}.zip") == read_all(source=f"{pets}/pets")
        assert "val.zip' does not exist" in refusal(f"{url}/{{train,val}}.zip")
