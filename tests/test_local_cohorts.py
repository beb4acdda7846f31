"""LocalRunner trains GANs of equal shape together where it is told to."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ganray.errors import Stopped, StoreError
from ganray.local import LocalRunner
from ganray.plan import Plan
from ganray.runs.agenda import Agenda
from ganray.runs.progress.events import Event
from ganray.store import Store
from ganray.tensors import deserialise
from ganray.train.cohorts import together
from tests import tiny
from tests.stages.stores import copied, stop_after

UNTIL = 4  # iterations of the tiny study


@pytest.fixture
def gans(tiny_run) -> Plan:
    """The data set and the three GANs."""
    kept = tuple(task for task in tiny_run.plan.tasks if task.kind in ("data", "train"))
    return tiny_run.plan.model_copy(update={"tasks": kept})


@pytest.fixture
def store(tiny_run, tmp_path) -> Store:
    return copied(tiny_run, tmp_path, "data")


def runner(tiny_run, cohort: object, **more) -> LocalRunner:
    resources = tiny_run.study.resources.model_copy(update={"cohort": cohort})
    return LocalRunner(resources, **more)


def run(tiny_run, plan: Plan, store: Store, cohort: object, **more) -> Agenda:
    agenda = Agenda.open(plan, store)
    runner(tiny_run, cohort, **more).run(agenda)
    return agenda


def assert_alike(one: Store, other: Store, plan: Plan) -> None:
    """Its GANs, but for their last bits."""
    for task in plan.tasks:
        if task.kind != "train":
            continue
        mine, theirs = (
            deserialise(store.read(store.manifest(task.address), "generator.safetensors"))
            for store in (one, other)
        )
        for name, value in theirs.items():
            torch.testing.assert_close(mine[name], value, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("cohort", "sizes"), [(3, [3, 3, 3]), pytest.param(2, [2, 2, 1], marks=pytest.mark.slow)]
)
def test_they_are_trained_together(tiny_run, gans, store, cohort, sizes):
    told: list[Event] = []
    agenda = run(tiny_run, gans, store, cohort, tell=told.append)
    assert agenda.complete, agenda.failed
    assert_alike(store, tiny_run.store, gans)
    for task, size in zip(gans.tasks[1:], sizes, strict=True):
        assert store.manifest(task.address).record["cohort"] == size
        own = [event.details for event in told if event.address == task.address]
        assert own[0]["host"]
        assert own[-1] == {"finished": True}


@pytest.mark.parametrize("cohort", ["auto", "off"])
def test_by_itself_no_cpu_trains_several_together(tiny_run, gans, store, cohort):
    agenda = Agenda.open(gans, store)
    assert all(runner(tiny_run, cohort)._cohort(agenda, task) == [] for task in gans.tasks)
    assert len(runner(tiny_run, 3)._cohort(agenda, gans.tasks[1])) == 3


@pytest.mark.slow
def test_a_stop_stops_all_and_the_next_run_goes_on(tiny_run, gans, store, monkeypatch):
    monkeypatch.setattr(together, "STEPS", 1)
    with pytest.raises(Stopped):
        run(tiny_run, gans, store, 3, should_stop=stop_after(1 + 3 + 3))
    kept = [store.latest_checkpoint(task.trajectory, UNTIL) for task in gans.tasks[1:]]
    assert [one.step if one else 0 for one in kept] == [2, 2, 2]
    assert run(tiny_run, gans, store, "off").complete
    assert_alike(store, tiny_run.store, gans)


@pytest.mark.slow
def test_one_that_fails_leaves_the_others(tiny_run, gans, store):
    first = gans.tasks[1]
    lost = first.model_copy(update={"parameters": first.parameters | {"classes": [99]}})
    plan = gans.model_copy(update={"tasks": (gans.tasks[0], lost, *gans.tasks[2:])})
    agenda = run(tiny_run, plan, store, 3)
    assert list(agenda.failed) == [lost.address]
    assert {task.address for task in gans.tasks[2:]} <= agenda.finished


@pytest.mark.slow
def test_a_store_that_is_away_is_no_gans_fault(tiny_run, gans, store, monkeypatch):
    def away(*_, **__):
        raise StoreError(f"store {store.url}: full", away=True)

    monkeypatch.setattr("ganray.stages.workspace.Workspace.commit", away)
    agenda = Agenda.open(gans, store)
    with pytest.raises(StoreError, match="full"):
        runner(tiny_run, 3).run(agenda)
    assert agenda.failed == {}


@pytest.mark.slow
@pytest.mark.chaos
def test_a_run_that_is_killed_goes_on(tiny_run, tmp_path):
    """SIGKILL at moments of its writing, with checkpoints at every report."""
    text = tiny.STUDY.replace("digits.parquet", str(tiny_run.file.with_name("digits.parquet")))
    text = text.replace(
        "resources: {device: cpu}",
        "resources: {device: cpu, cohort: COHORT, checkpoint_seconds: 0.001}",
    )
    study = tmp_path / "study.yaml"
    study.write_text(text.replace("COHORT", "3"))
    store = copied(tiny_run, tmp_path / "store", "data", "encoder", "measure", "search")
    command = [sys.executable, "-m", "tests.stages.killed", str(study), store.url, "3", "3"]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[1], stdin=-1, stdout=-1, text=True, bufsize=1
    ) as process:
        statuses = []
        for _ in range(3):
            statuses.append(int(process.stdout.readline().rpartition(": ")[2]))
            process.stdin.write("\n")
        assert process.stdout.readline() == "last: 0\n"
    assert signal.SIGKILL in statuses
    assert_alike(store, tiny_run.store, tiny_run.plan)
