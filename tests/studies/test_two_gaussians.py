"""The two-Gaussian laboratory as a study: no data, chunks, a report."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganray.errors import RefusedInput
from ganray.local import LocalRunner
from ganray.plan import Resources
from ganray.report.reading.results import Results
from ganray.runs.agenda import Agenda
from ganray.runs.records.record import save_run
from ganray.store import Store
from ganray.studies import study_from
from tests.cli.command import ganray

SETTINGS = {
    "study": "two_gaussians",
    "dynamics": [
        {"rule": "optimal", "iterations": 12, "near": 0.3},
        {"rule": "simultaneous", "iterations": 30},
        {"rule": "unrolled", "steps": 2, "iterations": 10},
    ],
    "examples": [
        {
            "name": "collapse",
            "dynamics": {"target": [-2, 2], "iterations": 30},
            "means": [-1, 2.5],
            "intervals": [-1, 0.2, 1, 2.5],
            "generator": "fixed",
        }
    ],
    "starts": {"grid": 5, "draws": 50},
}


def test_it_is_run_reported_and_not_done_twice(tmp_path):
    store = Store(str(tmp_path))
    plan = study_from(SETTINGS).plan()
    assert [task.chunks for task in plan.tasks if task.kind == "gaussians"] == [2, 2, 2]
    agenda = Agenda.open(plan, store)
    LocalRunner(Resources()).run(agenda)
    assert agenda.complete, agenda.failed
    save_run(store, plan)
    results = Results.open(store, plan)
    optimal = results.result("gaussians/0")
    assert optimal["count"] == 1250
    assert len(optimal["cells"]) == 5
    assert optimal["success_off_diagonal"] > 0.5
    assert optimal["success_diagonal"] == 0
    assert optimal["collapsed"] is None
    assert 0 < results.result("gaussians/1")["collapsed"] < 1
    assert results.rows("gaussians/1", "played")["means"].shape == (1250, 2)
    text = Path(
        ganray("report", "two-gaussians", "--store", str(tmp_path), "--json").json["report"]
    ).read_text()
    for said in ("optimal discriminator", "unrolled, 2 steps", "1,250 trajectories", "collapse"):
        assert said in text
    assert text.count("<svg") + text.count("image/svg+xml") >= 4
    renamed = study_from({**SETTINGS, "name": "other"}).plan()
    assert Agenda.open(renamed, store).complete


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"dynamics": []}, "dynamics (=[]): List should have at least 1 item"),
        ({"dynamics": [{"rule": "best"}]}, "dynamics.0.rule (='best')"),
        ({"dynamics": [{}, {}]}, "holds simultaneous twice"),
        ({"dynamics": [{"rate": 0}]}, "dynamics.0.rate (=0)"),
        ({"starts": {"means": [1, -1]}}, "means (=1.0, -1.0) must go from the lower"),
        ({"starts": {"grid": 1000, "draws": 1000}}, "comes to 1,000,000,000 trajectories"),
        ({"data": {"source": "mnist"}}, "unknown name 'data'"),
    ],
)
def test_what_cannot_be_is_refused(changed, said):
    with pytest.raises(RefusedInput) as error:
        study_from({**SETTINGS, **changed})
    assert said in str(error.value)


def test_its_example_is_planned(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ganray("init", "lab", "--study", "two_gaussians")
    planned = ganray("plan", "lab.yaml", "--json").json["tasks"]
    assert [task["kind"] for task in planned] == ["gaussians"] * 5 + ["gaussian_path"] * 3
    assert all(task["flops"] > 0 for task in planned[:5])
