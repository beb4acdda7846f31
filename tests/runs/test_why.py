"""Why tasks are to be done: beside the last run of a study, field by field."""

from __future__ import annotations

import pytest

from ganray.plan import Plan
from ganray.runs.agenda import Agenda
from ganray.runs.records.outcome import save_outcome
from ganray.runs.records.record import save_run
from ganray.runs.why import last_run, reasons
from ganray.store import Store
from ganray.studies import read_study
from tests.cli.command import ganray


@pytest.fixture(scope="module")
def plans(tiny_study) -> dict[str, Plan]:
    """Of the tiny study as it is, and as it was changed."""
    changes = {
        "": (),
        "batch": ("train.batch=12",),
        "longer": ("budget.iterations=6",),
        "restarts": ("search.restarts=4",),
        "other": ("name=other", "replicates=2"),
    }
    return {name: read_study(str(tiny_study), words).plan() for name, words in changes.items()}


@pytest.fixture
def store(tmp_path, plans) -> Store:
    opened = Store(str(tmp_path / "store"))
    save_run(opened, plans[""])
    return opened


def why(store: Store, plan: Plan, finished: frozenset[str] = frozenset()) -> dict[str, str]:
    """The lines, by what the study calls its tasks."""
    found = reasons(store, plan, set(finished), last_run(store, plan))
    return {role: found[one].line for role, one in plan.roles.items() if one in found}


def test_a_changed_setting_is_named_with_both_values(store, plans):
    said = why(store, plans["batch"])
    gans = {line for role, line in said.items() if role.startswith("train/")}
    assert gans == {f"not as in {plans[''].run}: train.batch 10 → 12"}
    assert said["sample/joint/0+1+2/0"].endswith(": needs another joint r0")
    assert said["card/joint/0+1+2/0"].endswith(" and 1 more"), "a card's scores are many"
    same = plans[""].by_address.keys() & plans["batch"].by_address.keys()
    assert same
    for role, address in plans["batch"].roles.items():
        if address in same:
            assert said[role] == f"planned in {plans[''].run}, too, and not finished there"


def test_what_goes_on_from_the_last_run_says_so(store, plans):
    said = why(store, plans["longer"])
    gans = {line for role, line in said.items() if role.startswith("train/")}
    assert gans == {f"goes on from {plans[''].run}: step 4 → 6"}
    more = why(store, plans["restarts"])
    assert [line for line in more.values() if "restarts 3 → 4" in line]


def test_what_no_run_had_is_said_to_be_new(store, plans):
    said = why(store, plans["other"])
    assert f"{plans[''].run} has no such task" in said.values()


def test_finished_tasks_have_no_reason_and_failed_ones_have_their_own(store, plans):
    plan = plans[""]
    first, second = (task.address for task in plan.tasks[:2])
    agenda = Agenda(plan, store, failed={second: "its node burnt down"})
    save_outcome(store, agenda, 1.0)
    found = reasons(store, plan, {first}, last_run(store, plan))
    assert first not in found
    assert found[second].line == "it failed: its node burnt down"


def test_without_any_run_there_is_nothing_to_compare_with(tmp_path, plans):
    empty = Store(str(tmp_path / "empty"))
    assert last_run(empty, plans[""]) is None
    assert reasons(empty, plans[""], set(), None) == {}


def test_the_command_says_it_below_each_task(store, plans, tiny_study):
    words = ("plan", tiny_study, "--store", store.url, "--set", "train.batch=12")
    lines = ganray(*words, "--explain").out.splitlines()
    place = next(at for at, line in enumerate(lines) if " joint r0 " in line)
    assert lines[place + 1].strip() == f"not as in {plans[''].run}: train.batch 10 → 12"
    rows = ganray(*words, "--explain", "--json").json["tasks"]
    (joint,) = [row for row in rows if row["task"] == "joint r0"]
    assert joint["why"]["fields"] == {"train.batch": [10, 12]}
    assert "not as in" not in ganray(*words).out
