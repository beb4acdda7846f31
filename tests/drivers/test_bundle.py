"""A run as a folder of plain files: whole, of that run alone, or not there."""

from __future__ import annotations

import json
import re

import pytest

from ganray.drivers.bundle import BOARD, bundle
from ganray.runs.agenda import Agenda
from ganray.runs.records.outcome import save_outcome
from ganray.runs.records.record import save_run
from tests.cli.command import files_below, ganray
from tests.stages.stores import copied


@pytest.fixture
def store(tiny_run, tmp_path):
    kept = copied(tiny_run, tmp_path / "store")
    save_run(kept, tiny_run.plan)
    save_outcome(kept, Agenda.open(tiny_run.plan, kept), 3.0)
    joint = tiny_run.plan.task("train/joint/0+1+2/0")
    for number, text in ((1, b"began\n"), (2, b"went on\n")):
        kept.put(f"logs/{joint.trajectory}/2026-11-0{number}.log", text)
    kept.put("logs/train/0123456789abcdef0123456789abcdef/2026.log", b"another's\n")
    return kept


def test_it_holds_report_tables_board_plan_and_logs(store, tiny_run, tmp_path):
    folder = tmp_path / "kept"
    answer = ganray("report", tiny_run.plan.run, "--store", store.url, "--bundle", folder)
    assert answer.code == 0, answer.err
    assert answer.last.endswith("and 2 logs")
    files = files_below(folder)
    assert {"index.html", "scores.csv", "scores.parquet"} <= files
    assert {BOARD, "plan.json", "outcome.json"} <= files
    logs = sorted(name for name in files if name.startswith("logs/"))
    assert [(folder / name).read_text() for name in logs] == ["began\n", "went on\n"]
    assert all("joint_r0" in name for name in logs)
    assert f"{tiny_run.plan.run}: 28 of 28 tasks done" in (folder / BOARD).read_text()
    assert json.loads((folder / "plan.json").read_text())["plan"]["name"] == "tiny"
    links = re.findall(r'(?:href|src)="([^"#]+)', (folder / "index.html").read_text())
    assert all(link.startswith("data:") or (folder / link).exists() for link in links), links


def test_a_folder_that_is_there_is_left_alone(store, tiny_run, tmp_path):
    words = ("report", tiny_run.plan.run, "--store", store.url, "--bundle")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").write_text("dear diary")
    ganray(*words, tmp_path / "mine").refused("--bundle", "is there already")
    assert files_below(tmp_path / "mine") == {"notes"}
    ganray(*words, "s3://bucket/kept").refused("--bundle (='s3://bucket/kept')")
    ganray(*words, "/proc/kept").refused("--bundle (='/proc/kept') cannot be written")


def test_what_was_broken_off_is_not_taken_for_whole(store, tiny_run, tmp_path, monkeypatch):
    folder, get = tmp_path / "kept", type(store).get

    def away(self, path):
        if path.endswith("scores.csv"):
            raise KeyboardInterrupt
        return get(self, path)

    monkeypatch.setattr(type(store), "get", away)
    with pytest.raises(KeyboardInterrupt):
        bundle(store, tiny_run.plan, folder, "")
    assert not folder.exists()
    monkeypatch.undo()
    assert bundle(store, tiny_run.plan, folder, "")["logs"] == 2
    assert not folder.with_name("kept.part").exists()
