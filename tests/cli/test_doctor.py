"""`ganray doctor` on the session's Ray: every check as a row, and what fails by name."""

from __future__ import annotations

import pytest

from tests.cli.command import ganray

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]


def looked(*words: object) -> tuple[int, dict[str, dict[str, str]]]:
    answer = ganray("doctor", *words, "--json")
    assert "checks" in answer.json, answer
    return answer.code, {check["check"]: check for check in answer.json["checks"]}


def test_all_is_well_and_priced(tiny_study, tmp_path):
    words = (tiny_study, "--store", tmp_path / "store", "--set", "cost.prices.cpu_hour=1")
    code, found = looked(*words)
    assert code == 0, list(found.values())
    assert list(found)[:4] == ["study", "store", "encoder", "ray"]
    assert "failed" not in {check["state"] for check in found.values()}, found
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
