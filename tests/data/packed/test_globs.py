from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganray.data import DatasetSpec, open_source
from ganray.errors import RefusedInput
from tests.data.packed.making import packed
from tests.data.published import digits, read_all, write_folder

IMAGES, LABELS = digits(60, 3)


def _parquet(path, rows, names=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = LABELS[rows].astype(np.int64)
    if names:
        labels = [names[k] for k in labels]
    images = [image[0].tolist() for image in IMAGES[rows]]
    pq.write_table(pa.table({"image": images, "label": labels}), path)


def _pixels(source) -> list:
    rows = read_all(source=str(source), held_out=6, test=6)
    return [row[2] for row in sorted(row for split in rows.values() for row in split)]


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [("part-*.parquet", range(12)), ("part-?.*", range(10)), ("part-{11,2,[3-5]}.parquet",
      (2, 3, 4, 5, 11)), ("{part-1*,part-1}.parquet", (1, 10, 11)),
     ("part-{8..11}.*", range(8, 12)), ("part-{11..2..3}.parquet", (2, 5, 8, 11)),
     ("part-{1,1{0..1}}.parquet", (1, 10, 11))],
)  # fmt: skip
def test_files_come_in_natural_order_and_once(tmp_path, pattern, numbers):
    for number in range(12):
        _parquet(tmp_path / "set" / f"part-{number}.parquet", slice(5 * number, 5 * number + 5))
    (tmp_path / "set" / "other.csv").write_text("label,pixel0\n1,2\n")
    read = _pixels(tmp_path / "set" / pattern)
    assert read == [IMAGES[5 * k + i].tobytes() for k in numbers for i in range(5)]


def test_a_glob_is_read_as_a_folder_with_that_alone(tmp_path):
    names = np.asarray(["ant", "bee", "cow"])[LABELS].tolist()
    write_folder(tmp_path / "all", IMAGES, names)
    for name in ("ant", "bee"):
        (tmp_path / "some").mkdir(exist_ok=True)
        (tmp_path / "some" / name).symlink_to(tmp_path / "all" / name)
    some = open_source(DatasetSpec(source=str(tmp_path / "some")))
    for pattern in ("{ant,bee}", "[ab]*", "{ant,b*}/*.png"):
        one = open_source(DatasetSpec(source=f"{tmp_path}/all/{pattern}"))
        assert one.describe().class_names == ["ant", "bee"]
        assert one.fingerprint() == some.fingerprint()
    path = packed(tmp_path / "all", tmp_path / "pets.zip")
    whole = open_source(DatasetSpec(source=str(path)))
    assert open_source(DatasetSpec(source=f"{tmp_path}/*.zip")).fingerprint() == whole.fingerprint()


def test_files_of_several_folders_tell_their_splits(tmp_path):
    for folder, rows in (("train", slice(40)), ("test", slice(40, 60)), ("old", slice(60))):
        _parquet(tmp_path / folder / "0.parquet", rows)
    counts = open_source(DatasetSpec(source=f"{tmp_path}/t*/*.parquet", held_out=3)).describe()
    assert [sum(one) for one in counts.counts.values()] == [37, 3, 20]


def test_a_name_that_exists_is_no_glob(tmp_path):
    for name in ("set[1]", "set{1,2}", "set*"):
        _parquet(tmp_path / name / "a.parquet", slice(60))
        assert len(_pixels(tmp_path / name)) == 60


def test_what_does_not_fit_together_is_refused(tmp_path):
    _parquet(tmp_path / "a.parquet", slice(30))
    _parquet(tmp_path / "b.parquet", slice(30, 60), "xyz")
    (tmp_path / "c.csv").write_text("label,pixel0\n1,2\n")
    for pattern, said in (
        ("{a,c}.*", "a.parquet' and '.*c.csv' are of different formats"),
        ("{a,b}.parquet", "integers in '.*a.parquet', but strings in '.*b.parquet'"),
        ("{a,d}.parquet", "nothing matches '.*d.parquet'"),
        ("{0..5}.parquet", r"nothing matches .*/0.par.*/1.par.*/2.par.*, … \(6 in all\)"),
        ("{0..99999}.parquet", "over 4,096 choices"),
        ("*.npz", "nothing matches"),
    ):
        with pytest.raises(RefusedInput, match=said) as refused:
            open_source(DatasetSpec(source=f"{tmp_path}/{pattern}"))
        assert "\n" not in str(refused.value)


def test_a_list_is_read_as_one_source(tmp_path):
    for number in (10, 2, 1):
        _parquet(tmp_path / str(number) / f"{number}.parquet", slice(5 * number, 5 * number + 5))
    listed = (f"{tmp_path}/10/10.parquet", f"{tmp_path}/[12]/*", f"{tmp_path}/2/2.parquet")
    rows = read_all(source=listed, held_out=3, test=3)
    read = [row[2] for row in sorted(row for split in rows.values() for row in split)]
    assert read == [IMAGES[5 * k + i].tobytes() for k in (1, 2, 10) for i in range(5)]
    assert open_source(DatasetSpec(source=(listed[0],)), whole=True).count == 5
    with pytest.raises(RefusedInput, match=r"gone'\) does not exist"):
        open_source(DatasetSpec(source=(listed[0], f"{tmp_path}/gone")))
    with pytest.raises(RefusedInput, match=r"memory://a'\) does not exist"):
        open_source(DatasetSpec(source=(listed[0], "memory://a")))


def test_places_in_a_list_are_relative_to_the_file(tmp_path):
    from ganray.studies.reading import read_study

    study = tmp_path / "study.yaml"
    study.write_text("data: {source: [a.parquet, 's3://b/c', 'd-*.tar']}\n")
    source = read_study(str(study)).settings.data.source
    assert source == (f"{tmp_path}/a.parquet", "s3://b/c", f"{tmp_path}/d-*.tar")


def test_shards_are_counted_in_braces(tmp_path):
    for k, name in enumerate(("train-008", "train-009", "train-010", "test-000")):
        _parquet(tmp_path / f"{name}.parquet", slice(15 * k, 15 * k + 15))
    for pattern, train, test in (
        ("train-{008..010}.parquet", 45, 0),
        ("train-{010..008..2}.parquet", 30, 0),
        ("{train-{008..009},test-{000..000}}.parquet", 30, 15),
    ):
        found = open_source(DatasetSpec(source=f"{tmp_path}/{pattern}"), whole=True).describe()
        assert [sum(found.counts[split]) for split in ("train", "test")] == [train, test]


def test_files_called_by_abbreviations_of_splits_are_refused(tmp_path):
    for name in ("tr", "te"):
        _parquet(tmp_path / f"{name}.parquet", slice(30))
    with pytest.raises(RefusedInput, match="te, tr look like splits; rename them to train"):
        open_source(DatasetSpec(source=f"{tmp_path}/*.parquet"))


def test_a_folder_of_each_class_that_a_glob_names_is_gone_through(tmp_path):
    write_folder(
        tmp_path, IMAGES, np.asarray(["ant/back", "ant/front", "bee/front"])[LABELS].tolist()
    )
    found = open_source(DatasetSpec(source=f"{tmp_path}/*/front"), whole=True).describe()
    assert (found.class_names, found.counts["train"]) == (["ant", "bee"], [20, 20])
