"""`ganray doctor` on the session's Ray: every check as a row, and what fails by name."""

from __future__ import annotations

import pytest

from ganray.cost.speed import Speed, speed_path
from ganray.store import Store
from ganray.studies import read_study
from tests.cli.command import ganray

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]


def looked(*words: object) -> tuple[int, dict[str, dict[str, str]]]:
    answer = ganray("doctor", *words, "--json")
    assert "checks" in answer.json, answer
    return answer.code, {check["check"]: check for check in answer.json["checks"]}


GPU = "resources.device=cuda"


def sets(overrides: tuple[str, ...]) -> list[str]:
    return [word for override in overrides for word in ("--set", override)]


def test_all_is_well_and_priced(tiny_study, tmp_path):
    words = (tiny_study, "--store", tmp_path / "store", "--set", "cost.prices.cpu_hour=1")
    code, found = looked(*words)
    assert code == 0, list(found.values())
    assert list(found)[:4] == ["study", "store", "encoder", "ray"]
    assert "failed" not in {check["state"] for check in found.values()}, found
    assert found["largest task"]["said"].startswith("largest task: ")
    if found["nodes"]["state"] == "ok":  # it is a warning where the machine is too busy to answer
        assert "USD" in found["cost"]["said"]
    assert not (tmp_path / "store" / "artifacts").exists()


def test_what_cannot_work_is_a_row_and_the_code(tiny_study, tmp_path):
    words = (tiny_study, "--store", tmp_path / "store")
    answer = ganray("doctor", *words, "--set", "resources.num_gpus=1")
    assert answer.code == 2
    [failed] = [line for line in answer.out.splitlines() if line.startswith("failed")]
    assert "resources.num_gpus (=1)" in failed
    assert answer.out.splitlines()[-1].endswith("checks failed; nothing was run")


def test_a_store_that_is_none_is_said(tiny_study, tmp_path):
    (tmp_path / "file").write_text("")
    code, found = looked(tiny_study, "--store", tmp_path / "file" / "store")
    assert code == 2
    assert found["store"]["state"] == "failed"
    assert str(tmp_path) in found["store"]["said"]


def test_a_missing_data_set_is_said(tiny_study, tmp_path):
    words = (tiny_study, "--store", tmp_path / "store", "--set", "data.source=nowhere.parquet")
    code, found = looked(*words)
    assert code == 2
    assert "nowhere.parquet" in found["study"]["said"]


def test_device_seconds_go_by_the_recorded_speed_though_this_machine_has_no_such_device(
    tiny_study, tmp_path
):
    """The store knows a GPU's speed; the plan is the one that a run on that GPU makes."""
    store, overrides = Store(str(tmp_path / "store")), ("budget={device_seconds: 60}", GPU)
    settings = read_study(str(tiny_study), overrides).settings
    path = speed_path((1, 28, 28), settings.model, settings.train, "cuda")
    known = Speed(seconds_per_iteration=0.5, device="cuda", rounds=5)
    store.put(path, known.model_dump_json().encode())
    _, found = looked(tiny_study, "--store", store.url, *sets(overrides))
    assert found["study"]["state"] == "ok"
    run = read_study(str(tiny_study), overrides).plan(store).run
    assert f"{run}: " in found["study"]["said"]


def test_a_speed_that_had_to_be_measured_is_not_written(tiny_study, tmp_path):
    overrides = ("budget={device_seconds: 60}",)
    _, found = looked(tiny_study, "--store", tmp_path / "store", *sets(overrides))
    assert found["study"]["state"] == "ok"
    assert Store(str(tmp_path / "store")).list("speeds/") == []


def test_a_part_alone_is_looked_at(tiny_study, tmp_path):
    words = (tiny_study, "--store", tmp_path / "store")
    _, found = looked(*words, "--only", "train")
    assert found["encoder"]["said"] == "not needed for this part"
    answer = ganray("doctor", *words, "--only", "search", *sets(("search.on=[]",)))
    assert answer.code == 2
    assert "--only (='search')" in answer.out


def test_what_is_for_a_job_needs_one(tiny_study, tmp_path):
    words = ("doctor", tiny_study, "--store", tmp_path / "store")
    ganray(*words, "--installed").refused("--installed", "--address")
    ganray(*words, "--env", "HOME").refused("--env (='HOME')", "--address")


def test_a_task_that_does_not_fit_is_said(tiny_study, tmp_path):
    words = (tiny_study, "--store", tmp_path / "store", "--set", "data.size=8192")
    code, found = looked(*words)
    assert code == 2
    assert "resources.beyond_memory=warn" in found["largest task"]["said"]
    code, found = looked(*words, "--set", "resources.beyond_memory=warn")
    assert found["largest task"]["state"] == "warning"
