"""How a run last ended: what failed, and how that alone is done again."""

from __future__ import annotations

import pytest

from ganray.errors import RefusedInput, StoreError
from ganray.runs.agenda import Agenda
from ganray.runs.records.outcome import read_outcome, save_outcome
from ganray.store import Store
from ganray.train.gan import GanTrainer
from tests.cli.command import CHEAP, SMALL, ganray
from tests.stages.stores import begun, copied


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path))


@pytest.fixture
def plan(tiny_run):
    return tiny_run.plan


@pytest.mark.parametrize("damaged", [b"{", b"3", b'["x"]'])
def test_a_damaged_outcome_is_named(store, plan, damaged):
    store.put(f"runs/{plan.run}/outcome.json", damaged)
    with pytest.raises(StoreError, match=rf"runs/{plan.run}/outcome.json is damaged"):
        read_outcome(store, plan)


def test_the_outcome_says_what_failed(store, plan):
    assert read_outcome(store, plan) == {}
    agenda = Agenda(plan, store)
    agenda.fail(plan.task("encoder"), "no memory")
    save_outcome(store, agenda, 12.34)
    outcome = read_outcome(store, plan)
    assert outcome["failed"][plan.roles["encoder"]] == "no memory"
    assert (outcome["finished"], outcome["tasks"]) == (0, len(plan.tasks))
    assert outcome["seconds"] == 12.3


def test_only_what_failed_is_asked_for(tiny_run, tmp_path):
    store = copied(tiny_run, tmp_path, "data", "encoder")
    agenda = Agenda.open(tiny_run.plan, store)
    agenda.fail(tiny_run.plan.task("train/joint/0+1+2/0"), "no memory")
    save_outcome(store, agenda, 1.0)
    again = Agenda.open(tiny_run.plan, store, only="failed")
    titles = {task.title for task in again.pending}
    assert {"joint r0", "samples joint r0", "search joint r0", "card joint r0"} <= titles
    assert not titles & {"class 0 r0", "targets", "samples class 0 r0"}
    assert len(Agenda.open(tiny_run.plan, store).pending) > len(again.pending), "by default all"


def test_where_nothing_failed_that_is_said(tiny_run, tmp_path):
    store = copied(tiny_run, tmp_path, "data")
    save_outcome(store, Agenda(tiny_run.plan, store), 1.0)
    with pytest.raises(RefusedInput, match=r"--failed: the last run of tiny-.* left no failed"):
        Agenda.open(tiny_run.plan, store, only="failed")


def test_the_command_does_what_failed_alone(tiny_study, tiny_run, tmp_path, monkeypatch):
    store = begun(tiny_run, tmp_path / "store")
    words = ("run", tiny_study, "--store", store, "--runner", "local", *CHEAP, *SMALL)
    advance = GanTrainer.advance

    def failing(trainer):
        if len(trainer.classes) == 3:  # the joint GAN's
            raise RuntimeError("a cosmic ray")
        return advance(trainer)

    monkeypatch.setattr(GanTrainer, "advance", failing)
    assert ganray(*words).code == 3
    monkeypatch.undo()
    ganray(*words, "--failed", "--only", "train").refused("--failed", "--only (='train')")
    again = ganray(*words, "--failed", "--json")
    assert again.code == 0, again.err
    assert again.json["failed"] == {}
    assert again.json["report"]
    ganray(*words, "--failed").refused("left no failed task")
