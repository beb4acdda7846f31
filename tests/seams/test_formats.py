"""A format that `ganray` does not know, from a study file to its report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganray.data import DatasetSpec, import_dataset, new_dataset_folder, open_source
from ganray.data.formats import FORMATS
from ganray.errors import RefusedInput
from ganray.report.reading.results import Results
from tests import tiny
from tests.cli.command import ganray


@pytest.fixture(autouse=True)
def known(monkeypatch) -> None:
    monkeypatch.setitem(FORMATS, "arrays", "tests.seams.arrays")


@pytest.fixture
def arrays(tmp_path, mnist_small_images) -> Path:
    """120 digits of which a third is called 0, a third 1 and a third 2."""
    folder = tmp_path / "arrays"
    folder.mkdir()
    np.save(folder / "images.npy", mnist_small_images[:120])
    np.save(folder / "labels.npy", np.arange(120) % 3)
    return folder


def imported_digest(source: Path, to: Path) -> str:
    spec = DatasetSpec(source=str(source))
    return import_dataset(open_source(spec), spec, new_dataset_folder(str(to))).digest


def test_it_is_recognised_and_read_as_any_other(arrays, tmp_path, mnist_small_images):
    columns = {
        "image": pa.array([image.tobytes() for image in mnist_small_images[:120]], pa.binary(784)),
        "label": np.arange(120) % 3,
    }
    pq.write_table(pa.table(columns), tmp_path / "same.parquet")
    digests = [
        imported_digest(source, tmp_path / f"set-{place}")
        for place, source in enumerate((arrays, tmp_path / "same.parquet"))
    ]
    assert digests[0] == digests[1]


def test_a_study_of_it_is_run_and_reported(arrays, tiny_study, tmp_path):
    words = (f"data.source={arrays}", "data.format=arrays", "search.on=[]")
    _, agenda = tiny.run(tiny_study, str(tmp_path / "store"), *words)
    results = Results.open(agenda.store, agenda.plan)
    assert results.complete
    assert agenda.plan.dataset["name"] == "arrays"
    assert {score.side for score in results.scores} == {"joint", "marginal"}


def test_it_is_explained_and_named_where_another_word_is_refused(arrays, tmp_path):
    said = " or ".join(["auto", *FORMATS])
    assert f"data.format: {said}, default auto" in ganray("explain", "data.format").out
    to = tmp_path / "set"
    ganray("data", "import", arrays, "--to", to, "--format", "array").refused(
        "format (='array'): must be one of auto, " + ", ".join(FORMATS)
    )
    (tmp_path / "empty").mkdir()
    with pytest.raises(RefusedInput, match=r"known format.*; a folder with images.npy and lab"):
        open_source(DatasetSpec(source=str(tmp_path / "empty")))
