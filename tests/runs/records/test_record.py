"""Runs found again by name and hash, and how they ended."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ganray.errors import RefusedInput, StoreError
from ganray.runs.records.record import (
    find_run,
    mark_reported,
    read_runs,
    report_of,
    save_run,
)
from ganray.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path))


@pytest.fixture
def plans(tiny_run):
    """Two plans of different names and hashes."""
    fewer = {"name": "other", "tasks": tiny_run.plan.tasks[:-1]}
    return tiny_run.plan, tiny_run.plan.model_copy(update=fewer)


def test_a_run_is_found_by_its_name_its_folder_and_its_hash(store, plans):
    for plan in plans:
        save_run(store, plan)
    for plan in plans:
        for name in (plan.name, plan.run, plan.id, plan.id[:7]):
            assert find_run(store, name).plan == plan


def test_saving_twice_keeps_the_first(store, plans):
    save_run(store, plans[0])
    path = f"runs/{plans[0].run}/plan.json"
    before = store.get(path)
    save_run(store, plans[0])
    assert store.get(path) == before
    assert len(read_runs(store).readable) == 1


def test_a_sweep_keeps_its_folder_while_its_plan_grows(store, plans):
    """It is known by one name from its first trial to its report."""
    first, last = (plan.model_copy(update={"name": "rates", "known_as": "rates-0123456789ab"})
                   for plan in reversed(plans))  # fmt: skip
    assert first.id != last.id
    save_run(store, first)
    created = find_run(store, "rates").created
    save_run(store, last)
    assert find_run(store, "rates").plan == first
    save_run(store, last, replace=True)
    for name in ("rates", "rates-0123456789ab", "012345", last.id[:7]):
        assert find_run(store, name).plan == last
    assert find_run(store, "rates").created == created
    store.put(f"reports/{last.run}/index.html", b"")
    mark_reported(store, first)
    assert report_of(store, last) is None
    mark_reported(store, last)
    assert report_of(store, last) is None  # a page of nothing
    store.put(f"reports/{last.run}/index.html", b"<p>")
    assert report_of(store, last) == f"{store.url}/reports/rates-0123456789ab/index.html"


def test_of_one_name_the_newest_counts(store, plans):
    later = plans[1].model_copy(update={"name": plans[0].name})
    for plan, created in ((later, "2031-01-01T00:00:00Z"), (plans[0], "2030-01-01T00:00:00Z")):
        content = {"plan": plan.model_dump(mode="json"), "created": created}
        store.put(f"runs/{plan.run}/plan.json", json.dumps(content).encode())
    assert find_run(store, plans[0].name).plan.id == later.id
    for number, plan in enumerate((later, plans[0], later)):
        path = f"runs/{plan.run}/drivers/{number}.json"
        store.put(path, b"{}")
        os.utime(Path(store.url) / path, (number, number))
        assert find_run(store, plan.name).plan.id == plan.id, "it was worked on last"


@pytest.mark.parametrize("name", ["nothing", ""])
def test_an_unknown_run_is_answered_by_those_that_there_are(store, plans, name):
    with pytest.raises(RefusedInput, match=r"runs in .*: none$"):
        find_run(store, name)
    save_run(store, plans[0])
    with pytest.raises(RefusedInput, match=rf"run \(='{name}'\).*: {plans[0].run}$"):
        find_run(store, name)


def changed(plan, **changes) -> bytes:
    """A plan's file, in which something has become something else."""
    content = plan.model_dump(mode="json") | changes
    return json.dumps({"plan": content, "created": "2030-01-01T00:00:00Z"}).encode()


DAMAGED = {
    "empty": lambda plan: b"",
    "cut off": lambda plan: changed(plan)[:1000],
    "no JSON": lambda plan: b"\xff\xfe\0",
    "nested": lambda plan: b"[" * 10**5,
    "empty group": lambda plan: b"{}",
    "a list": lambda plan: b"[]",
    "a word": lambda plan: b'"plan"',
    "nothing": lambda plan: b"null",
    "wrong types": lambda plan: b'{"plan": {"name": 3}, "created": ""}',
    "no plan": lambda plan: b'{"plan": [1], "created": "2030-01-01T00:00:00Z"}',
    "no time": lambda plan: json.dumps(
        {"plan": plan.model_dump(mode="json"), "created": 5}
    ).encode(),
    "a data set without classes": lambda plan: changed(plan, dataset={"name": "digits"}),
    "too few classes": lambda plan: changed(plan, dataset=plan.dataset | {"class_names": ["0"]}),
    "no counts": lambda plan: changed(plan, dataset=plan.dataset | {"counts": {}}),
    "GANs without classes": lambda plan: changed(
        plan, tasks=[{**task, "parameters": {}} for task in plan.model_dump(mode="json")["tasks"]]
    ),
    "another's tasks": lambda plan: changed(plan, tasks=plan.model_dump(mode="json")["tasks"][:-1]),
    "tasks of another release": lambda plan: changed(plan, tasks=[{"stage": "train"}]),
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_plan_is_named_and_hides_no_other(store, plans, damage):
    sound, broken = plans
    save_run(store, sound)
    store.put(f"runs/{broken.run}/plan.json", damage(broken))
    runs = read_runs(store)
    assert [run.plan for run in runs.readable] == [sound]
    (why,) = runs.unreadable.values()
    assert why.startswith(f"{store.url}/runs/{broken.run}/plan.json is damaged: ")
    assert "\n" not in why
    found = find_run(store, sound.name)
    assert (found.plan, found.unreadable) == (sound, (why,))
    for name in (broken.name, broken.run, broken.id[:8]):
        with pytest.raises(StoreError, match=r"plan.json is damaged"):
            find_run(store, name)
    with pytest.raises(RefusedInput, match=rf"run \(='none'\).*: {sound.run}$"):
        find_run(store, "none")


def test_a_plan_of_another_release_is_not_called_damaged(store, plans):
    tasks = [{**task, "kind": "squares"} for task in plans[0].model_dump(mode="json")["tasks"]]
    store.put(f"runs/{plans[0].run}/plan.json", changed(plans[0], tasks=tasks))
    with pytest.raises(StoreError, match=r"is of another release .* kind 'squares'; here are"):
        find_run(store, plans[0].name)


def test_a_folder_that_is_no_runs_is_named(store, plans):
    """Somebody's own folder, with characters that no path of a store has."""
    save_run(store, plans[0])
    other = Path(store.url, "runs", "my run (1)", "plan.json")
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    Path(store.url, "runs", "plan.json").write_text("{}")
    assert [run.plan for run in read_runs(store).readable] == [plans[0]]
    assert list(read_runs(store).unreadable) == ["my run (1)"]


def test_only_the_report_of_a_finished_run_counts(store, plans):
    """A run that is killed between its last task and its report has an older, partial one."""
    plan = plans[0]
    assert report_of(store, plan) is None
    store.put(f"reports/{plan.run}/index.html", b"partial")
    assert report_of(store, plan) is None
    mark_reported(store, plan)
    assert report_of(store, plan) == f"{store.url}/reports/{plan.run}/index.html"
    assert report_of(store, plans[1]) is None
