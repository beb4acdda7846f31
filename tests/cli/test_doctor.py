"""`ganray doctor` on the session's Ray: every check as a row, and what fails by name."""

from __future__ import annotations

import pytest

from tests.cli.command import ganray

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]


def looked(*words: object) -> tuple[int, dict[str, dict[str, str]]]:
    answer = ganray("doctor", *words, "--json")
    return answer.code, {check["check"]: check for check in answer.json["checks"]}


def test_all_is_well_and_priced(tiny_study, tmp_path):
    words = (tiny_study, "--store", tmp_path / "store", "--set", "cost.prices.cpu_hour=1")
    code, found = looked(*words)
    assert code == 0, found
    assert {check["state"] for check in found.values()} == {"ok"}, found
    assert list(found)[:4] == ["study", "store", "encoder", "ray"]
    assert "USD" in found["cost"]["said"]
    assert not (tmp_path / "store" / "artifacts").exists()


def test_each_thing_that_cannot_work_is_a_row_of_its_own(tiny_study, tmp_path):
    (tmp_path / "file").write_text("")
    words = (tiny_study, "--store", tmp_path / "file" / "store")
    answer = ganray("doctor", *words, "--set", "resources.num_gpus=1")
    assert answer.code == 2
    failed = [line for line in answer.out.splitlines() if line.startswith("failed")]
    assert any("resources.num_gpus (=1)" in line for line in failed)
    assert any(" store " in line and str(tmp_path) in line for line in failed)
    assert "Traceback" not in answer.out + answer.err


def test_a_missing_data_set_is_said(tiny_study, tmp_path):
    words = (tiny_study, "--store", tmp_path / "store", "--set", "data.source=nowhere.parquet")
    code, found = looked(*words)
    assert code == 2
    assert "nowhere.parquet" in found["study"]["said"]
