"""Large sets of pictures are decoded by chunks, and are the same sets."""

from __future__ import annotations

import numpy as np
import pytest

from ganray.data.imported.dataset import Dataset
from ganray.distributed.runner import RayRunner
from ganray.local import LocalRunner
from ganray.plan import importing
from ganray.runs.agenda import Agenda
from ganray.runs.records.inputs import dataset_location
from ganray.stages import run_chunks, run_whole
from ganray.stages.workspace import Workspace
from ganray.store import Store
from ganray.studies import study_from
from tests.data.published import write_folder


@pytest.fixture
def study(tmp_path):
    """Of 120 pictures in two classes, of which two are alike."""
    images = np.random.default_rng(0).integers(0, 256, (120, 3, 16, 16), dtype=np.uint8)
    images[7] = images[3]
    root = write_folder(tmp_path / "set", images, ["a", "b", "b"] * 40)
    return study_from(
        {
            "data": {"source": str(root), "size": 12, "classes": ["b", "a"]},
            "model": {"width": 2},
            "train": {"batch": 8},
            "budget": {"iterations": 2},
            "encoder": {"batch": 8},
            "evaluate": {"metrics": ["class_divergence"]},
            "search": {"on": []},
        }
    )


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(importing, "MANY", 100)
    monkeypatch.setattr(importing, "CHUNK_BYTES", 9 * 3 * 12 * 12)


def imported(plan, url: str):
    """The set, after its task alone, and the task's result."""
    store, task = Store(url), plan.task("data")
    work = Workspace(store, task)
    if task.chunks:
        run_chunks(work, task.shards)
    run_whole(work)
    manifest = store.manifest(task.address)
    return Dataset.open(dataset_location(store, task.address, None, manifest)), manifest.result


def test_chunks_make_the_same_set_under_the_same_key(study, small_chunks, monkeypatch, tmp_path):
    chunked = study.plan()
    monkeypatch.setattr(importing, "MANY", 1000)
    whole = study.plan()
    assert (chunked.task("data").chunks, whole.task("data").chunks) == (14, 0)
    assert chunked.roles == whole.roles
    one, told = imported(chunked, str(tmp_path / "one"))
    two, other = imported(whole, str(tmp_path / "two"))
    assert one.info == two.info
    assert told == other
    assert told["notes"].startswith("Identical images: repeated within their split 1 of")
    assert one.info.class_names == ["b", "a"]
    assert "made 12×12 pixels" in one.info.notes


def test_a_picture_that_cannot_be_read_fails_its_chunk_in_one_line(study, small_chunks, tmp_path):
    plan = study.plan()
    path = next((tmp_path / "set" / "a").iterdir())
    path.write_bytes(path.read_bytes()[:60])
    agenda = Agenda.open(plan, Store(str(tmp_path / "store")))
    LocalRunner(study.resources).run(agenda)
    assert "damaged or truncated" in str(agenda.failed)


def test_other_sets_are_imported_in_one_piece(study, small_chunks, tmp_path):
    for told in ({"views": ["plain", "grey"]}, {"skip_unreadable": True}, {"duplicates": "drop"}):
        values = study.settings.model_dump(mode="json")
        values["data"] |= told
        assert study_from(values).plan().task("data").chunks == 0
    assert study_from({"evaluate": {"metrics": ["cafd"]}}).plan().task("data").chunks == 0


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_ray_decodes_the_chunks(study, small_chunks, tmp_path):
    plan = study.plan()
    expected, _ = imported(plan, str(tmp_path / "local"))
    agenda = Agenda.open(plan, Store(str(tmp_path / "ray")))
    RayRunner(study.resources).run(agenda)
    store, task = agenda.store, plan.task("data")
    found = dataset_location(store, task.address, None, store.manifest(task.address))
    assert Dataset.open(found).info == expected.info
