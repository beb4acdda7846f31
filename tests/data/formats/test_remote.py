"""Every format of published files, from S3 as from a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganray.data import DatasetSpec, open_source
from ganray.data.location import Location
from tests.data.formats import test_cifar, test_csv, test_emnist, test_lmdb, test_npz, test_svhn
from tests.data.published import encoded, read_all
from tests.data.test_location import fresh_s3  # noqa: F401


def write_csv(folder: Path) -> None:
    (folder / "train.csv").write_text(test_csv.text(*test_csv.TRAIN))
    (folder / "test.csv").write_text(test_csv.text(*test_csv.TEST))


def write_lmdb(folder: Path) -> None:
    values = [encoded(image) for image in test_lmdb.pictures(40)]
    test_lmdb.write(folder / "bedroom_train_lmdb", values[:20])
    test_lmdb.write(folder / "kitchen_train_lmdb", values[20:])


WRITERS = {
    "emnist": lambda folder: test_emnist.write_emnist(folder, "digits", np.arange(10)),
    "cifar": test_cifar.write_cifar10,
    "svhn": test_svhn.write_v5,
    "npz": lambda folder: test_npz.medmnist(folder / "blood.npz"),
    "csv": write_csv,
    "lmdb": write_lmdb,
}


@pytest.mark.s3
@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.usefixtures("fresh_s3")
def test_it_is_read_from_s3(name, s3_url, tmp_path):
    folder = tmp_path / name
    folder.mkdir()
    WRITERS[name](folder)
    for path in folder.rglob("*"):
        if path.is_file():
            with Location.of(f"{s3_url}/{path.relative_to(tmp_path)}").create() as file:
                file.write(path.read_bytes())
    there, here = (
        DatasetSpec(source=source, format=kind, held_out=None if name == "npz" else 3)
        for source, kind in ((f"{s3_url}/{name}", "auto"), (str(folder), name))
    )
    assert read_all(**dict(there)) == read_all(**dict(here))
    assert open_source(there).fingerprint() == open_source(here).fingerprint()
